"""Entering a cohort by an event of any kind: the nth, each of them, or a combination."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import narwhals as nw

from studylib.codes import Codelist
from studylib.cohort.days import day
from studylib.cohort.entry import admitted
from studylib.cohort.people import Cohort
from studylib.cohort.relations import nth_event, occurrences
from studylib.errors import StudyError
from studylib.sources import Frame, Source


def entrants(
    source: Source,
    arms: Mapping[str, Codelist | Frame],
    *,
    inclusion: tuple[date, date],
    nth: int = 1,
    apart_days: int = 1,
    repeat: bool = False,
    positions: Sequence[str] | None = None,
    observation_gap_days: int = 0,
) -> Cohort:
    """Persons who enter by their nth event of an arm, within ``inclusion`` (both days included).

    An arm is a code list, or a table of events (see ``relations``). Events are counted from the
    beginning of the data, each ``apart_days`` at least after the one before it (see ``nth_event``);
    the nth must fall within ``inclusion``. With several arms, the first to be entered is the
    person's; persons who enter two on one day are left out, and counted. With ``repeat``, the nth
    event and each one after it that falls within the period is an entry: the cohort's key is then
    the person and the index date. ``positions`` restricts the code lists of diagnoses. The flow
    chart's first lines are the keys ``events``, ``nth_event``, ``one_arm`` and ``observed``.

    StudyError when no arm is given, or the period is empty.
    """
    _check_choices(arms, inclusion)
    first, last = day(inclusion[0]), day(inclusion[1])
    lists = {name: arm if isinstance(arm, Codelist) else None for name, arm in arms.items()}
    events = {
        name: occurrences(source, arm, positions=positions) if isinstance(arm, Codelist) else arm
        for name, arm in arms.items()
    }
    inside = [
        nth_event(source.engine, frame, nth, apart_days=apart_days, later=repeat)
        .filter((nw.col("start") >= first) & (nw.col("start") <= last))
        .select("person_id", nw.col("start").alias("index_date"), nw.lit(name).alias("arm"))
        for name, frame in events.items()
    ]
    fresh = source.engine.checkpoint(_by_day(nw.concat(inside), repeat=repeat), "starts")
    persons = nw.concat([frame.select("person_id") for frame in events.values()])
    seen = {"events": persons.unique(), "nth_event": fresh}
    return admitted(source, lists, fresh, seen, repeat=repeat, gap_days=observation_gap_days)


def _check_choices(arms: Mapping[str, Codelist | Frame], inclusion: tuple[date, date]) -> None:
    if not arms:
        raise StudyError("Entrée par événement : aucun groupe donné, il en faut un ou plus.")
    if inclusion[1] < inclusion[0]:
        raise StudyError(
            f"Entrée par événement : la période d'inclusion du {inclusion[0]:%d/%m/%Y} au "
            f"{inclusion[1]:%d/%m/%Y} doit finir après son début."
        )


def _by_day(starts: Frame, *, repeat: bool) -> Frame:
    """Entries of each person and day (the first day only without ``repeat``), with their arms."""
    if not repeat:
        earliest = starts.with_columns(nw.col("index_date").min().over("person_id").alias("first"))
        starts = earliest.filter(nw.col("index_date") == nw.col("first")).drop("first")
    return starts.group_by("person_id", "index_date").agg(
        nw.len().cast(nw.Int64()).alias("arms_that_day"), nw.col("arm").min().alias("arm")
    )
