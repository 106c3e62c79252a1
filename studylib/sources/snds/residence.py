"""Where persons live, told by their care rather than by a referential that is overwritten."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw
import pandas as pd

from studylib.referentials import departments_by_spelling
from studylib.sources.engine import Engine, Frame

UNKNOWN = "99"  # region of persons whose department is nowhere told
_WIDTH = 100  # two digits of region below the day


def spellings() -> pd.DataFrame:
    """One row per spelling of a department that belongs to a region: home, region."""
    table = departments_by_spelling()[["spelling", "region"]].dropna(subset=["region"])
    return table.rename(columns={"spelling": "home"}).reset_index(drop=True)


def unknown_spellings(homes: pd.DataFrame) -> pd.DataFrame:
    """Rows of ``homes`` whose department no referential knows under that spelling."""
    known = set(departments_by_spelling()["spelling"])
    return homes[~homes["home"].isin(known) & homes["home"].notna()]


def regions(engine: Engine, persons: Frame, care: Sequence[Frame]) -> Frame:
    """Region of each person: person_id, region.

    That of the first care in the period (drug or visit) whose department is known; of a same day,
    the lowest code. Without any, the department of the person referential; else 99.
    """
    named = engine.load(spellings(), "spellings")
    coded = named.with_columns(nw.col("region").cast(nw.Int64()).alias("code"))
    seen = nw.concat([frame.select("person_id", "day", "home") for frame in care])
    first = (
        first_known(seen.join(coded, on="home", how="inner"))
        .with_columns((nw.col("first") % _WIDTH).cast(nw.String()).str.zfill(2).alias("told"))
        .select("person_id", "told")
    )
    own = named.select("home", nw.col("region").alias("own"))
    placed = persons.join(first, on="person_id", how="left").join(own, on="home", how="left")
    return placed.select("person_id", nw.coalesce("told", "own").fill_null(UNKNOWN).alias("region"))


def first_known(seen: Frame) -> Frame:
    """The first day and region of each person: person_id, first (day times 100 plus region)."""
    ranked = seen.with_columns((nw.col("day") * _WIDTH + nw.col("code")).alias("rank"))
    return ranked.group_by("person_id").agg(nw.col("rank").min().alias("first"))
