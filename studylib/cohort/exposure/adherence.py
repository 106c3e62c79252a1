"""How much of the time a treatment is at hand, and how long it is kept."""

from __future__ import annotations

import narwhals as nw

from studylib.cohort.exposure.episodes import at_index, episodes
from studylib.cohort.people import Cohort
from studylib.errors import StudyError
from studylib.sources import Frame


def days_covered(
    cohort: Cohort,
    *,
    window_days: int = 365,
    carry_over: bool = True,
    days: Frame | None = None,
) -> Frame:
    """Proportion of days covered (PDC) by the arm of index: the key, covered, window, pdc.

    The window runs from the index day for ``window_days`` days, cut by death (that day counts) and
    by the end of observation. ``covered`` counts its days that lie in an episode of the arm without
    any grace: each day once, supply at hand from before index included, and what is dispensed
    early used after what is at hand (``carry_over``) or not. ``pdc`` is covered / window, from 0
    to 1. Checkpointed.
    """
    if window_days < 1:
        raise StudyError(f"Jours couverts sur {window_days} jours : il en faut au moins un.")
    spans = episodes(cohort, grace_days=0, carry_over=carry_over, days=days)
    until = nw.min_horizontal(
        nw.col("index_date") + window_days, nw.col("death_date") + 1, nw.col("observed_to")
    )
    people = cohort.index("arm", "death_date", "observed_to").with_columns(until.alias("until"))
    people = cohort.source.engine.checkpoint(people, "windows")
    keys = list(cohort.key)
    inside = nw.min_horizontal("end", "until") - nw.max_horizontal("start", "index_date")
    covered = (
        people.join(spans, on=["person_id", "arm"], how="inner")
        .filter((nw.col("start") < nw.col("until")) & (nw.col("end") > nw.col("index_date")))
        .with_columns(inside.alias("inside"))
        .group_by(*keys)
        .agg(nw.col("inside").sum().cast(nw.Int64()).alias("covered"))
    )
    table = people.join(covered, on=keys, how="left").select(
        *keys,
        nw.col("covered").fill_null(0).cast(nw.Int64()),
        (nw.col("until") - nw.col("index_date")).cast(nw.Int64()).alias("window"),
    )
    share = nw.col("covered").cast(nw.Float64()) / nw.col("window").cast(nw.Float64())
    return cohort.source.engine.checkpoint(table.with_columns(share.alias("pdc")), "days_covered")


def persistence(
    cohort: Cohort,
    *,
    grace_days: int = 30,
    follow_up_days: int = 365,
    carry_over: bool = True,
    days: Frame | None = None,
) -> Frame:
    """Time to discontinuation of the arm of index: the FOLLOW_UP columns and region. Checkpointed.

    Time runs from index to the end of the episode that holds the index day (see ``episodes``). The
    event, whose reason is ``outcome``, is a discontinuation: the supply ran out before any other
    end of time, and the person then lived and was observed for the ``grace_days`` in which a
    renewal would have bridged the gap. Without that, the person is censored the day the supply ran
    out, by ``death`` when that is what ended the wait, else by ``end_of_observation``. Otherwise
    time ends with death (that day counts), the end of observation or ``follow_up_days``: the reason
    is the first of death, end_of_observation and end_of_follow_up that falls on the exit day.
    Persons in no episode on the index day are absent.
    """
    if follow_up_days < 1:
        raise StudyError(f"Persistance sur {follow_up_days} jours : il en faut au moins un.")
    spans = episodes(cohort, grace_days=grace_days, carry_over=carry_over, days=days)
    exits = _exits(cohort, spans, grace_days, follow_up_days)
    columns = ("arm", "region", "exit", "event", "exit_reason")
    table = exits.select(*dict.fromkeys((*cohort.follow_up_key, "person_id", "entry", *columns)))
    return cohort.source.engine.checkpoint(table, "persistence")


def _exits(cohort: Cohort, spans: Frame, grace_days: int, follow_up_days: int) -> Frame:
    """The cohort's rows in an episode at index, with entry, exit, event and exit_reason."""
    keys = list(cohort.key)
    own = at_index(cohort, spans).select(*keys, nw.col("end").alias("ended"))
    people = cohort.people.join(own, on=keys, how="inner").with_columns(
        (nw.col("death_date") + 1).alias("after_death"),
        (nw.col("index_date") + follow_up_days).alias("horizon"),
    )
    cut = nw.min_horizontal("after_death", "observed_to", "horizon")
    seen_to = nw.min_horizontal("after_death", "observed_to")
    bounded = people.with_columns(cut.alias("cut"), seen_to.alias("seen_to"))
    ran_out = nw.col("ended") < nw.col("cut")
    renewable = nw.col("ended") + grace_days <= nw.col("seen_to")
    exits = bounded.with_columns(
        (ran_out & renewable).alias("event"),
        nw.when(ran_out).then(nw.col("ended")).otherwise(nw.col("cut")).alias("exit"),
    )
    died = nw.col("after_death") == nw.when(ran_out).then(nw.col("seen_to")).otherwise(
        nw.col("cut")
    )
    unseen = ran_out | (nw.col("observed_to") == nw.col("cut"))
    censored = (
        nw.when(died.fill_null(False))
        .then(nw.lit("death"))
        .otherwise(
            nw.when(unseen).then(nw.lit("end_of_observation")).otherwise(nw.lit("end_of_follow_up"))
        )
    )
    reason = nw.when(nw.col("event")).then(nw.lit("outcome")).otherwise(censored)
    return exits.with_columns(nw.col("index_date").alias("entry"), reason.alias("exit_reason"))
