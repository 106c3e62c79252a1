"""When persons are observed, periods that touch or overlap being one."""

from __future__ import annotations

import narwhals as nw

from studylib.sources import Engine, Frame


def continuous(engine: Engine, observation: Frame) -> Frame:
    """Observation as person_id, observed_from, observed_to, one row per unbroken stretch.

    A period that begins on or before the day another ends goes on from it: a change of scheme or
    of year is no interruption. Checkpointed.
    """
    ends = observation.with_columns(
        nw.col("end").cum_max().over("person_id", order_by=["start", "end"]).alias("until")
    )
    before = nw.col("until").shift(1).over("person_id", order_by=["start", "end"])
    broken = ends.with_columns(before.alias("before")).with_columns(
        nw.when(nw.col("start") > nw.col("before")).then(1).otherwise(0).alias("break")
    )
    numbered = broken.with_columns(
        nw.col("break").cum_sum().over("person_id", order_by=["start", "end"]).alias("stretch")
    )
    stretches = numbered.group_by("person_id", "stretch").agg(
        nw.col("start").min().alias("observed_from"), nw.col("end").max().alias("observed_to")
    )
    return engine.checkpoint(stretches.drop("stretch"), "observed")
