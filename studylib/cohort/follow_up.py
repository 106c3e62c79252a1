"""Follow-up: when each person's time at risk ends, and why. One exit, one reason per person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import reduce
from typing import Literal

import narwhals as nw

from studylib.codes import Codelist
from studylib.cohort.days import day
from studylib.cohort.exposure.episodes import at_index, episodes
from studylib.cohort.people import Cohort
from studylib.cohort.supply import supply_of
from studylib.errors import StudyError
from studylib.sources import Frame

# The reasons in the order that decides when two fall on one day.
REASONS = (
    "outcome",
    "death",
    "switch",
    "discontinuation",
    "end_of_observation",
    "end_of_follow_up",
)


def on_treatment(
    cohort: Cohort,
    outcome: Codelist,
    *,
    positions: Sequence[str] | None = None,
    grace_days: int = 30,
    follow_up_days: int = 365,
    until: date,
    latency_days: int = 0,
    risk_window_days: int = 0,
    carry_over: bool = True,
    days: Frame | None = None,
) -> Frame:
    """Follow-up while the arm of index goes on: the FOLLOW_UP columns and region. Checkpointed.

    Time at risk runs from the index day and is cut by death, a dispensing of another arm, the end
    of the episode (see ``episodes``), the end of observation, ``follow_up_days`` or ``until`` (last
    day included). A person is at risk on the day of death, outcome or switch: an outcome on the
    day of a switch belongs to the arm in use, for it is often what the switch answers.
    ``risk_window_days`` keeps the arm at risk after its last covered day; ``latency_days`` takes
    the first days away, and those who leave during them (see ``intention_to_treat``). ``days`` is a
    SUPPLY table to use instead of the arms' dispensings.
    """
    if risk_window_days < 0:
        raise StudyError(f"Fenêtre de risque de {risk_window_days} jours : 0 ou plus attendu.")
    keys = list(cohort.key)
    supply = supply_of(cohort, days)
    spans = episodes(cohort, grace_days=grace_days, carry_over=carry_over, days=supply)
    own = (
        at_index(cohort, spans)
        .group_by(*keys)
        .agg((nw.col("end").max() + risk_window_days).alias("discontinuation"))
    )
    others = supply.select("person_id", nw.col("arm").alias("other"), "start")
    switches = (
        cohort.index("arm")
        .join(others, on="person_id", how="inner")
        .filter((nw.col("other") != nw.col("arm")) & (nw.col("start") > nw.col("index_date")))
        .group_by(*keys)
        .agg((nw.col("start").min() + 1).alias("switch"))
    )
    people = cohort.people.join(own, on=keys, how="left").join(switches, on=keys, how="left")
    bounds = ("death", "switch", "discontinuation", "end_of_observation", "end_of_follow_up")
    return _closed(cohort, people, outcome, positions, bounds, follow_up_days, until, latency_days)


def intention_to_treat(
    cohort: Cohort,
    outcome: Codelist,
    *,
    positions: Sequence[str] | None = None,
    follow_up_days: int = 365,
    until: date,
    latency_days: int = 0,
) -> Frame:
    """Follow-up whatever happens to the treatment: the FOLLOW_UP columns and region.

    Time at risk runs from the index day and is cut by death, the end of observation,
    ``follow_up_days`` or ``until`` (last day included). With ``latency_days``, it begins that many
    days after index, where the outcome cannot come from the drug earlier: those who leave before,
    by the outcome or otherwise, are not in the table. Checkpointed.
    """
    people, bounds = cohort.people, ("death", "end_of_observation", "end_of_follow_up")
    return _closed(cohort, people, outcome, positions, bounds, follow_up_days, until, latency_days)


def follow_up(
    cohort: Cohort,
    outcome: Codelist,
    *,
    design: Literal["on_treatment", "intention_to_treat"],
    positions: Sequence[str] | None = None,
    grace_days: int = 30,
    follow_up_days: int = 365,
    until: date,
    latency_days: int = 0,
    risk_window_days: int = 0,
) -> Frame:
    """The follow-up of the design named: see ``on_treatment`` and ``intention_to_treat``.

    ``grace_days`` and ``risk_window_days`` mean nothing in intention to treat, and are not looked
    at there.
    """
    if design == "on_treatment":
        return on_treatment(
            cohort,
            outcome,
            positions=positions,
            grace_days=grace_days,
            follow_up_days=follow_up_days,
            until=until,
            latency_days=latency_days,
            risk_window_days=risk_window_days,
        )
    if design == "intention_to_treat":
        return intention_to_treat(
            cohort,
            outcome,
            positions=positions,
            follow_up_days=follow_up_days,
            until=until,
            latency_days=latency_days,
        )
    raise StudyError(
        f"Suivi « {design} » inconnu ; sont connus on_treatment et intention_to_treat."
    )


def _closed(
    cohort: Cohort,
    people: Frame,
    outcome: Codelist,
    positions: Sequence[str] | None,
    bounds: Sequence[str],
    follow_up_days: int,
    until: date,
    latency_days: int,
) -> Frame:
    if not 0 <= latency_days < follow_up_days:
        raise StudyError(
            f"Suivi de {follow_up_days} jours dont {latency_days} de latence : il en faut au moins "
            "un après une latence nulle ou positive."
        )
    if latency_days and cohort.key != ("person_id",):
        raise StudyError(
            "Latence : elle n'est pas définie pour des personnes entrées plusieurs fois."
        )
    last = day(until)
    dated = people.with_columns(
        (nw.col("death_date") + 1).alias("death"),
        nw.col("observed_to").alias("end_of_observation"),
        nw.min_horizontal(nw.col("index_date") + follow_up_days, nw.lit(last + 1)).alias(
            "end_of_follow_up"
        ),
    ).with_columns(nw.min_horizontal(*bounds).alias("cut"))
    first_outcome = _first_outcome(cohort, outcome, positions)
    risked = dated.join(first_outcome, on=list(cohort.key), how="left").with_columns(
        (nw.col("outcome_day") < nw.col("cut")).fill_null(False).alias("event")
    )
    exit_day = nw.when(nw.col("event")).then(nw.col("outcome_day") + 1).otherwise(nw.col("cut"))
    exits = risked.with_columns(exit_day.alias("exit"), _reason(bounds).alias("exit_reason"))
    columns = ("arm", "region", "exit", "event", "exit_reason")
    dated = exits.with_columns((nw.col("index_date") + latency_days).alias("entry"))
    if latency_days:
        dated = dated.filter(nw.col("exit") > nw.col("entry"))
    table = dated.select(*dict.fromkeys((*cohort.follow_up_key, "person_id", "entry", *columns)))
    return cohort.source.engine.checkpoint(table, "follow_up")


def _first_outcome(cohort: Cohort, outcome: Codelist, positions: Sequence[str] | None) -> Frame:
    """The first outcome of each entry on or after index: the key, outcome_day."""
    events = cohort.source.events(outcome, positions=positions).select("person_id", "start")
    after = (
        cohort.index()
        .join(events, on="person_id", how="inner")
        .filter(nw.col("start") >= nw.col("index_date"))
    )
    return after.group_by(*cohort.key).agg(nw.col("start").min().alias("outcome_day"))


def _reason(bounds: Sequence[str]) -> nw.Expr:
    """The first of ``REASONS`` that fell on the exit day."""
    ordered = [reason for reason in REASONS if reason in bounds]
    cut = reduce(
        lambda rest, reason: (
            nw.when(nw.col(reason) == nw.col("cut")).then(nw.lit(reason)).otherwise(rest)
        ),
        reversed(ordered[:-1]),
        nw.lit(ordered[-1]),
    )
    return nw.when(nw.col("event")).then(nw.lit("outcome")).otherwise(cut)
