"""Wide sparse covariates: every code before index as a column, for high-dimensional scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import narwhals as nw
import numpy as np
import pandas as pd
from scipy import sparse

from studylib.cohort.people import Cohort, pool
from studylib.errors import EstimationError, StudyError
from studylib.sources import Frame
from studylib.sources.schemas import CODE_COLUMNS
from studylib.tables import WIDE_COLUMNS, check

# Lengths at which codes of each system are cut: ATC by level, the others as a covariate needs.
LEVELS: Mapping[str, tuple[int, ...]] = {
    "ATC": (3, 5, 7),
    "CIM-10": (3,),
    "CCAM": (7,),
    "GHM": (5,),
}


@dataclass(frozen=True)
class WideCovariates:
    """A sparse matrix and what its rows and columns are.

    ``matrix`` (scipy CSR) counts, for the row's person, the days with a code of the column.
    ``rows`` has the cohort's key in the order of the rows, ``columns`` is a WIDE_COLUMNS table:
    column, domain, code, persons; it is what gives a column of the matrix its meaning, and is to
    be kept with any result.
    """

    matrix: sparse.csr_matrix
    rows: pd.DataFrame
    columns: pd.DataFrame


def wide_covariates(
    cohort: Cohort,
    *,
    days_before: int = 365,
    levels: Mapping[str, Sequence[int]] = LEVELS,
    minimum_persons: int = 100,
    counts: Literal["days", "records"] = "days",
) -> WideCovariates:
    """Every code of the systems in ``levels`` that began in the ``days_before`` days before index.

    ``levels`` gives the lengths at which the codes of each system are cut; each length makes its
    own columns, and a code shorter than it stays as it is, in the column of that length. Cells
    count different days (``days``) or lines of the tables (``records``). Columns found in fewer
    than ``minimum_persons`` rows are left out, in the engine. Columns are in the order of domain,
    then code; rows in that of the key. Systems whose tables the source lacks have no column.

    EstimationError when the cohort is empty or no code is frequent enough.
    """
    pool(cohort)
    if days_before < 1 or minimum_persons < 1:
        raise StudyError(
            f"Covariables larges : fenêtre de {days_before} jours, {minimum_persons} personnes au "
            "moins ; chacune vaut un ou plus."
        )
    if counts not in ("days", "records"):
        raise StudyError(f"Covariables larges : counts vaut « {counts} » ; days ou records.")
    places = _places(cohort, levels)
    engine = cohort.source.engine
    rows = engine.checkpoint(_numbered(cohort), "wide_rows")
    cells = []
    for (table, column), wanted in places.items():
        events = cohort.source.table(table)
        seen = _seen(rows, events.rename({column: "whole"}), days_before)
        if len(wanted) > 1:
            seen = engine.checkpoint(seen, f"wide_{table}")
        cells += [
            engine.checkpoint(_cells(seen, domain, length, counts), f"wide_{domain}_{length}")
            for domain, length in wanted
        ]
    return _built(cohort, rows, cells, minimum_persons)


def _places(
    cohort: Cohort, levels: Mapping[str, Sequence[int]]
) -> dict[tuple[str, str], list[tuple[str, int]]]:
    """Table and column where codes stand → (domain, length) wanted of them."""
    places: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for system, lengths in levels.items():
        if system not in CODE_COLUMNS or not lengths or min(lengths) < 1:
            raise StudyError(
                f"Covariables larges : système « {system} », longueurs {list(lengths)} ; systèmes "
                f"possibles {', '.join(CODE_COLUMNS)}, longueurs d'un caractère ou plus."
            )
        table, column = CODE_COLUMNS[system][0]
        if table in cohort.source.tables:
            places[table, column] = [(f"{system}/{length}", length) for length in lengths]
    return places


def _numbered(cohort: Cohort) -> Frame:
    """The key, index_date and ``row``, from 0 in the order of the key."""
    one = cohort.index().with_columns(nw.lit(1).cast(nw.Int64()).alias("row"))
    rank = nw.col("row").cum_sum().over(order_by=list(cohort.key)).cast(nw.Int64()) - 1
    return one.with_columns(rank.alias("row"))


def _seen(rows: Frame, events: Frame, days_before: int) -> Frame:
    """row, start and ``whole`` code of the events that began in the window."""
    coded = events.select("person_id", "start", "whole").filter(~nw.col("whole").is_null())
    low = nw.col("index_date") - days_before
    return (
        rows.select("row", "person_id", "index_date")
        .join(coded, on="person_id", how="inner")
        .filter((nw.col("start") < nw.col("index_date")) & (nw.col("start") >= low))
        .select("row", "start", "whole")
    )


def _cells(seen: Frame, domain: str, length: int, counts: str) -> Frame:
    """row, domain, code, value."""
    cut = seen.select("row", "start", nw.col("whole").str.slice(0, length).alias("code"))
    if counts == "days":
        cut = cut.unique()
    return (
        cut.group_by("row", "code")
        .agg(nw.len().cast(nw.Int32()).alias("value"))
        .select("row", nw.lit(domain).alias("domain"), "code", "value")
    )


def _built(
    cohort: Cohort, rows: Frame, cells: Sequence[Frame], minimum_persons: int
) -> WideCovariates:
    """The matrix from its cells: dense column numbers in the engine, then compressed rows."""
    engine = cohort.source.engine
    counted = [
        frame.group_by("domain", "code").agg(nw.len().cast(nw.Int64()).alias("persons"))
        for frame in cells
    ]
    frequent = (
        engine.collect(nw.concat(counted).filter(nw.col("persons") >= minimum_persons)).sort_values(
            ["domain", "code"], ignore_index=True
        )
        if counted
        else pd.DataFrame()
    )
    if frequent.empty:
        raise EstimationError(
            f"Covariables larges : aucun code présent chez {minimum_persons} personnes au moins ; "
            "abaisser le seuil ou élargir la fenêtre."
        )
    frequent.insert(0, "column", np.arange(len(frequent), dtype="int64"))
    columns = check(frequent[WIDE_COLUMNS.names], WIDE_COLUMNS)
    named = engine.load(columns[["column", "domain", "code"]], "wide_columns")
    numbered = [
        frame.join(named, on=["domain", "code"], how="inner").select(
            nw.col("row").cast(nw.Int32()), nw.col("column").cast(nw.Int32()), "value"
        )
        for frame in cells
    ]
    ordered = nw.concat(numbered).sort("row", "column").collect(backend="pyarrow").to_native()
    keys = engine.collect(rows.select(*cohort.key, "row")).sort_values("row", ignore_index=True)
    found = {name: ordered[name].to_numpy() for name in ("row", "column", "value")}
    starts = np.zeros(len(keys) + 1, dtype=np.int64)
    np.cumsum(np.bincount(found["row"], minlength=len(keys)), out=starts[1:])
    matrix = sparse.csr_matrix(
        (found["value"], found["column"], starts), shape=(len(keys), len(columns))
    )
    return WideCovariates(matrix, keys[list(cohort.key)], columns)
