"""Observed time cut shorter, for designs that follow each case through all of its time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import narwhals as nw

from studylib.codes import Codelist
from studylib.cohort.days import day
from studylib.cohort.people import Cohort
from studylib.errors import StudyError
from studylib.sources import Frame


def person_days(cohort: Cohort) -> int:
    """Days between ``observed_from`` and ``observed_to`` (not counted), added over persons."""
    days = nw.col("observed_to") - nw.col("observed_from")
    total = cohort.people.select(days.sum().cast(nw.Int64()).alias("days"))
    return int(cohort.source.engine.collect(total)["days"].fillna(0).iloc[0])


def after_naive_period(
    cohort: Cohort,
    reason: str,
    outcome: Codelist,
    *,
    days: int,
    positions: Sequence[str] | None = None,
) -> Cohort:
    """Observed time without its first ``days``, and the persons with an outcome in what is left.

    An outcome soon after observation begins may be an old one recorded late. A line of the flow
    chart; ``index_date`` becomes the first outcome left.
    """
    if days < 0:
        raise StudyError(f"Début d'observation écarté : {days} jours reçus, il en faut 0 ou plus.")
    later = cohort.people.with_columns((nw.col("observed_from") + days).alias("observed_from"))
    return cohort.restricted(reason, _with_outcome(cohort, later, outcome, positions))


def within_calendar(
    cohort: Cohort,
    reason: str,
    outcome: Codelist,
    *,
    span: tuple[date, date],
    positions: Sequence[str] | None = None,
) -> Cohort:
    """Observed time cut to the days of ``span`` (both included), and who has an outcome in it.

    See ``calendar_span`` for the days a drug was in use. A line of the flow chart; ``index_date``
    becomes the first outcome left.
    """
    first, last = day(span[0]), day(span[1])
    cut = cohort.people.with_columns(
        nw.max_horizontal("observed_from", nw.lit(first)).alias("observed_from"),
        nw.min_horizontal("observed_to", nw.lit(last + 1)).alias("observed_to"),
    )
    return cohort.restricted(reason, _with_outcome(cohort, cut, outcome, positions))


def require_exposed(cohort: Cohort, reason: str, codelist: Codelist) -> Cohort:
    """The persons whom an event of ``codelist`` covers on a day of their observed time."""
    events = cohort.source.events(codelist).select("person_id", "start", "end")
    covered = (
        cohort.people.select("person_id", "observed_from", "observed_to")
        .join(events, on="person_id", how="inner")
        .filter(
            (nw.col("start") < nw.col("observed_to")) & (nw.col("end") > nw.col("observed_from"))
        )
    )
    exposed = cohort.people.join(covered.select("person_id").unique(), on="person_id", how="semi")
    return cohort.restricted(reason, exposed)


def _with_outcome(
    cohort: Cohort, people: Frame, outcome: Codelist, positions: Sequence[str] | None
) -> Frame:
    """``people`` with an outcome within their observed time, indexed on the first one."""
    events = cohort.source.events(outcome, positions=positions).select("person_id", "start")
    window = people.select("person_id", "observed_from", "observed_to")
    first = (
        window.join(events, on="person_id", how="inner")
        .filter(
            (nw.col("start") >= nw.col("observed_from")) & (nw.col("start") < nw.col("observed_to"))
        )
        .group_by("person_id")
        .agg(nw.col("start").min().alias("first_outcome"))
    )
    left = people.join(first, on="person_id", how="inner").drop("index_date")
    return left.rename({"first_outcome": "index_date"})
