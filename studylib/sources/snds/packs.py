"""Packs: their code, their ATC on the day they were dispensed, and what they cover.

ATC comes from IR_PHA_R, historised: the line valid on the day of dispensing. A pack covers its
units times the defined daily doses of a unit where the referential tells both, else 90 days when
it is a large pack (PHA_GRD_CND) and 30 days otherwise, the rule of SCALPEL3 (CNAM and École
polytechnique).
"""

from __future__ import annotations

import narwhals as nw
import pandas as pd

from studylib.sources.engine import Frame
from studylib.sources.snds.raw import Raw

EVER = 1_000_000  # a day after all others
SMALL_PACK, LARGE_PACK = 30, 90  # days covered by a box
_LARGE = ("O", "1", "GC")
_PREFIX = "34009"


def cip13() -> nw.Expr:
    """The CIP13, rebuilt from the CIP7 (34009, CIP7, EAN-13 key) where it stands alone."""
    seven = nw.col("PHA_PRS_IDE")
    fixed = sum(int(digit) * (3 if i % 2 else 1) for i, digit in enumerate(_PREFIX))
    total = nw.lit(fixed)
    for place in range(7):
        weight = 3 if (place + len(_PREFIX)) % 2 else 1
        total = total + seven.str.slice(place, 1).cast(nw.Int64()) * weight
    key = ((10 - total % 10) % 10).cast(nw.String())
    rebuilt = nw.concat_str([nw.lit(_PREFIX), seven, key])
    known = nw.col("PHA_PRS_C13")
    return nw.when(~known.is_null()).then(known).otherwise(nw.when(written(seven)).then(rebuilt))


def written(seven: nw.Expr) -> nw.Expr:
    """Whether a CIP7 is one: seven characters, all digits."""
    return seven.str.contains("^[0-9]{7}$")


def packs(raw: Raw) -> pd.DataFrame:
    """One row per pack and period: cip13, atc ("" when none), from_, to_, units, pack_days.

    Periods of a pack are half-open and cover all time: nothing dispensed is lost for lying before
    the first line of its history. ``units`` is null when not told as a number.
    """
    rows = raw.engine.collect(raw.table("IR_PHA_R"))
    code = rows["PHA_ATC_C07"].fillna(rows["PHA_ATC_CLA"]).fillna("").str.upper()
    units = pd.to_numeric(rows["PHA_UNT_NBR_DSES"].str.extract(r"^\s*(\d+)\s*$")[0])
    table = pd.DataFrame(
        {
            "cip13": rows["PHA_CIP_C13"],
            "atc": code,
            "from_": rows["PHA_DTE_DEB"].fillna(-EVER).astype("int64"),
            "units": units.astype("float64"),
            "pack_days": _days(units, rows["PHA_DDD_NBR"], rows["PHA_GRD_CND"]),
        }
    ).dropna(subset=["cip13"])
    return historised(table)


def historised(table: pd.DataFrame) -> pd.DataFrame:
    """Adds ``to_`` and lets each pack's periods cover all time."""
    ordered = table.sort_values(["cip13", "from_", "atc"]).drop_duplicates(["cip13", "from_"])
    following = ordered.groupby("cip13")["from_"].shift(-1)
    first = ~ordered.duplicated("cip13")
    return ordered.assign(
        from_=ordered["from_"].where(~first, -EVER),
        to_=following.fillna(EVER).astype("int64"),
    ).reset_index(drop=True)


def _days(units: pd.Series, daily: pd.Series, large: pd.Series) -> pd.Series:
    rule = large.isin(_LARGE).map({True: LARGE_PACK, False: SMALL_PACK}).astype("float64")
    covered = units * pd.to_numeric(daily)
    return covered.where(covered > 0).fillna(rule)


def with_packs(lines: Frame, table: Frame) -> Frame:
    """Adds atc, units, pack_days and ``in_referential`` to lines that have cip13 and day."""
    joined = lines.join(table.with_columns(nw.lit(True).alias("found")), on="cip13", how="left")
    valid = (nw.col("day") >= nw.col("from_")) & (nw.col("day") < nw.col("to_"))
    return (
        joined.filter(nw.col("found").is_null() | valid)
        .with_columns(
            nw.col("atc").fill_null(""),
            nw.col("pack_days").fill_null(float(SMALL_PACK)),
            nw.col("found").fill_null(False).alias("in_referential"),
        )
        .drop("found", "from_", "to_")
    )
