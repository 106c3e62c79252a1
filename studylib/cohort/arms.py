"""Days of treatment restricted before anyone enters: one arm only, first exposure only."""

from __future__ import annotations

import narwhals as nw
import pandas as pd

from studylib.sources import Engine, Frame


def one_arm_only(engine: Engine, days: Frame) -> Frame:
    """The SUPPLY rows of persons who never received two arms, whenever it was. Checkpointed.

    What follows a person's index is known only later: ask for it to reproduce a study that did
    so, not by habit. Given to ``new_users`` as ``days``.
    """
    arms = days.select("person_id", "arm").unique().group_by("person_id")
    several = arms.agg(nw.len().alias("arms")).filter(nw.col("arms") > 1)
    alone = days.join(several.select("person_id"), on="person_id", how="anti")
    return engine.checkpoint(alone, "one_arm_only")


def first_exposure(engine: Engine, days: Frame) -> Frame:
    """The SUPPLY rows of each person's first day of each arm. Checkpointed."""
    firsts = days.group_by("person_id", "arm").agg(nw.col("start").min().alias("first"))
    found = days.join(firsts, on=["person_id", "arm"], how="inner")
    return engine.checkpoint(
        found.filter(nw.col("start") == nw.col("first")).drop("first"), "first_exposure"
    )


def persons_by_arm(engine: Engine, people: Frame) -> pd.DataFrame:
    """How many persons ``people`` has in each arm: arm, persons; any table with both columns."""
    persons = people.select("person_id", "arm").unique().group_by("arm")
    counts = engine.collect(persons.agg(nw.len().cast(nw.Int64()).alias("persons")))
    return counts.sort_values("arm", ignore_index=True)
