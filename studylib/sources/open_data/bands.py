"""Population in the age bands of the spending file: common ones, or ten-year ones apportioned."""

from __future__ import annotations

from typing import Literal

import pandas as pd

Bands = Literal["common", "fine"]

# Ten-year bands of the spending file, and those it shares with Insee's yearly table.
COMMON = {
    "0-19": "0-19",
    "20-29": "20-39",
    "30-39": "20-39",
    "40-49": "40-59",
    "50-59": "40-59",
    "60-69": "60+",
    "70-79": "60+",
    "80+": "60+",
}
YEARLY_TO_COMMON = {
    "0-19": "0-19",
    "20-39": "20-39",
    "40-59": "40-59",
    "60-74": "60+",
    "75+": "60+",
}
_YEARLY_STARTS = {0: "0-19", 20: "20-39", 40: "40-59", 60: "60-74", 75: "75+"}
_FINE_STARTS = {
    0: "0-19",
    20: "20-29",
    30: "30-39",
    40: "40-49",
    50: "50-59",
    60: "60-69",
    70: "70-79",
    80: "80+",
}


def spending_band(age_band: pd.Series, bands: Bands) -> pd.Series:
    """Age bands of the spending file in ``common`` or ``fine`` bands; unknown stays unknown.

    >>> spending_band(pd.Series(["30-39", "80+", "unknown"]), "common").tolist()
    ['20-39', '60+', 'unknown']
    """
    if bands == "fine":
        return age_band
    return age_band.map(COMMON).fillna("unknown")


def common_population(yearly: pd.DataFrame) -> pd.DataFrame:
    """Yearly population in the four common bands: zone, age_band, sex, population."""
    frame = yearly.assign(age_band=yearly["age_band"].map(YEARLY_TO_COMMON))
    return _summed(frame)


def fine_population(yearly: pd.DataFrame, five_year: pd.DataFrame) -> pd.DataFrame:
    """Yearly population in ten-year bands, each yearly class split as the five-year table is.

    The split is that of the same zone and sex, within 0-19, 20-39, 40-59, 60-74 and 75+, at the
    date of the five-year table: totals stay those of the yearly table.
    """
    start = five_year["age_band"].str.extract(r"^(\d+)")[0].astype(int)
    groups = five_year.assign(
        age_band=start.map(lambda age: _containing(age, _YEARLY_STARTS)),
        fine=start.map(lambda age: _containing(age, _FINE_STARTS)),
    )
    keys = ["zone", "sex", "age_band"]
    shape = groups.groupby([*keys, "fine"], as_index=False)["population"].sum()
    shape["share"] = shape["population"] / shape.groupby(keys)["population"].transform("sum")
    split = yearly[[*keys, "population"]].merge(shape[[*keys, "fine", "share"]], on=keys)
    split["population"] = split["population"] * split["share"]
    split = split.drop(columns="age_band").rename(columns={"fine": "age_band"})
    return _summed(split)


def _summed(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.groupby(["zone", "age_band", "sex"])["population"].sum().reset_index()


def _containing(age: int, starts: dict[int, str]) -> str:
    return starts[max(start for start in starts if start <= age)]
