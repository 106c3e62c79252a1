"""The population of a period: who is observed in it, how long, of what age, sex and region."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import pairwise

import narwhals as nw
import pandas as pd

from studylib.cohort.ages import with_age
from studylib.cohort.days import day
from studylib.cohort.observation import continuous
from studylib.errors import StudyError
from studylib.sources import Frame, Source

STRATA = ("region", "age_band", "sex")


def span_of(period: tuple[date, date]) -> tuple[int, int]:
    """First day of a period and the day after its last one; StudyError when it is empty.

    >>> span_of((date(2022, 1, 1), date(2022, 1, 31)))
    (18993, 19024)
    """
    first, end = day(period[0]), day(period[1]) + 1
    if end <= first:
        raise StudyError(
            f"Période du {period[0]:%d/%m/%Y} au {period[1]:%d/%m/%Y} : elle finit avant de "
            "commencer ; donner un dernier jour égal ou postérieur au premier."
        )
    return first, end


def population(source: Source, *, period: tuple[date, date], age_cuts: Sequence[int]) -> Frame:
    """Persons observed at least one day of ``period`` (both days included), one row each.

    Columns: person_id, sex, region, seen_from (the first day observed in the period), age
    (completed years that day), age_band (between ``age_cuts``, « 65-74 », the last one open) and
    days observed in the period, the day of death included. Checkpointed.

    StudyError when the period is empty or the cuts do not grow.
    """
    first, end = span_of(period)
    _check_cuts(age_cuts)
    seen = continuous(source.engine, source.table("observation"))
    persons = source.table("persons")
    until = nw.min_horizontal("observed_to", nw.lit(end), nw.col("death_date") + 1)
    inside = (
        seen.join(persons.select("person_id", "death_date"), on="person_id", how="inner")
        .with_columns(nw.max_horizontal("observed_from", nw.lit(first)).alias("seen_from"))
        .with_columns((until.cast(nw.Int64()) - nw.col("seen_from")).alias("days"))
        .filter(nw.col("days") > 0)
        .group_by("person_id")
        .agg(
            nw.col("seen_from").min().cast(nw.Int64()).alias("seen_from"),
            nw.col("days").sum().cast(nw.Int64()).alias("days"),
        )
    )
    described = persons.select("person_id", "sex", "region", "birth_date")
    aged = with_age(inside.join(described, on="person_id", how="inner"), at="seen_from")
    banded = aged.with_columns(_band(age_cuts).alias("age_band")).drop("birth_date")
    return source.engine.checkpoint(banded, "population")


def bands(age_cuts: Sequence[int]) -> list[str]:
    """Names of the age bands between the cuts, youngest first.

    >>> bands([65, 75])
    ['0-64', '65-74', '75+']
    """
    lows = [0, *[cut for cut in age_cuts if cut > 0]]
    closed = [f"{low}-{high - 1}" for low, high in pairwise(lows)]
    return [*closed, f"{lows[-1]}+"]


def _band(age_cuts: Sequence[int]) -> nw.Expr:
    *names, last = bands(age_cuts)
    band = nw.lit(last)
    cuts = [cut for cut in age_cuts if cut > 0]
    for name, high in reversed(list(zip(names, cuts, strict=True))):
        band = nw.when(nw.col("age") < high).then(nw.lit(name)).otherwise(band)
    return band


def _check_cuts(age_cuts: Sequence[int]) -> None:
    if not age_cuts or list(age_cuts) != sorted(set(age_cuts)) or age_cuts[0] < 0:
        raise StudyError(
            f"Classes d'âge : bornes reçues {', '.join(map(str, age_cuts)) or 'aucune'} ; donner "
            "des âges croissants, par exemple 65, 75 et 85."
        )


def counted_by(
    source: Source, persons: Frame, *, by: Sequence[str] = STRATA, marks: Sequence[str] = ()
) -> pd.DataFrame:
    """Persons, person-years and, for each flag of ``marks``, persons with it, by stratum.

    ``persons`` has one row per person, the columns ``by``, ``days`` and the flags. Only the sums
    leave the engine.
    """
    sums = [nw.col(name).cast(nw.Int64()).sum().alias(name) for name in marks]
    table = source.engine.collect(
        persons.group_by(*by).agg(
            nw.len().alias("persons"), nw.col("days").sum().alias("days"), *sums
        )
    )
    table = table.astype(dict.fromkeys(["persons", "days", *marks], "int64"))
    table["person_years"] = table.pop("days") / 365.25
    return table.sort_values(list(by), ignore_index=True)
