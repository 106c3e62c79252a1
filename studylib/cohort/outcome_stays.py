"""What the outcomes of a follow-up meant in hospital: stays, days, deaths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import narwhals as nw
import pandas as pd

from studylib.codes import Codelist
from studylib.cohort.people import Cohort
from studylib.sources import Frame
from studylib.tables import OUTCOME_STAYS, check


def outcome_stays(
    cohort: Cohort,
    follow_up: Frame,
    outcome: Codelist,
    *,
    positions: Sequence[str] | None = None,
    names: Mapping[str, str] | None = None,
    whole: str = "",
) -> pd.DataFrame:
    """Days in hospital of the outcomes of each arm: an OUTCOME_STAYS table, aggregated.

    Columns: population, arm, persons, events, days, days_squared. The days of an outcome are those
    of the longest stay that carries it and begins that day, a stay of one day counting one.
    ``names`` gives the name of each region; ``whole`` adds rows for all of them together when
    there are several.
    """
    engine, keys = cohort.source.engine, cohort.follow_up_key
    codes = cohort.source.events(outcome, positions=positions).select("person_id", "start", "end")
    exits = follow_up.select(*dict.fromkeys((*keys, "person_id", "exit", "event")))
    stays = (
        exits.filter(nw.col("event"))
        .join(codes, on="person_id", how="inner")
        .filter(nw.col("start") == nw.col("exit") - 1)
        .with_columns(nw.max_horizontal(nw.col("end") - nw.col("start"), nw.lit(1)).alias("length"))
        .group_by(*keys)
        .agg(nw.col("length").max().cast(nw.Float64()).alias("length"))
    )
    rows = follow_up.join(stays, on=keys, how="left").with_columns(
        nw.col("length").fill_null(0.0), nw.col("event").cast(nw.Int64()).alias("outcomes")
    )
    summed = rows.group_by("region", "arm").agg(
        nw.len().cast(nw.Int64()).alias("persons"),
        nw.col("outcomes").sum().cast(nw.Int64()).alias("events"),
        nw.col("length").sum().alias("days"),
        (nw.col("length") ** 2).sum().alias("days_squared"),
    )
    found = engine.collect(summed).sort_values(["region", "arm"], ignore_index=True)
    table = found.assign(population=[(names or {}).get(code, code) for code in found["region"]])
    if whole and table["population"].nunique() > 1:
        together = table.groupby("arm", as_index=False)[_SUMS].sum().assign(population=whole)
        table = pd.concat([table, together], ignore_index=True)
    counts = {"persons": "int64", "events": "int64"}
    return check(table[OUTCOME_STAYS.names].astype(counts), OUTCOME_STAYS)


_SUMS = ["persons", "events", "days", "days_squared"]
