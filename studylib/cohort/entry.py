"""Entering a cohort: new users of one of several compared drug groups."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from itertools import combinations

import narwhals as nw
import pandas as pd

from studylib.codes import Codelist
from studylib.cohort.days import day
from studylib.cohort.observation import continuous
from studylib.cohort.people import Cohort, add_step, with_age
from studylib.errors import StudyError
from studylib.sources import Frame, Source


def dispensing_days(source: Source, arms: Mapping[str, Codelist]) -> Frame:
    """One row per person, arm and day of dispensing: person_id, arm, start, days.

    ``days`` adds up what the day's dispensings cover, one day at least: a dispensing without a
    known supply would otherwise open an exposure that never ends. Checkpointed.
    """
    rows = nw.concat(
        [
            source.events(codelist).with_columns(nw.lit(arm).alias("arm"))
            for arm, codelist in arms.items()
        ]
    )
    daily = rows.group_by("person_id", "arm", "start").agg(
        (nw.col("end") - nw.col("start")).sum().cast(nw.Int64()).alias("days")
    )
    daily = daily.with_columns(nw.max_horizontal("days", nw.lit(1)).cast(nw.Int64()).alias("days"))
    return source.engine.checkpoint(daily, "dispensing_days")


def new_users(
    source: Source,
    arms: Mapping[str, Codelist],
    *,
    inclusion: tuple[date, date],
    washout_days: int = 365,
) -> Cohort:
    """Persons who start one of the arms, at their first start within ``inclusion`` (both included).

    A start is a dispensing of any arm with none of any arm in the ``washout_days`` before it. The
    washout needs observed time to mean anything: require ``history_days() >= washout_days`` next.
    Persons who start two arms on one day are left out, and counted. The flow chart's first lines
    are the keys ``dispensed``, ``washout``, ``one_arm`` and ``observed``, labelled in ``report``.

    StudyError when there are fewer than two arms, a negative washout, or an empty period.
    """
    first, last = day(inclusion[0]), day(inclusion[1])
    _check_choices(arms, first, last, washout_days)
    days = dispensing_days(source, arms)
    candidates = _starts(source, days, first, last)
    fresh = source.engine.checkpoint(_first_after_washout(candidates, washout_days), "starts")
    single = fresh.filter(nw.col("arms_that_day") == 1)
    people = source.engine.checkpoint(_described(source, single), "people")

    flow = pd.DataFrame({"step": ["dispensed"], "persons": [0], "excluded": [0]})
    flow["persons"] = source.engine.count(candidates.select("person_id").unique())
    cohort = Cohort(source, people, flow, dict(arms))
    for step, frame in (("washout", fresh), ("one_arm", single), ("observed", people)):
        cohort = Cohort(source, people, add_step(cohort, step, frame), cohort.arms)
    return cohort


def _check_choices(arms: Mapping[str, Codelist], first: int, last: int, washout_days: int) -> None:
    if len(arms) < 2:
        raise StudyError(
            f"Nouveaux utilisateurs : {len(arms)} groupe donné, il en faut deux ou plus."
        )
    for (name, one), (other, two) in combinations(arms.items(), 2):
        shared = [a for a in one.codes for b in two.codes if a.startswith(b) or b.startswith(a)]
        if one.system == two.system and shared:
            raise StudyError(
                f"Nouveaux utilisateurs : les groupes « {name} » et « {other} » partagent le code "
                f"{shared[0]} ; une délivrance ne peut compter dans les deux."
            )
    if last < first or washout_days < 0:
        raise StudyError(
            "Nouveaux utilisateurs : la période d'inclusion doit finir après son début et la "
            f"fenêtre sans traitement être positive ; reçu {last - first + 1} jours et "
            f"{washout_days} jours."
        )


def _starts(source: Source, days: Frame, first: int, last: int) -> Frame:
    """Days of dispensing within the period: person_id, start, previous, arms_that_day, arm."""
    per_day = days.group_by("person_id", "start").agg(
        nw.len().cast(nw.Int64()).alias("arms_that_day"), nw.col("arm").min().alias("arm")
    )
    ordered = per_day.with_columns(
        nw.col("start").shift(1).over("person_id", order_by="start").alias("previous")
    )
    inside = ordered.filter((nw.col("start") >= first) & (nw.col("start") <= last))
    return source.engine.checkpoint(inside, "candidate_starts")


def _first_after_washout(candidates: Frame, washout_days: int) -> Frame:
    free = candidates.filter(
        nw.col("previous").is_null() | (nw.col("start") - nw.col("previous") > washout_days)
    )
    ranked = free.with_columns(nw.col("start").min().over("person_id").alias("first"))
    return ranked.filter(nw.col("start") == nw.col("first")).drop("first", "previous")


def _described(source: Source, starts: Frame) -> Frame:
    """Starts by persons alive and observed that day, with who they are and how long.

    A death recorded before a dispensing makes the person's dates unusable.
    """
    index = starts.select("person_id", "arm", nw.col("start").alias("index_date"))
    periods = source.table("observation").join(index, on="person_id", how="semi")
    seen = continuous(source.engine, periods)
    described = (
        index.join(source.table("persons"), on="person_id", how="inner")
        .join(seen, on="person_id", how="inner")
        .filter(
            (nw.col("observed_from") <= nw.col("index_date"))
            & (nw.col("observed_to") > nw.col("index_date"))
        )
        .filter(nw.col("death_date").is_null() | (nw.col("death_date") >= nw.col("index_date")))
        .select(
            "person_id",
            "arm",
            "index_date",
            "sex",
            "birth_date",
            "death_date",
            "region",
            "observed_from",
            "observed_to",
        )
    )
    return with_age(source.engine.checkpoint(described, "described"))
