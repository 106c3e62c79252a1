"""Which hospital drugs are paid on top of the stay, when, and at most at what price.

The shipped table is small: the monoclonal antibodies the simulator gives, with the dates and
responsibility tariffs (taxes included) of the orders published in the Journal officiel from 2005
to November 2021, as the ATIH's history of the list gathers them (through the package nomensland).
ATC codes are those in force since 2024. The full list comes with the referential ``liste_en_sus``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources

import pandas as pd

from studylib import referentials
from studylib.errors import TableError

EPOCH = date(1970, 1, 1)
LAST_MONTH = (2039, 12)
_FLOATS = ("end", "tariff")  # missing while it goes on, or without a published tariff
COLUMNS = ("ucd7", "label", "atc", "start", "end", "tariff")


@dataclass(frozen=True)
class ListeEnSus:
    """The list as periods of one tariff: ucd7, label, atc, start, end, tariff.

    Days since 1970-01-01, half-open, ``end`` missing while it goes on; euros per unit, missing
    when the code is on the list without a published tariff.
    """

    periods: pd.DataFrame

    def __post_init__(self) -> None:
        absent = [name for name in COLUMNS if name not in self.periods]
        if absent:
            raise TableError(
                f"Liste en sus : colonnes absentes {', '.join(absent)} ; "
                f"attendu {', '.join(COLUMNS)}."
            )
        wrong = self.periods[~self.periods["ucd7"].astype(str).str.fullmatch(r"\d{7}")]
        if len(wrong):
            raise TableError(
                f"Liste en sus, colonne ucd7 : « {wrong['ucd7'].iloc[0]} » n'a pas 7 chiffres ; "
                "donner le code UCD court, en texte."
            )

    @classmethod
    def shipped(cls) -> ListeEnSus:
        """The project's own small list.

        >>> listed = ListeEnSus.shipped().periods
        >>> listed[listed["ucd7"] == "9261104"]["tariff"].iloc[-1]
        np.float64(168.595)
        """
        return cls(_shipped())

    @classmethod
    def at_hand(cls) -> ListeEnSus:
        """The full list when the referential ``liste_en_sus`` is there, else the project's own."""
        if not referentials.versions("liste_en_sus").empty:
            full = referentials.en_sus_price_periods()
            return cls(full.assign(**{name: full[name].astype("float64") for name in _FLOATS}))
        return cls.shipped()

    def tariff(self, ucd7: str, day: int) -> float | None:
        """Tariff in force that day; None when off the list, or without a tariff."""
        rows = self.periods[self.periods["ucd7"] == ucd7]
        inside = rows[(rows["start"] <= day) & (rows["end"].isna() | (rows["end"] > day))]
        value = inside["tariff"].iloc[-1] if len(inside) else None
        return None if value is None or pd.isna(value) else float(value)

    def by_month(self) -> pd.DataFrame:
        """One row per code and month on the list: the hospital writes the month, seldom the day.

        Columns: ucd7, month (YYYYMM), atc, tariff (at the beginning of its presence in the month),
        change_day (when another tariff begins within the month, else missing), next_tariff, listed
        (True).
        """
        rows = [
            (ucd7, month, atc, start, tariff)
            for ucd7, atc, start, end, tariff in self.periods[
                ["ucd7", "atc", "start", "end", "tariff"]
            ].to_numpy()
            for month in _months(start, end)
        ]
        table = pd.DataFrame(rows, columns=["ucd7", "month", "atc", "start", "tariff"])
        table["listed"] = True
        table = table.sort_values(["ucd7", "month", "start"], ignore_index=True)
        firsts = table.drop_duplicates(["ucd7", "month"]).drop(columns="start")
        later = table[table.duplicated(["ucd7", "month"])]
        changes = later.drop_duplicates(["ucd7", "month"], keep="last")[
            ["ucd7", "month", "start", "tariff"]
        ].rename(columns={"start": "change_day", "tariff": "next_tariff"})
        merged = firsts.merge(changes, on=["ucd7", "month"], how="left")
        return merged.astype({"change_day": "float64", "next_tariff": "float64"})


@cache
def _shipped() -> pd.DataFrame:
    file = resources.files("studylib.sources.snds") / "referential" / "liste_en_sus.csv"
    with file.open(encoding="utf-8") as stream:
        table = pd.read_csv(stream, dtype={"ucd7": str})
    for column in ("start", "end"):
        table[column] = table[column].map(_day, na_action="ignore").astype("float64")
    return table.astype({"start": "int64"})


def _day(text: str) -> int:
    return (date.fromisoformat(text) - EPOCH).days


def _months(start: int, end: float) -> list[int]:
    """Months (YYYYMM) that the period touches, to the end of 2039 when it goes on."""
    first = date.fromordinal(int(start) + EPOCH.toordinal())
    last = LAST_MONTH
    if not pd.isna(end):
        closing = date.fromordinal(int(end) - 1 + EPOCH.toordinal())
        last = (closing.year, closing.month)
    span = range(first.year * 12 + first.month - 1, last[0] * 12 + last[1])
    return [number // 12 * 100 + number % 12 + 1 for number in span]
