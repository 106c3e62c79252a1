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


def spelled_regions() -> pd.DataFrame:
    """The same for lines of the DCIR: BEN_RES_DPT, home_region (a number, small to keep)."""
    table = spellings()
    return pd.DataFrame(
        {"BEN_RES_DPT": table["home"], "home_region": table["region"].astype("int8")}
    )


def unknown_spellings(homes: pd.DataFrame) -> pd.DataFrame:
    """Rows of ``homes`` whose department no referential knows under that spelling."""
    known = set(departments_by_spelling()["spelling"])
    return homes[~homes["home"].isin(known) & homes["home"].notna()]


def places(engine: Engine, lines: Frame) -> Frame:
    """What the lines kept tell of each person: person_id, first, exempted.

    ``first`` is the first day with a known region, times 100, plus that region (null when none);
    ``exempted`` whether an ALD exempted any care. ``lines`` has person_id, day, region (a number,
    null when unknown), exempted and reason (null when the line is kept).
    """
    ranked = lines.filter(nw.col("reason").is_null()).select(
        "person_id", "exempted", (nw.col("day") * _WIDTH + nw.col("region")).alias("rank")
    )
    told = ranked.group_by("person_id").agg(
        nw.col("rank").min().alias("first"), nw.col("exempted").any()
    )
    return engine.checkpoint(told, "places")


def with_region(engine: Engine, stays: Frame) -> Frame:
    """Adds ``region``, that of the INSEE ``department`` (99 when it is of none)."""
    known = engine.load(spellings().rename(columns={"home": "department"}), "departments")
    placed = stays.join(known, on="department", how="left")
    return placed.with_columns(nw.col("region").fill_null(UNKNOWN))


def regions(engine: Engine, persons: Frame, care: Sequence[Frame]) -> Frame:
    """Region of each person: person_id, region.

    That of the first care in the period (drug or visit) whose department is known; of a same day,
    the lowest code. Without any, the department of the person referential; else 99. ``care`` are
    the ``places`` of drugs and of visits.
    """
    seen = nw.concat([frame.select("person_id", "first") for frame in care])
    first = seen.group_by("person_id").agg(nw.col("first").min())
    told = (nw.col("first") % _WIDTH).cast(nw.String()).str.zfill(2)
    named = first.filter(~nw.col("first").is_null()).select("person_id", told.alias("told"))
    own = engine.load(spellings().rename(columns={"region": "own"}), "spellings")
    placed = persons.join(named, on="person_id", how="left").join(own, on="home", how="left")
    return placed.select("person_id", nw.coalesce("told", "own").fill_null(UNKNOWN).alias("region"))
