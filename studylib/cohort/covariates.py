"""What is known of each person before index, and how the arms differ in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import narwhals as nw
import numpy as np
import pandas as pd

from studylib.codes import Codelist
from studylib.cohort.people import Cohort
from studylib.errors import StudyError
from studylib.sources import Frame
from studylib.tables import BALANCE, check


def had_event(
    cohort: Cohort,
    name: str,
    codelist: Codelist,
    *,
    days_before: int,
    positions: Sequence[str] | None = None,
) -> Frame:
    """The cohort's people with a column ``name``: an event of ``codelist`` before index.

    An event counts when it began before the index day and one of its days is among the
    ``days_before`` that precede it: a dispensing by its supply, a stay or a long-term condition by
    its dates; an event lasts one day at least. The index day itself is never looked at.
    """
    events = cohort.source.events(codelist, positions=positions).select(
        "person_id", "start", "end", nw.lit(True).alias(name)
    )
    found = _found(cohort, events, [name], days_before)
    return cohort.people.join(found, on=list(cohort.key), how="left").with_columns(
        nw.col(name).fill_null(False)
    )


def flags(
    cohort: Cohort,
    codelists: Mapping[str, Codelist],
    *,
    days_before: int,
    positions: Sequence[str] | None = None,
) -> Frame:
    """The key and one flag per code list: an event of it before index, as in ``had_event``.

    Each event table is read once. Checkpointed.
    """
    if not codelists:
        raise StudyError("Antécédents : aucune liste de codes donnée, il en faut une ou plus.")
    events = cohort.source.marked(codelists, positions=positions)
    found = _found(cohort, events, list(codelists), days_before)
    rows = cohort.people.select(*cohort.key).join(found, on=list(cohort.key), how="left")
    filled = rows.with_columns(*[nw.col(name).fill_null(False) for name in codelists])
    return cohort.source.engine.checkpoint(filled, "flags")


def _found(cohort: Cohort, events: Frame, names: Sequence[str], days_before: int) -> Frame:
    """The key and a flag per name, for the rows with an event of any name in the window."""
    if days_before < 1:
        raise StudyError(f"Antécédents cherchés sur {days_before} jours : il en faut au moins un.")
    low = nw.col("index_date") - days_before
    return (
        cohort.index()
        .join(events, on="person_id", how="inner")
        .filter(
            (nw.col("start") < nw.col("index_date"))
            & ((nw.col("end") > low) | (nw.col("start") >= low))
        )
        .group_by(*cohort.key)
        .agg(*[nw.col(name).any().alias(name) for name in names])
    )


def with_covariates(
    cohort: Cohort, codelists: Mapping[str, Codelist], *, lookback_days: int = 365
) -> Cohort:
    """The cohort with age (a number), male and one flag per code list, from before index."""
    described = cohort.people.with_columns(
        nw.col("age").cast(nw.Float64()), (nw.col("sex") == "M").alias("male")
    )
    if codelists:
        events = cohort.source.marked(codelists)
        found = _found(cohort, events, list(codelists), lookback_days)
        joined = described.join(found, on=list(cohort.key), how="left")
        described = joined.with_columns(*[nw.col(name).fill_null(False) for name in codelists])
    return cohort.with_people(described)


def baseline(cohort: Cohort, covariates: Sequence[str], *, reference: str) -> pd.DataFrame:
    """Characteristics of each arm beside the reference, with standardised mean differences.

    A BALANCE table with one row per covariate and compared arm: flags as shares, ``age`` as a mean
    with its standard deviation. The standardised mean difference divides the difference by the root
    of the mean of the two variances (Austin, 2009, Stat Med 28:3083); it is empty when both arms
    are constant. Aggregated by the engine: no person-level row is collected.
    """
    if reference not in cohort.arms:
        raise StudyError(
            f"Groupe de référence « {reference} » inconnu ; groupes : {', '.join(cohort.arms)}."
        )
    types = cohort.source.engine.columns(cohort.people)
    shares = [name for name in covariates if isinstance(types[name], nw.Boolean)]
    columns = [nw.col(name).cast(nw.Float64()).alias(name) for name in covariates]
    squares = [
        (nw.col(name).cast(nw.Float64()) ** 2).alias(f"{name}/square") for name in covariates
    ]
    wide = cohort.people.select("arm", *columns, *squares)
    sums = [nw.col(name).sum() for name in (*covariates, *(f"{c}/square" for c in covariates))]
    by_arm = wide.group_by("arm").agg(nw.len().cast(nw.Int64()).alias("persons"), *sums)
    collected = cohort.source.engine.collect(by_arm).set_index("arm")
    rows_by_arm = collected.to_dict("index").items()
    totals = {str(arm): {str(k): float(v) for k, v in row.items()} for arm, row in rows_by_arm}
    rows = [
        _balance_row(totals, name, name in shares, arm, reference)
        for arm in cohort.arms
        if arm != reference and arm in totals and reference in totals
        for name in covariates
    ]
    frame = pd.DataFrame(rows, columns=BALANCE.names)
    counts = ["arm_count", "reference_count"]
    return check(frame.astype(dict.fromkeys(counts, "Int64")), BALANCE)


def _balance_row(
    totals: dict[str, dict[str, float]], name: str, share: bool, arm: str, reference: str
) -> dict[str, object]:
    sides: dict[str, tuple[int, float, float, float]] = {}
    for side, label in (("arm", arm), ("reference", reference)):
        persons, total = int(totals[label]["persons"]), totals[label][name]
        mean = total / persons
        spread = totals[label][f"{name}/square"] / persons - mean**2
        variance = max(spread, 0.0) * (1 if share else persons / max(persons - 1, 1))
        sides[side] = (persons, total, mean, variance)
    pooled = np.sqrt((sides["arm"][3] + sides["reference"][3]) / 2)
    row: dict[str, object] = {
        "covariate": name,
        "kind": "share" if share else "mean",
        "arm": arm,
        "reference": reference,
        "smd": (sides["arm"][2] - sides["reference"][2]) / pooled if pooled > 0 else np.nan,
    }
    for side, (persons, total, mean, variance) in sides.items():
        row |= {
            f"{side}_persons": persons,
            f"{side}_count": round(total) if share else None,
            f"{side}_mean": mean,
            f"{side}_sd": np.nan if share else np.sqrt(variance),
        }
    return row
