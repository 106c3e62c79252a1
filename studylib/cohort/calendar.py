"""The calendar of a comparison: when all arms could be entered, and when a drug was in use."""

from __future__ import annotations

from datetime import date
from typing import Literal

import narwhals as nw

from studylib.codes import Codelist
from studylib.cohort.days import as_date, day
from studylib.cohort.people import Cohort
from studylib.errors import EstimationError, StudyError
from studylib.sources import Source

Bounds = Literal["from_last_arm", "both"]


def common_period(cohort: Cohort) -> tuple[date, date]:
    """The days, first and last included, between which every arm was entered.

    From the latest of the arms' first entries to the earliest of their last ones. EstimationError
    when an arm has nobody left.
    """
    dates = cohort.people.group_by("arm").agg(
        nw.col("index_date").min().alias("first"), nw.col("index_date").max().alias("last")
    )
    found = cohort.source.engine.collect(dates).set_index("arm")
    empty = [arm for arm in cohort.arms if arm not in found.index]
    if empty:
        raise EstimationError(
            f"Période commune : plus personne dans le groupe « {empty[0]} » ; élargir la période "
            "d'inclusion ou les critères."
        )
    return as_date(int(found["first"].max())), as_date(int(found["last"].min()))


def require_common_period(cohort: Cohort, reason: str, *, bounds: Bounds) -> Cohort:
    """The persons who entered while every arm was being entered, as a line of the flow chart.

    ``bounds``: ``from_last_arm`` cuts what precedes the first entry of the arm that came last (a
    drug not yet on the market has no users to compare with); ``both`` also cuts what follows the
    last entry of the arm that ended first. See ``common_period``.
    """
    if bounds not in ("from_last_arm", "both"):
        raise StudyError(
            f"Période commune : bornes « {bounds} » inconnues ; sont connues from_last_arm et both."
        )
    first, last = common_period(cohort)
    entered = nw.col("index_date") >= day(first)
    if bounds == "both":
        entered = entered & (nw.col("index_date") <= day(last))
    return cohort.require(reason, entered)


def calendar_span(source: Source, codelist: Codelist) -> tuple[date, date]:
    """The first and the last day, both included, covered by an event of ``codelist``.

    EstimationError when there is no such event.
    """
    events = source.events(codelist)
    span = source.engine.collect(
        events.select(nw.col("start").min().alias("first"), nw.col("end").max().alias("end"))
    ).iloc[0]
    if span.isna().any():
        raise EstimationError(
            f"Liste « {codelist.name} » : aucun événement dans les données, et donc pas de période."
        )
    return as_date(int(span["first"])), as_date(int(span["end"]) - 1)
