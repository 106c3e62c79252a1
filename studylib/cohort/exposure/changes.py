"""What becomes of the treatment begun at index: another in its place, one added, or an end."""

from __future__ import annotations

import narwhals as nw

from studylib.cohort.exposure.episodes import at_index, episodes
from studylib.cohort.people import Cohort
from studylib.errors import StudyError
from studylib.sources import Frame


def treatment_changes(
    cohort: Cohort,
    *,
    grace_days: int = 30,
    gap_days: int = 30,
    overlap_days: int = 30,
    carry_over: bool = True,
    days: Frame | None = None,
) -> Frame:
    """The first change of each person's treatment: the key, index_date, change, day, other.

    The treatment is the episode of the arm of index that holds the index day; it ends on its
    ``end``. Episodes of other arms (same ``grace_days``, ``carry_over``) that begin after index, at
    most ``gap_days`` after that end, are looked at in the order of their first day, then of the
    arms' names, and the first that is one of these decides:

    - ``switch``: the treatment ends at most ``overlap_days`` after the other begins;
    - ``add_on``: treatment and other go on together for more than ``overlap_days``.

    Another episode that is over before that while the treatment goes on is a short course and
    decides nothing. When none decides, ``change`` is ``stop`` where the treatment ends while the
    person is alive and observed, and ``none`` elsewhere. ``day`` is the first day of the other
    arm's episode, or the end of the treatment; ``other`` is missing without another arm. Persons
    in no episode on the index day are absent. Checkpointed.
    """
    _require_whole(gap_days=gap_days, overlap_days=overlap_days)
    spans = episodes(cohort, grace_days=grace_days, carry_over=carry_over, days=days)
    engine = cohort.source.engine
    own = at_index(cohort, spans).rename({"end": "ended"}).drop("start")
    own = engine.checkpoint(own, "treatment_at_index")
    deciding = engine.checkpoint(_deciding(own, spans, gap_days, overlap_days), "deciding")
    return engine.checkpoint(_changes(cohort, own, deciding), "treatment_changes")


def _require_whole(**choices: int) -> None:
    for name, value in choices.items():
        if value < 0:
            raise StudyError(
                f"Changements de traitement : {name} vaut {value} jours ; il doit être nul ou "
                "positif."
            )


def _deciding(own: Frame, spans: Frame, gap_days: int, overlap_days: int) -> Frame:
    """Episodes of other arms that make a switch or an add-on of the treatment at index."""
    others = spans.select(
        "person_id",
        nw.col("arm").alias("other"),
        nw.col("start").alias("day"),
        nw.col("end").alias("other_ended"),
    )
    pairs = own.join(others, on="person_id", how="inner").filter(
        (nw.col("other") != nw.col("arm"))
        & (nw.col("day") > nw.col("index_date"))
        & (nw.col("day") - nw.col("ended") <= gap_days)
    )
    left = nw.col("ended") - nw.col("day")
    common = nw.min_horizontal("ended", "other_ended") - nw.col("day")
    change = (
        nw.when(left <= overlap_days)
        .then(nw.lit("switch"))
        .otherwise(nw.when(common > overlap_days).then(nw.lit("add_on")).otherwise(nw.lit("")))
    )
    return pairs.with_columns(change.alias("change")).filter(nw.col("change") != "")


def _changes(cohort: Cohort, own: Frame, deciding: Frame) -> Frame:
    """What the first deciding episode makes of each treatment; its end, or nothing, without one."""
    keys = list(cohort.key)
    first = nw.col("day").min().over(*keys)
    earliest = deciding.with_columns(first.alias("first")).filter(nw.col("day") == nw.col("first"))
    chosen = earliest.with_columns(nw.col("other").min().over(*keys).alias("chosen"))
    decided = chosen.filter(nw.col("other") == nw.col("chosen"))
    decided = decided.select(*keys, "change", "day", "other")
    known = cohort.people.select(*keys, "observed_to", "death_date")
    rows = own.join(known, on=keys, how="inner").join(decided, on=keys, how="left")
    lived = nw.min_horizontal(nw.col("observed_to"), nw.col("death_date") + 1)
    ended = nw.when(nw.col("ended") < lived).then(nw.lit("stop")).otherwise(nw.lit("none"))
    return rows.select(
        *dict.fromkeys((*keys, "index_date")),
        nw.coalesce(nw.col("change"), ended).alias("change"),
        nw.coalesce("day", "ended").alias("day"),
        "other",
    )
