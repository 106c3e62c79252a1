"""Which hospital drugs are paid on top of the stay, when, and at most at what price.

The shipped table is small: the monoclonal antibodies the simulator gives, with the dates and
responsibility tariffs (taxes included) of the orders published in the Journal officiel from 2005
to November 2021, as the ATIH's history of the list gathers them (through the package nomensland).
ATC codes are those in force since 2024. A full list is given to ``ListeEnSus`` in the same form.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources

import pandas as pd

from studylib.errors import TableError

EPOCH = date(1970, 1, 1)
LAST_MONTH = (2039, 12)
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
    def from_events(cls, events: pd.DataFrame) -> ListeEnSus:
        """The list from its history of events, as the library of referentials gives it.

        Columns: ucd7, label, atc, event (inscription, tarif, radiation; others change nothing
        here), published and effective (dates; the first stands for a missing second) and
        price_with_tax. A code whose first event is a tariff is on the list from that day.
        """
        known = events[events["event"].isin(["inscription", "tarif", "radiation"])].copy()
        when = pd.to_datetime(known["effective"]).fillna(pd.to_datetime(known["published"]))
        known["day"] = (when - pd.Timestamp(EPOCH)).dt.days
        rows: list[dict[str, object]] = []
        for _, history in known.sort_values("day", kind="stable").groupby("ucd7"):
            rows += _periods(history)
        return cls(pd.DataFrame(rows, columns=list(COLUMNS)))

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


def _periods(history: pd.DataFrame) -> list[dict[str, object]]:
    """Periods of one code from its events in order: what is said last of a day holds."""
    described = history.iloc[-1]
    steps: dict[int, tuple[bool, float]] = {}
    listed, tariff = False, float("nan")
    for event, day, price in history[["event", "day", "price_with_tax"]].itertuples(index=False):
        listed = event != "radiation"
        if event == "tarif" and not pd.isna(price):
            tariff = float(price)
        steps[int(day)] = (listed, tariff)
    days = [*steps, None]
    return [
        {
            "ucd7": described["ucd7"],
            "label": described["label"],
            "atc": described["atc"],
            "start": day,
            "end": float("nan") if days[rank + 1] is None else days[rank + 1],
            "tariff": steps[day][1],
        }
        for rank, day in enumerate(steps)
        if steps[day][0]
    ]


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
