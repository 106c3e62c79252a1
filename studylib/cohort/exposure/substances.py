"""Every substance a person takes, in time: episodes by substance, how much is in use each day."""

from __future__ import annotations

import narwhals as nw

from studylib.cohort.exposure.episodes import covered
from studylib.cohort.supply import summed
from studylib.errors import StudyError
from studylib.sources import Frame, Source


def substance_episodes(
    source: Source,
    persons: Frame,
    *,
    span: tuple[int, int],
    history_days: int,
    grace_days: int,
    carry_over: bool,
) -> Frame:
    """Episodes of each substance for these persons: person_id, arm (the ATC code), start, end.

    Dispensings that begin in the ``history_days`` before ``span`` and until its end are looked at;
    see ``cohort.episodes`` for ``grace_days`` and ``carry_over``. Episodes are cut at the end of
    the span, not at its beginning, so that a treatment begun before keeps its length. Checkpointed.
    """
    if history_days < 0:
        raise StudyError(
            f"Substances : {history_days} jours d'historique ; il en faut zéro ou plus."
        )
    first, end = span
    given = (
        source.table("dispensings")
        .filter((nw.col("start") >= first - history_days) & (nw.col("start") < end))
        .join(persons.select("person_id"), on="person_id", how="semi")
        .select(
            "person_id",
            nw.col("atc").alias("arm"),
            "start",
            (nw.col("end") - nw.col("start")).alias("days"),
        )
    )
    daily = summed(source.engine, given)
    spans = covered(source.engine, daily, grace_days=grace_days, carry_over=carry_over)
    cut = nw.min_horizontal("end", nw.lit(end)).cast(nw.Int64()).alias("end")
    return source.engine.checkpoint(spans.with_columns(cut), "substances")


def merged(source: Source, spans: Frame, *, grace_days: int) -> Frame:
    """Spans of one arm that overlap, touch or leave at most ``grace_days`` between them, as one.

    ``spans`` has person_id, arm, start, end; so has what comes back. Checkpointed.
    """
    longest = spans.group_by("person_id", "arm", "start").agg(nw.col("end").max().alias("end"))
    days = longest.with_columns((nw.col("end") - nw.col("start")).alias("days"))
    kept = days.filter(nw.col("days") > 0).select("person_id", "arm", "start", "days")
    return covered(source.engine, kept, grace_days=grace_days, carry_over=False)


def load_over_time(source: Source, spans: Frame) -> Frame:
    """Stretches of constant load: person_id, arm, start, end, load (the sum of weights in use).

    ``spans`` has person_id, arm, start, end and weight, a whole number; with weights of 1 the load
    is the number of spans in use. Stretches without load are left out. Checkpointed.
    """
    edges = nw.concat(
        [
            spans.select("person_id", "arm", nw.col("start").alias("day"), "weight"),
            spans.select(
                "person_id", "arm", nw.col("end").alias("day"), (-nw.col("weight")).alias("weight")
            ),
        ]
    )
    by = ("person_id", "arm")
    changes = edges.group_by(*by, "day").agg(nw.col("weight").sum().cast(nw.Int64()).alias("by"))
    ordered = changes.with_columns(
        nw.col("by").cum_sum().over(*by, order_by="day").cast(nw.Int64()).alias("load"),
        nw.col("day").shift(-1).over(*by, order_by="day").alias("end"),
    )
    stretches = ordered.filter((nw.col("load") > 0) & ~nw.col("end").is_null())
    named = stretches.select("person_id", "arm", nw.col("day").alias("start"), "end", "load")
    return source.engine.checkpoint(named, "load")


def days_within(spans: Frame, span: tuple[int, int]) -> Frame:
    """The spans that have a day in ``span``, with a column ``inside``: how many days of it."""
    first, end = span
    inside = nw.min_horizontal("end", nw.lit(end)) - nw.max_horizontal("start", nw.lit(first))
    overlapping = spans.filter((nw.col("start") < end) & (nw.col("end") > first))
    return overlapping.with_columns(inside.cast(nw.Int64()).alias("inside"))
