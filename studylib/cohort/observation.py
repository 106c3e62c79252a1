"""When persons are observed, periods that touch, overlap or nearly follow being one."""

from __future__ import annotations

import narwhals as nw

from studylib.errors import StudyError
from studylib.sources import Engine, Frame


def continuous(engine: Engine, observation: Frame, *, gap_days: int = 0) -> Frame:
    """Observation as person_id, observed_from, observed_to, one row per unbroken stretch.

    A period that begins at most ``gap_days`` after the day another ends goes on from it: with 0, a
    change of scheme or of year is no interruption, and a single day unobserved is one. The days of
    a gap that is bridged count as observed. Checkpointed.
    """
    if gap_days < 0:
        raise StudyError(
            f"Observation : interruption tolérée de {gap_days} jours ; elle doit être nulle ou "
            "positive."
        )
    ends = observation.with_columns(
        nw.col("end").cum_max().over("person_id", order_by=["start", "end"]).alias("until")
    )
    before = nw.col("until").shift(1).over("person_id", order_by=["start", "end"])
    late = nw.col("start") - nw.col("before") > gap_days
    broken = ends.with_columns(before.alias("before")).with_columns(
        nw.when(late).then(1).otherwise(0).alias("break")
    )
    numbered = broken.with_columns(
        nw.col("break").cum_sum().over("person_id", order_by=["start", "end"]).alias("stretch")
    )
    stretches = numbered.group_by("person_id", "stretch").agg(
        nw.col("start").min().alias("observed_from"), nw.col("end").max().alias("observed_to")
    )
    return engine.checkpoint(stretches.drop("stretch"), "observed")
