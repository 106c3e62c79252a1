"""Prescription sequence symmetry analysis: which of two treatments is begun first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from studylib.errors import EstimationError
from studylib.risk.gates.gate import Gates
from studylib.risk.rows import NOTHING, estimates, method
from studylib.risk.sequence_schemas import GAPS, SEQUENCES
from studylib.tables import check

SameDay = Literal["drop", "split", "index_first", "marker_first"]
Interval = Literal["beta_posterior", "clopper_pearson"]
NAME = "Symétrie de séquences"
WEEK = 7


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


def sequence_symmetry(
    first_uses: pd.DataFrame,
    *,
    index: str,
    marker: str,
    window: int = 365,
    blackout: int = 0,
    same_day: SameDay = "drop",
    null_window: int = 548,
    interval: Interval = "beta_posterior",
    run_in: int | None = None,
    level: float = 0.95,
    gates: Gates | None = None,
) -> pd.DataFrame:
    """Persons who began ``index`` then ``marker`` over those who began them the other way round.

    An ESTIMATES table of two rows: measure ``crude_sequence_ratio``, then
    ``adjusted_sequence_ratio``, divided by what trends alone would give (``null_ratio``).
    ``first_uses`` (see ``cohort.first_uses``) has person_id, index_day and marker_day, missing for
    whoever did not begin one of them. Pairs are begun more than ``blackout`` and at most
    ``window`` days apart; ``same_day`` rules on those begun the same day, which ``sequences``
    counts. ``run_in`` is what ``first_uses`` required, told in ``method``.

    ``interval`` is ``beta_posterior``, quantiles of Beta(index first + 1/2, marker first + 1/2),
    or ``clopper_pearson``, the exact binomial; both of the odds. The null ratio is taken as known
    though it is estimated, over a window of its own (``null_window``): the adjusted interval is
    too narrow where trends are steep or starts few, and another window gives another ratio. With
    nobody in the second order the ratio and its upper limit are infinite. ``persons`` are the
    pairs counted, ``events`` the smaller of the two orders, so that both are masked together; all
    the pairs when closed ``gates`` withhold the ratio, which the order would give back.

    Sources: Hallas J (1996), Epidemiology 7:478-484; Tsiropoulos I, Andersen M, Hallas J (2009),
    Pharmacoepidemiol Drug Saf 18:483-491 (null ratio); Morris EJ, Hollmann J, Hofer AK et al.
    (2022), Pharmacoepidemiol Drug Saf 31:1029-1041 (use and limits).

    >>> uses = pd.DataFrame({"person_id": [1, 2, 3], "index_day": [10, 10, 40],
    ...                      "marker_day": [30, 50, 20]})
    >>> sequence_symmetry(uses, index="A", marker="B").loc[0, "estimate"].item()
    2.0
    """
    orders = _orders(first_uses, window, blackout)
    for name, choice, known in (
        ("same_day", same_day, get_args(SameDay)),
        ("interval", interval, get_args(Interval)),
    ):
        if choice not in known:
            raise EstimationError(
                f"{NAME} : {name} vaut « {choice} » ; accepté : {', '.join(known)}."
            )
    counts = orders.counted(same_day)
    null = null_ratio(first_uses, null_window=null_window, blackout=blackout)
    choices: dict[str, object] = {
        "window": window,
        "blackout": blackout,
        "run_in": run_in,
        "same_day": same_day,
        "interval": interval,
    }
    row = {
        "analysis": "primary",
        "population": "",
        "comparison": f"{index} → {marker}",
        "outcome": marker,
        "p_value": np.nan,
        "persons": int(sum(counts)),
        "events": int(sum(counts) if gates is not None and gates.closed else min(counts)),
        "person_years": 0.0,
    }
    crude = _odds(counts, interval, level) if sum(counts) else NOTHING
    reason = None if sum(counts) else "no pair"
    rows = [
        row | _values(crude, "crude_sequence_ratio", reason, choices),
        row
        | _values(
            tuple(value / null for value in crude) if np.isfinite(null) and null > 0 else NOTHING,
            "adjusted_sequence_ratio",
            reason if reason or (np.isfinite(null) and null > 0) else "no trend",
            {**choices, "null_window": null_window, "null_ratio": f"{null:.4g}"},
        ),
    ]
    return estimates(rows, gates=gates)


def _values(
    values: tuple[float, ...], measure: str, reason: str | None, choices: Mapping[str, object]
) -> dict[str, object]:
    told = method("sequence_symmetry", not_estimable=reason, **choices)
    names = ("estimate", "ci_low", "ci_high")
    return {**dict(zip(names, values, strict=True)), "measure": measure, "method": told}


def _orders(first_uses: pd.DataFrame, window: int, blackout: int) -> Orders:
    _refuse(first_uses, window, blackout)
    both = first_uses.dropna(subset=["index_day", "marker_day"])
    gap = (both["marker_day"] - both["index_day"]).to_numpy(np.int64)
    near = (np.abs(gap) > blackout) & (np.abs(gap) <= window)
    return Orders(
        int((near & (gap > 0)).sum()), int((near & (gap < 0)).sum()), int((gap == 0).sum())
    )


def _odds(
    counts: tuple[float, float], interval: Interval, level: float
) -> tuple[float, float, float]:
    """The ratio of the two orders and its limits."""
    first, second = counts
    tail = (1 - level) / 2
    prior = 0.5 if interval == "beta_posterior" else 0.0
    low = high = np.nan
    if first:
        low = float(stats.beta.ppf(tail, first + prior, second + (prior or 1.0)))
    if second:
        high = float(stats.beta.ppf(1 - tail, first + (prior or 1.0), second + prior))
    return (
        first / second if second else np.inf,
        low / (1 - low) if first else 0.0,
        high / (1 - high) if second else np.inf,
    )


def null_ratio(first_uses: pd.DataFrame, *, null_window: int = 548, blackout: int = 0) -> float:
    """What the ratio would be if starts of one had nothing to do with starts of the other.

    Everyone who begins either treatment takes part: for each index start, the marker starts of
    other days, ``null_window`` at most after it, over those at most as long before. NaN when none
    falls near.

    >>> uses = pd.DataFrame({"person_id": [1, 2, 3], "index_day": [10, None, None],
    ...                      "marker_day": [None, 12, 5]})
    >>> null_ratio(uses)
    1.0
    """
    _refuse(first_uses, null_window, blackout)
    starts = [first_uses[name].dropna().to_numpy(np.int64) for name in ("index_day", "marker_day")]
    if not all(len(one) for one in starts):
        return np.nan
    days, marker = starts[0], np.sort(starts[1])

    def upto(day: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.searchsorted(marker, day, side="right")

    after = (upto(days + null_window) - upto(days + blackout)).sum()
    before = (upto(days - blackout - 1) - upto(days - null_window - 1)).sum()
    return float(after / before) if before else np.nan


def sequences(
    first_uses: pd.DataFrame, *, index: str, marker: str, window: int = 365, blackout: int = 0
) -> pd.DataFrame:
    """Persons by order of their first uses: a SEQUENCES table, same-day starts a row of their own.

    >>> uses = pd.DataFrame({"person_id": [1, 2], "index_day": [10, 10], "marker_day": [30, 10]})
    >>> sequences(uses, index="A", marker="B")["persons"].tolist()
    [1, 0, 1]
    """
    orders = _orders(first_uses, window, blackout)
    named = ["index_first", "marker_first", "same_day"]
    counts = [orders.index_first, orders.marker_first, orders.same_day]
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
    _refuse(first_uses, window, 0)
    if weeks < 1:
        raise EstimationError(f"{NAME} : lignes de {weeks} semaines ; une au moins.")
    both = first_uses.dropna(subset=["index_day", "marker_day"])
    gap = (both["marker_day"] - both["index_day"]).to_numpy(np.int64)
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


def _refuse(first_uses: pd.DataFrame, window: int, blackout: int) -> None:
    absent = {"person_id", "index_day", "marker_day"} - set(first_uses.columns)
    if absent:
        raise EstimationError(
            f"{NAME} : colonnes absentes {', '.join(sorted(absent))} ; voir cohort.first_uses."
        )
    if first_uses["person_id"].duplicated().any():
        raise EstimationError(
            f"{NAME} : des personnes figurent deux fois ; une ligne par personne, avec son premier "
            "jour de chaque traitement."
        )
    if not 0 <= blackout < window:
        raise EstimationError(
            f"{NAME} : fenêtre de {window} jours et écart minimal de {blackout} ; la fenêtre doit "
            "dépasser l'écart minimal, qui est positif ou nul."
        )
