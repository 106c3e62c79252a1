"""Who prescribes drugs dispensed in town: an establishment of BE_IDE_R, or a practitioner."""

from __future__ import annotations

import narwhals as nw
import pandas as pd

from studylib.sources.snds.raw import Raw


def by_eight_characters(raw: Raw) -> pd.DataFrame:
    """One row per establishment: eight (FINESS as ETB_PRE_FIN writes it, without key), nine.

    Of two establishments with the same eight characters, which the key would tell apart, the
    first in order.
    """
    rows = raw.engine.collect(raw.table("BE_IDE_R", ["IDE_ETA_NUM", "IDE_ETA_NU8"]))
    table = rows.dropna().sort_values(["IDE_ETA_NU8", "IDE_ETA_NUM"])
    first = table.drop_duplicates("IDE_ETA_NU8")
    return pd.DataFrame(
        {"eight": first["IDE_ETA_NU8"].astype(str), "nine": first["IDE_ETA_NUM"].astype(str)}
    ).reset_index(drop=True)


def in_town() -> nw.Expr:
    """The number of who prescribed in town; null for a hospital, or when no line tells it."""
    told = nw.col("establishment").is_null() & (nw.col("prescriber") != "")
    return nw.when(told).then(nw.col("prescriber"))
