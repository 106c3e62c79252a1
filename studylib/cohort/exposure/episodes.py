"""Exposure episodes: how long a person is covered by what was dispensed."""

from __future__ import annotations

import narwhals as nw

from studylib.cohort.people import Cohort
from studylib.cohort.supply import supply_of
from studylib.errors import StudyError
from studylib.sources import Engine, Frame


def episodes(
    cohort: Cohort, *, grace_days: int = 30, carry_over: bool = True, days: Frame | None = None
) -> Frame:
    """Episodes of each arm for the cohort's persons: person_id, arm, start, end. Checkpointed.

    Two dispensings belong to one episode when at most ``grace_days`` uncovered days lie between
    them; the grace period bridges gaps and is not added at the end. With ``carry_over``, days
    dispensed early are used after those already at hand; without, a dispensing covers its own
    days from its own date. ``days`` is a SUPPLY table to use instead of the arms' dispensings.
    """
    people = cohort.people.select("person_id")
    if cohort.key != ("person_id",):
        people = people.unique()
    given = supply_of(cohort, days).join(people, on="person_id", how="semi")
    return covered(cohort.source.engine, given, grace_days=grace_days, carry_over=carry_over)


def at_index(cohort: Cohort, spans: Frame) -> Frame:
    """The episode of its own arm that each person is in on the index day.

    Columns: the key, index_date, start and end of the episode; persons who are in none are absent.
    """
    return (
        cohort.index("arm")
        .join(spans, on=["person_id", "arm"], how="inner")
        .filter((nw.col("start") <= nw.col("index_date")) & (nw.col("end") > nw.col("index_date")))
    )


def covered(engine: Engine, days: Frame, *, grace_days: int, carry_over: bool) -> Frame:
    """Episodes from rows person_id, arm, start, days (one per person, arm and day)."""
    if grace_days < 0:
        raise StudyError(f"Délai de grâce de {grace_days} jours : il doit être nul ou positif.")

    def spans(rows: Frame) -> Frame:
        return _spans(_with_stock(rows) if carry_over else _without_stock(rows), grace_days)

    return engine.checkpoint_by_person(days, spans, "episodes")


def _spans(supplied: Frame, grace_days: int) -> Frame:
    """Runs of rows whose ``until`` is never exceeded by more than ``grace_days``."""
    by = ("person_id", "arm")
    broken = supplied.with_columns(
        nw.col("until").shift(1).over(*by, order_by="start").alias("before")
    ).with_columns(
        nw.when(nw.col("start") - nw.col("before") > grace_days).then(1).otherwise(0).alias("break")
    )
    numbered = broken.with_columns(
        nw.col("break").cum_sum().over(*by, order_by="start").cast(nw.Int64()).alias("number")
    )
    found = numbered.group_by(*by, "number").agg(
        nw.col("start").min().alias("start"), nw.col("until").max().alias("end")
    )
    return found.select("person_id", "arm", "start", "end")


def _with_stock(days: Frame) -> Frame:
    """Adds ``until``, the day the stock runs out.

    Stock obeys until_i = max(start_i, until_(i-1)) + days_i. Unrolled, with S the running sum of
    days, until_i = S_i + max over j ≤ i of (start_j - S_(j-1)): two window functions, no loop.
    """
    by = ("person_id", "arm")
    summed = days.with_columns(
        nw.col("days").cum_sum().over(*by, order_by="start").cast(nw.Int64()).alias("sum")
    ).with_columns((nw.col("start") - nw.col("sum") + nw.col("days")).alias("free"))
    return summed.with_columns(
        (nw.col("sum") + nw.col("free").cum_max().over(*by, order_by="start"))
        .cast(nw.Int64())
        .alias("until")
    )


def _without_stock(days: Frame) -> Frame:
    """Adds ``until``, the furthest day covered so far."""
    ends = days.with_columns((nw.col("start") + nw.col("days")).alias("own"))
    return ends.with_columns(
        nw.col("own").cum_max().over("person_id", "arm", order_by="start").alias("until")
    )
