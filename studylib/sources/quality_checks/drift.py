"""Prevalence by class of codes, year after year: a class that jumps may have changed coding."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import reduce

import narwhals as nw
import numpy as np
import pandas as pd

from studylib import tables
from studylib.sources.engine import Frame
from studylib.sources.quality_checks.measuring import Measure
from studylib.sources.quality_checks.schemas import DRIFT
from studylib.sources.source import Source

CLASSES = {
    ("dispensings", "atc"): 3,
    ("diagnoses", "code"): 1,
    ("procedures", "code"): 1,
    ("long_term_conditions", "code"): 1,
}
FEWEST_PERSONS = 200  # a rare class varies by chance
_SURE = 4.0  # standard errors of the logarithm of the ratio
_EPOCH = date(1970, 1, 1).toordinal()


def whole_years(source: Source) -> list[int]:
    """The calendar years that the data cover from their first to their last day."""
    first, last = (date.fromordinal(day + _EPOCH) for day in source.days)
    start = first.year if (first.month, first.day) == (1, 1) else first.year + 1
    return list(range(start, last.year))


def prevalence_drift(source: Source, *, tolerance: float) -> pd.DataFrame:
    """Persons with each class of codes by whole year, against the year before (``DRIFT``).

    A class is flagged when its share changes by more than ``tolerance``, beyond chance.
    """
    years = whole_years(source)
    observed = {year: _observed(source, year) for year in years}
    parts = [
        _by_year(source, table, column, width, years)
        for (table, column), width in CLASSES.items()
        if table in source.tables and years
    ]
    if not parts:
        return tables.empty(DRIFT)
    found = pd.concat(parts, ignore_index=True).sort_values(["table", "code", "year"])
    found["observed"] = found["year"].map(observed)
    found["share"] = found["persons"] / found["observed"]
    grouped = found.groupby(["table", "code"])
    follows = grouped["year"].diff() == 1
    before = grouped["persons"].shift().where(follows)
    found["ratio"] = (found["share"] / grouped["share"].shift()).where(follows)
    spread = np.sqrt(1 / found["persons"] + 1 / before)
    known = (found["persons"] >= FEWEST_PERSONS) | (before >= FEWEST_PERSONS)
    change = np.log(found["ratio"]).abs()
    found["flagged"] = known & (change > np.log1p(tolerance)) & (change > _SURE * spread)
    return tables.check(found.reset_index(drop=True), DRIFT)


def drift_checks(drift: pd.DataFrame) -> Iterable[Measure]:
    """For each table, the share of its classes of codes that are flagged at least once."""
    for table, rows in drift.groupby("table"):
        frequent = rows.groupby("code").filter(lambda part: part["persons"].max() >= FEWEST_PERSONS)
        if frequent["year"].nunique() < 2:
            yield Measure("unstable_codes", str(table), "code")
            continue
        flagged = frequent.groupby("code")["flagged"].any()
        yield Measure("unstable_codes", str(table), "code", 100 * float(flagged.mean()))


def year_checks(drift: pd.DataFrame, source: Source) -> Iterable[Measure]:
    """Whole years in which a table of events has nothing."""
    years = set(whole_years(source))
    for table in {table for table, _ in CLASSES} & set(source.tables):
        present = set(drift.loc[drift["table"] == table, "year"])
        value = float(len(years - present)) if years else None
        yield Measure("absent_years", table, "start", value)


def _by_year(source: Source, table: str, column: str, width: int, years: list[int]) -> pd.DataFrame:
    events = source.table(table).filter(~nw.col(column).is_null() & ~nw.col("person_id").is_null())
    dated = events.select(
        "person_id",
        nw.col(column).str.slice(0, width).alias("code"),
        year_of(nw.col("start"), years).alias("year"),
    ).filter(~nw.col("year").is_null())
    persons = dated.unique().group_by("code", "year").agg(nw.len().alias("persons"))
    rows = source.engine.collect(persons)
    counted = rows.astype({"year": "int64", "persons": "int64"})
    return counted.assign(table=table)[["table", "code", "year", "persons"]]


def year_of(day: nw.Expr, years: list[int]) -> nw.Expr:
    """The year of a day, among ``years``; missing outside them."""
    nothing: nw.Expr = nw.lit(None, nw.Int64())
    return reduce(
        lambda rest, year: (
            nw.when((day >= _first(year)) & (day < _first(year + 1)))
            .then(nw.lit(year, nw.Int64()))
            .otherwise(rest)
        ),
        years,
        nothing,
    )


def _observed(source: Source, year: int) -> int:
    seen: Frame = source.table("observation").filter(
        (nw.col("start") < _first(year + 1)) & (nw.col("end") > _first(year))
    )
    return source.engine.count(seen.select("person_id").unique())


def _first(year: int) -> int:
    return date(year, 1, 1).toordinal() - _EPOCH
