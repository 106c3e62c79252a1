"""Persons by which of two treatments they began first, and how far apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from studylib.errors import EstimationError, refuse_counts
from studylib.risk.received import received
from studylib.risk.sequence_schemas import GAPS, SEQUENCES
from studylib.tables import check

SameDay = Literal["drop", "split", "index_first", "marker_first"]
Days = NDArray[np.int64]
NAME = "Symétrie de séquences"
WEEK = 7


@dataclass(frozen=True)
class Starts:
    """Days on which persons began each treatment, and the gaps of those who began both.

    A gap counts the days from index start to marker start, negative the other way round.
    """

    index: Days
    marker: Days
    gaps: Days

    @classmethod
    def of(cls, first_uses: pd.DataFrame) -> Starts:
        """Read from ``cohort.first_uses``; EstimationError for a column or a person that is wrong.

        A missing day says that the person did not begin that treatment.
        """
        days = ["index_day", "marker_day"]
        read = received(first_uses, NAME, "first_uses", keys=["person_id"], may_lack=days)
        if read["person_id"].duplicated().any():
            raise EstimationError(
                f"{NAME} : des personnes figurent deux fois ; une ligne par personne, avec son "
                "premier jour de chaque traitement."
            )
        both = read.dropna(subset=days)
        index, marker = (read[name].dropna().to_numpy(np.int64) for name in days)
        return cls(index, marker, (both["marker_day"] - both["index_day"]).to_numpy(np.int64))


@dataclass(frozen=True)
class Orders:
    """Persons by which treatment they began first, within the window; same-day starts apart."""

    index_first: int
    marker_first: int
    same_day: int

    def counted(self, rule: SameDay) -> tuple[float, float]:
        """The two orders under the rule for same-day starts."""
        to_index = {"index_first": 1.0, "split": 0.5}.get(rule, 0.0) * self.same_day
        to_marker = {"marker_first": 1.0, "split": 0.5}.get(rule, 0.0) * self.same_day
        return self.index_first + to_index, self.marker_first + to_marker


def orders(starts: Starts, window: int, blackout: int) -> Orders:
    """Persons who began both more than ``blackout`` and at most ``window`` days apart, by order."""
    refuse_windows(window, blackout)
    gap = starts.gaps
    near = (np.abs(gap) > blackout) & (np.abs(gap) <= window)
    return Orders(
        int((near & (gap > 0)).sum()), int((near & (gap < 0)).sum()), int((gap == 0).sum())
    )


def refuse_windows(window: int, blackout: int) -> None:
    """EstimationError for windows that are no whole days, or hold none."""
    refuse_counts(NAME, 1, window=window)
    refuse_counts(NAME, 0, blackout=blackout)
    if blackout >= window:
        raise EstimationError(
            f"{NAME} : fenêtre de {window} jours et écart minimal de {blackout} ; la fenêtre doit "
            "dépasser l'écart minimal."
        )


def sequences(
    first_uses: pd.DataFrame, *, index: str, marker: str, window: int = 365, blackout: int = 0
) -> pd.DataFrame:
    """Persons by order of their first uses: a SEQUENCES table, same-day starts a row of their own.

    >>> uses = pd.DataFrame({"person_id": [1, 2], "index_day": [10, 10], "marker_day": [30, 10]})
    >>> sequences(uses, index="A", marker="B")["persons"].tolist()
    [1, 0, 1]
    """
    found = orders(Starts.of(first_uses), window, blackout)
    named = ["index_first", "marker_first", "same_day"]
    counts = [found.index_first, found.marker_first, found.same_day]
    table = pd.DataFrame({"sequence": named, "persons": counts})
    return check(table.assign(population="", comparison=f"{index} → {marker}"), SEQUENCES)


def gaps_by_week(
    first_uses: pd.DataFrame,
    *,
    index: str,
    marker: str,
    window: int = 365,
    weeks: int = 1,
    fewest: int = 0,
) -> pd.DataFrame:
    """Persons by weeks from index start to marker start: a GAPS table.

    Week 1 holds gaps of 1 to 7 days, week -1 the same the other way round, week 0 the same day.
    Rows hold ``weeks`` weeks each, those of the window only, even when nobody falls there; days
    left at its end are with the last whole row when they make less than half of one: 365 days are
    four rows of 13 weeks, the fourth a day longer. Rows are made twice as wide until none holds
    fewer than ``fewest`` persons: a single small one would follow from the others and from the
    total of its order.
    """
    refuse_counts(NAME, 1, window=window, weeks=weeks)
    refuse_counts(NAME, 0, fewest=fewest)
    gap = Starts.of(first_uses).gaps
    gap = gap[np.abs(gap) <= window]
    table = _by_weeks(gap, window, weeks)
    while weeks * WEEK < window and _some_small(table, fewest):
        weeks *= 2
        table = _by_weeks(gap, window, weeks)
    return check(table.assign(comparison=f"{index} → {marker}")[GAPS.names], GAPS)


def _some_small(table: pd.DataFrame, fewest: int) -> bool:
    apart = table.loc[table["first_week"] != 0, "persons"]
    return bool(((apart > 0) & (apart < fewest)).any())


def _by_weeks(gap: NDArray[np.int64], window: int, weeks: int) -> pd.DataFrame:
    """Counts of gaps in rows of so many weeks, negative ones before the index."""
    width = WEEK * weeks
    whole, left = divmod(window, width)
    last = max(whole + (2 * left >= width), 1)
    row = np.sign(gap) * np.minimum(-(-np.abs(gap) // width), last)
    rows = np.arange(-last, last + 1)
    near, far = (np.abs(rows) - 1) * weeks + 1, np.abs(rows) * weeks
    far = np.where(np.abs(rows) == last, -(-window // WEEK), far)
    return pd.DataFrame(
        {
            "first_week": np.where(rows > 0, near, -far),
            "last_week": np.where(rows > 0, far, np.where(rows < 0, -near, 0)),
            "persons": np.bincount(row + last, minlength=len(rows)),
        }
    )
