"""Polypharmacy: how many different substances a person takes, over a period or at once.

References: Monégat M, Sermet C (2014), IRDES, Questions d'économie de la santé 204, for the
cumulative, continuous and simultaneous definitions; the thresholds of 5 and 10 are the usual ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import reduce
from itertools import pairwise
from operator import or_
from typing import Literal, get_args

import narwhals as nw
import pandas as pd

from studylib import cohort
from studylib.cohort.population import STRATA
from studylib.errors import EstimationError, refuse_choices, refuse_counts
from studylib.sources import Frame, Source

NAME = "Polymédication"
Presence = Literal["in_use", "dispensed"]
AtcLevel = Literal[4, 5]
DEFINITIONS = ("cumulative", "continuous", "concurrent")
_LENGTH = {4: 5, 5: 7}  # characters of an ATC code cut to the level


def polypharmacy(
    source: Source,
    people: Frame,
    *,
    period: tuple[date, date],
    atc_level: AtcLevel,
    excluded: Sequence[str],
    quarters: int,
    presence: Presence,
    history_days: int,
    grace_days: int,
    carry_over: bool,
) -> Frame:
    """How many substances each person takes: person_id, the strata, days, and one number each.

    ``cumulative``: different codes dispensed in the period. ``continuous``: those present in each
    of ``quarters`` consecutive quarters (three months counted from the first day of the period; an
    incomplete last one is left out), ``in_use`` one day of it at least or ``dispensed`` in it.
    ``concurrent``: the mean, over the days observed, of the number in use that day.

    A code is cut to ``atc_level`` (5: the substance, fixed combinations being one; 4: the chemical
    subgroup), and those that begin with one of ``excluded`` are not counted. Checkpointed; persons
    do not leave the engine.

    EstimationError when a choice is none, or the period has fewer quarters.
    """
    span = cohort.span_of(period)
    if atc_level not in _LENGTH:
        raise EstimationError(f"{NAME} : niveau ATC {atc_level} ; 4 ou 5 est attendu.")
    refuse_choices(NAME, presence=(presence, get_args(Presence)))
    refuse_counts(NAME, 0, history_days=history_days, grace_days=grace_days)
    if isinstance(excluded, str) or "" in excluded:
        raise EstimationError(
            f"{NAME} : excluded vaut {excluded!r} ; une liste de débuts de codes ATC est attendue."
        )
    refuse_counts(NAME, 1, quarters=quarters)
    bounds = quarter_bounds(period)
    if quarters > len(bounds):
        raise EstimationError(
            f"{NAME} : {quarters} trimestres consécutifs demandés, la période en a "
            f"{len(bounds)} ; allonger la période ou en demander moins."
        )
    kept = _cut(source, _LENGTH[atc_level], excluded)
    spans = cohort.substance_episodes(
        kept, people, span=span, history_days=history_days,
        grace_days=grace_days, carry_over=carry_over,
    )  # fmt: skip
    dispensed = _dispensed(kept, people, span)
    seen = spans if presence == "in_use" else dispensed
    parts = (
        dispensed.group_by("person_id").agg(nw.col("arm").n_unique().alias("cumulative")),
        _continuous(source, seen, bounds, quarters),
        _days_in_use(spans, span),
    )
    return source.engine.checkpoint(_numbers(people, parts), "polypharmacy")


def polypharmacy_strata(
    source: Source, counted: Frame, *, thresholds: Sequence[int] = (5, 10)
) -> pd.DataFrame:
    """Persons in each class of each definition, by region, age band and sex.

    Columns: indicator (``cumulative_5_9``, ``cumulative_10``…), the strata, persons, events. The
    last class is open; a mean of 9.5 drugs a day is in the class from 5 to 9. EstimationError for
    thresholds that are not whole and increasing.
    """
    refuse_counts(NAME, 1, **{f"seuil {rank}": one for rank, one in enumerate(thresholds, 1)})
    if not thresholds or any(low >= high for low, high in pairwise(thresholds)):
        raise EstimationError(f"{NAME} : seuils {list(thresholds)} ; un au moins, croissants.")
    classes: dict[str, nw.Expr] = {}
    for definition in DEFINITIONS:
        for low, high in zip(thresholds, [*thresholds[1:], None], strict=True):
            name, inside = f"{definition}_{low}", nw.col(definition) >= low
            if high is not None:
                name, inside = f"{name}_{high - 1}", inside & (nw.col(definition) < high)
            classes[name] = inside.cast(nw.Int64()).alias(name)
    labels = list(classes)
    marked = counted.with_columns(*classes.values())
    table = cohort.counted_by(source, marked, marks=labels)
    keys = [*STRATA, "persons", "person_years"]
    return table.melt(keys, labels, var_name="indicator", value_name="events")


def quarter_bounds(period: tuple[date, date]) -> list[tuple[int, int]]:
    """First day of each whole quarter of the period, and the day after its last one.

    >>> from datetime import date
    >>> quarter_bounds((date(2022, 1, 1), date(2022, 7, 30)))
    [(18993, 19083), (19083, 19174)]
    """
    end = period[1] + timedelta(days=1)
    edges = [period[0]]
    while (following := _months_later(period[0], 3 * len(edges))) <= end:
        edges.append(following)
    days = [cohort.day(edge) for edge in edges]
    return list(pairwise(days))


def _months_later(start: date, months: int) -> date:
    """The same day of the month, or the first of the next one where there is no such day."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    try:
        return date(year, month + 1, start.day)
    except ValueError:
        return date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)


