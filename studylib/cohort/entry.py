"""Entering a cohort: new users of one of several compared drug groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import narwhals as nw
import pandas as pd

from studylib.codes import Codelist
from studylib.cohort.ages import with_age
from studylib.cohort.days import day
from studylib.cohort.observation import continuous
from studylib.cohort.people import DESCRIBED, Cohort, add_step, counted
from studylib.cohort.supply import dispensing_days, shared_code
from studylib.errors import StudyError
from studylib.sources import Engine, Frame, Source

PERSON = ("person_id",)
ENTRY = ("person_id", "index_date")


def new_users(
    source: Source,
    arms: Mapping[str, Codelist],
    *,
    inclusion: tuple[date, date],
    washout_days: int = 365,
    repeat: bool = False,
    observation_gap_days: int = 0,
    days: Frame | None = None,
) -> Cohort:
    """Persons who start one of the arms, at their first start within ``inclusion`` (both included).

    A start is a dispensing of any arm with none of any arm in the ``washout_days`` before it. The
    washout needs observed time to mean anything: require ``history_days() >= washout_days`` next.
    Persons who start two arms on one day are left out, and counted. With ``repeat``, every start
    is an entry: the cohort's key is then the person and the index date, and its flow chart goes on
    counting persons. Observation may break for ``observation_gap_days`` at most (see
    ``continuous``). ``days`` replaces the dispensings by another SUPPLY table (packs, hospital).
    The flow chart's first lines are the keys ``dispensed``, ``washout``, ``one_arm`` and
    ``observed``, labelled in ``report``.

    StudyError when there is no arm, a negative washout, or an empty period. Estimators ask for two
    arms at least: ``with_non_users`` adds those who take none.
    """
    first, last = day(inclusion[0]), day(inclusion[1])
    coded = {name: source.as_coded(codelist) for name, codelist in arms.items()}
    _check_choices(coded, first, last, washout_days)
    supply = dispensing_days(source, arms) if days is None else days
    near = supply.filter((nw.col("start") >= first - washout_days) & (nw.col("start") <= last))
    candidates = _candidates(source.engine, near, first, washout_days, repeat=repeat)
    starts = candidates.filter(~nw.col("index_date").is_null())
    fresh = source.engine.checkpoint(_with_arm(starts, near), "starts")
    seen = {"dispensed": candidates, "washout": fresh}
    cohort = admitted(source, arms, fresh, seen, repeat=repeat, gap_days=observation_gap_days)
    return replace(cohort, days=supply)


def _check_choices(arms: Mapping[str, Codelist], first: int, last: int, washout_days: int) -> None:
    if not arms:
        raise StudyError("Nouveaux utilisateurs : aucun groupe donné, il en faut un ou plus.")
    shared = shared_code(arms)
    if shared:
        raise StudyError(
            f"Nouveaux utilisateurs : les groupes « {shared[0]} » et « {shared[1]} » partagent le "
            f"code {shared[2]} ; une délivrance ne peut compter dans les deux."
        )
    if last < first or washout_days < 0:
        raise StudyError(
            "Nouveaux utilisateurs : la période d'inclusion doit finir après son début et la "
            f"fenêtre sans traitement être positive ; reçu {last - first + 1} jours et "
            f"{washout_days} jours."
        )


def _candidates(
    engine: Engine, near: Frame, first: int, washout_days: int, *, repeat: bool
) -> Frame:
    """Persons with a dispensing in the period, and their starts: person_id, index_date or none.

    Two arms dispensed on one day come one after the other in the window, no day apart: only the
    first of them can be a start, so that the days need not be grouped beforehand.
    """
    ordered = near.select("person_id", "start").with_columns(
        nw.col("start").shift(1).over("person_id", order_by="start").alias("previous")
    )
    start = (
        nw.when(
            nw.col("previous").is_null() | (nw.col("start") - nw.col("previous") > washout_days)
        )
        .then(nw.col("start"))
        .otherwise(nw.lit(None))
    )
    inside = ordered.filter(nw.col("start") >= first).select(
        "person_id", start.cast(nw.Int64()).alias("index_date")
    )
    if not repeat:
        inside = inside.group_by("person_id").agg(nw.col("index_date").min())
    return engine.checkpoint(inside, "candidates")


def _with_arm(starts: Frame, days: Frame) -> Frame:
    """Starts with their arm and the number of arms of that day."""
    arms = days.select("person_id", nw.col("start").alias("index_date"), "arm")
    return (
        starts.join(arms, on=list(ENTRY), how="inner")
        .group_by(*ENTRY)
        .agg(nw.len().cast(nw.Int64()).alias("arms_that_day"), nw.col("arm").min().alias("arm"))
    )


def admitted(
    source: Source,
    arms: Mapping[str, Codelist | None],
    starts: Frame,
    seen: Mapping[str, Frame],
    *,
    repeat: bool,
    gap_days: int,
) -> Cohort:
    """The cohort of the starts of one arm only, by persons alive and observed that day.

    ``starts`` has person_id, index_date, arm, arms_that_day; ``seen`` gives the persons of the
    flow chart's first lines.
    """
    key = ENTRY if repeat else PERSON
    single = starts.filter(nw.col("arms_that_day") == 1).drop("arms_that_day")
    people = source.engine.checkpoint(_described(source, single, gap_days), "people")
    (step, begun), *steps = seen.items()
    flow = pd.DataFrame({"step": [step], "persons": [0], "excluded": [0]})
    flow["persons"] = counted(source, begun, ENTRY if repeat else PERSON)
    cohort = Cohort(source, people, flow, dict(arms), key)
    for name, frame in (*steps, ("one_arm", single), ("observed", people)):
        cohort = replace(cohort, flow=add_step(cohort, name, frame))
    return cohort


def _described(source: Source, starts: Frame, gap_days: int) -> Frame:
    """Starts by persons alive and observed that day, with who they are and how long.

    A death recorded before a dispensing makes the person's dates unusable.
    """
    periods = source.table("observation").join(starts, on="person_id", how="semi")
    seen = continuous(source.engine, periods, gap_days=gap_days)
    described = (
        starts.join(source.table("persons"), on="person_id", how="inner")
        .join(seen, on="person_id", how="inner")
        .filter(
            (nw.col("observed_from") <= nw.col("index_date"))
            & (nw.col("observed_to") > nw.col("index_date"))
        )
        .filter(nw.col("death_date").is_null() | (nw.col("death_date") >= nw.col("index_date")))
        .select(*DESCRIBED)
    )
    return with_age(source.engine.checkpoint(described, "described"))
