"""Events of a person in relation to one another: the nth, one after another, without, together.

A table of events has person_id, start, end: one row per person and first day, lasting one day at
least. Every producer gives one, checkpointed, so that relations combine; ``entrants`` makes an
entry of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import narwhals as nw

from studylib.codes import Codelist
from studylib.errors import StudyError
from studylib.sources import Engine, Frame, Source


def occurrences(
    source: Source, codelist: Codelist, *, positions: Sequence[str] | None = None
) -> Frame:
    """Events of ``codelist``: person_id, start, end; those of one first day are one, the longest.

    See ``Source.events`` for where codes are looked up and what ``positions`` restricts.
    """
    found = source.events(codelist, positions=positions).select("person_id", "start", "end")
    return distinct(source.engine, found.filter(~nw.col("person_id").is_null()))


def distinct(engine: Engine, events: Frame) -> Frame:
    """``events`` as person_id, start, end: one row per person and first day, the longest event."""
    end = nw.max_horizontal(nw.col("end"), nw.col("start") + 1).cast(nw.Int64()).alias("end")
    longest = events.group_by("person_id", "start").agg(nw.col("end").max())
    return engine.checkpoint(longest.select("person_id", "start", end), "occurrences")


def nth_event(
    engine: Engine, events: Frame, n: int, *, apart_days: int = 1, later: bool = False
) -> Frame:
    """The nth event of each person, or with ``later`` the nth and all after it.

    An event counts when it begins at least ``apart_days`` after the one before it, counted or not;
    the first of all always counts. Persons with fewer than ``n`` are absent.
    """
    if n < 1 or apart_days < 1:
        raise StudyError(
            f"Événement de rang {n}, à {apart_days} jours du précédent au moins : le rang et "
            "l'écart valent un ou plus."
        )
    before = nw.col("start").shift(1).over("person_id", order_by="start").alias("before")
    counted = (
        events.with_columns(before)
        .filter(nw.col("before").is_null() | (nw.col("start") - nw.col("before") >= apart_days))
        .drop("before")
    )
    ranked = counted.with_columns(nw.lit(1).cast(nw.Int64()).alias("one")).with_columns(
        nw.col("one").cum_sum().over("person_id", order_by="start").cast(nw.Int64()).alias("rank")
    )
    kept = nw.col("rank") >= n if later else nw.col("rank") == n
    return engine.checkpoint(ranked.filter(kept).select("person_id", "start", "end"), "nth_event")


def followed_by(
    engine: Engine,
    events: Frame,
    other: Frame,
    *,
    within_days: int,
    after_days: int = 0,
    at: Literal["first", "second"] = "second",
) -> Frame:
    """Events followed by another, from ``after_days`` to ``within_days`` days later, both included.

    Days are counted from the first day of one to the first day of the other. ``at`` says which
    event of the pair comes back: with ``second``, the day the pair is complete, each later event
    that an earlier one precedes so; with ``first``, each earlier event, which supposes that the
    future is known, and makes immortal time when follow-up begins there.
    """
    if after_days < 0 or within_days < after_days:
        raise StudyError(
            f"Événement suivi d'un autre de {after_days} à {within_days} jours après : les deux "
            "délais sont positifs ou nuls et dans l'ordre."
        )
    if at not in ("first", "second"):
        raise StudyError(f"Événement suivi d'un autre : at vaut « {at} » ; first ou second.")
    pairs = _pairs(events, other).filter(
        (nw.col("other_start") - nw.col("start") >= after_days)
        & (nw.col("other_start") - nw.col("start") <= within_days)
    )
    if at == "second":
        pairs = pairs.select("person_id", nw.col("other_start").alias("start"), "other_end").rename(
            {"other_end": "end"}
        )
    return distinct(engine, pairs.select("person_id", "start", "end"))


def without(
    engine: Engine, events: Frame, other: Frame, *, days_before: int = 0, days_after: int = 0
) -> Frame:
    """Events with no other that begins from ``days_before`` days before to ``days_after`` after.

    The first day itself is looked at too. A ``days_after`` supposes that the future is known.
    """
    if days_before < 0 or days_after < 0:
        raise StudyError(
            f"Événement sans un autre {days_before} jours avant et {days_after} jours après : les "
            "deux délais sont positifs ou nuls."
        )
    met = (
        _pairs(events, other)
        .filter(
            (nw.col("other_start") - nw.col("start") >= -days_before)
            & (nw.col("other_start") - nw.col("start") <= days_after)
        )
        .select("person_id", "start")
        .unique()
    )
    alone = events.select("person_id", "start", "end").join(
        met, on=["person_id", "start"], how="anti"
    )
    return distinct(engine, alone)


def overlapping(engine: Engine, events: Frame, other: Frame, *, min_days: int = 1) -> Frame:
    """The days two events share, where they share ``min_days`` at least: person_id, start, end.

    Of those that begin on one day, the longest.
    """
    if min_days < 1:
        raise StudyError(
            f"Événements simultanés pendant {min_days} jours : il en faut au moins un."
        )
    shared = (
        _pairs(events, other)
        .select(
            "person_id",
            nw.max_horizontal("start", "other_start").alias("start"),
            nw.min_horizontal("end", "other_end").alias("end"),
        )
        .filter(nw.col("end") - nw.col("start") >= min_days)
    )
    return distinct(engine, shared)


def _pairs(events: Frame, other: Frame) -> Frame:
    """Each event beside each other event of the same person."""
    others = other.select(
        "person_id", nw.col("start").alias("other_start"), nw.col("end").alias("other_end")
    )
    return events.select("person_id", "start", "end").join(others, on="person_id", how="inner")