def _cut(source: Source, length: int, excluded: Sequence[str]) -> Source:
    """The source whose dispensings have codes of the level, without the excluded ones."""
    given = source.table("dispensings")
    if excluded:
        given = given.filter(~reduce(or_, [nw.col("atc").str.starts_with(p) for p in excluded]))
    cut = given.with_columns(nw.col("atc").str.slice(0, length).alias("atc"))
    return replace(source, tables={**source.tables, "dispensings": cut})


def _dispensed(source: Source, people: Frame, span: tuple[int, int]) -> Frame:
    """Dispensings of the span as spans of one day: person_id, arm, start, end."""
    given = source.table("dispensings").filter(
        (nw.col("start") >= span[0]) & (nw.col("start") < span[1])
    )
    one_day = given.select(
        "person_id", nw.col("atc").alias("arm"), "start", (nw.col("start") + 1).alias("end")
    )
    return one_day.join(people.select("person_id"), on="person_id", how="semi")


def _numbers(people: Frame, parts: Sequence[Frame]) -> Frame:
    """The three numbers of each person, zero where nothing was taken."""
    table = people.select("person_id", *STRATA, "days")
    for part in parts:
        table = table.join(part, on="person_id", how="left")
    mean = nw.col("in_use").fill_null(0).cast(nw.Float64()) / nw.col("days").cast(nw.Float64())
    return table.with_columns(
        *[nw.col(n).fill_null(0).cast(nw.Int64()).alias(n) for n in ("cumulative", "continuous")],
        mean.alias("concurrent"),
    ).drop("in_use")


def _continuous(
    source: Source, seen: Frame, bounds: Sequence[tuple[int, int]], quarters: int
) -> Frame:
    """Substances of each person with so many consecutive quarters: person_id, continuous."""
    table = pd.DataFrame(
        [(rank, start, end) for rank, (start, end) in enumerate(bounds)],
        columns=["quarter", "from_", "to_"],
    ).astype("int64")
    cut = source.engine.load(table, "quarters")
    by = ("person_id", "arm")
    present = (
        seen.join(cut, how="cross")
        .filter((nw.col("start") < nw.col("to_")) & (nw.col("end") > nw.col("from_")))
        .select(*by, "quarter")
        .unique()
        .with_columns(nw.lit(1).cast(nw.Int64()).alias("one"))
    )
    # consecutive quarters keep the same difference between their number and their rank
    runs = present.with_columns(
        (nw.col("quarter") - nw.col("one").cum_sum().over(*by, order_by="quarter")).alias("run")
    )
    lengths = runs.group_by(*by, "run").agg(nw.len().alias("length"))
    long_enough = lengths.filter(nw.col("length") >= quarters).select(*by).unique()
    return long_enough.group_by("person_id").agg(nw.len().alias("continuous"))


def _days_in_use(spans: Frame, span: tuple[int, int]) -> Frame:
    """Days of each substance within the span, added up: person_id, in_use."""
    return (
        cohort.days_within(spans, span)
        .group_by("person_id")
        .agg(nw.col("inside").sum().alias("in_use"))
    )
