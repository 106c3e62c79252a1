"""What the tariffs say a stay is worth, beside what was paid for it.

New tariffs begin on 1 March and a stay follows those of its last day, so a calendar year has two.
A group of patients (GHM) may have several lines (GHS): stays are priced by theirs.
"""

from __future__ import annotations

import narwhals as nw
import pandas as pd

from studylib.errors import TableError
from studylib.sources.engine import Frame
from studylib.sources.snds.hospital import OpenedStays
from studylib.sources.snds.hospital_drugs import calendar

FIRST_MONTH = 3
COLUMNS = ("ghm", "ghs", "year", "tariff")


def tariff_year(month: str) -> nw.Expr:
    """The tariff year of a month (YYYYMM): January and February belong to the year before."""
    year, number = nw.col(month) // 100, nw.col(month) % 100
    return nw.when(number < FIRST_MONTH).then(year - 1).otherwise(year)


def read_tariffs(opened: OpenedStays, tariffs: pd.DataFrame) -> Frame:
    """Tariff of every kept stay, linked or not: stay_id, ghm, ghs, tariff (euros).

    ``tariffs`` has ghm, ghs, year (of tariff) and tariff, one row per line and year; a stay whose
    line is not there has no tariff. TableError when a line repeats.
    """
    absent = [name for name in COLUMNS if name not in tariffs]
    if absent:
        raise TableError(
            f"Tarifs des GHS : colonnes absentes {', '.join(absent)} ; "
            f"attendu {', '.join(COLUMNS)}."
        )
    if tariffs.duplicated(["ghm", "ghs", "year"]).any():
        raise TableError(
            "Tarifs des GHS : un GHS y figure deux fois pour un même GHM et une année."
        )
    engine = opened.raw.engine
    listed = engine.load(tariffs[list(COLUMNS)], "ghs_tariffs")
    days = calendar(engine).select(nw.col("day").alias("exit"), "day_month")
    stays = opened.kept.select("stay_id", "ghm", "ghs", (nw.col("end") - 1).alias("exit"))
    dated = engine.checkpoint(
        stays.join(days, on="exit", how="left").select(
            "stay_id", "ghm", "ghs", tariff_year("day_month").alias("year")
        ),
        "stay_years",
    )
    priced = dated.join(listed, on=["ghm", "ghs", "year"], how="left")
    return priced.select("stay_id", "ghm", "ghs", "tariff")
