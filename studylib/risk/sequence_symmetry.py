"""Prescription sequence symmetry analysis: which of two treatments is begun first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import numpy as np
import pandas as pd
from scipy import stats

from studylib.errors import refuse_choices, refuse_counts
from studylib.risk.gates.gate import Gates
from studylib.risk.logarithms import quantile
from studylib.risk.rows import NOTHING, estimates, method
from studylib.risk.sequence_orders import (
    NAME,
    Days,
    Orders,
    SameDay,
    Starts,
    gaps_by_week,
    orders,
    refuse_windows,
    sequences,
)

__all__ = ["Orders", "SameDay", "gaps_by_week", "null_ratio", "sequence_symmetry", "sequences"]

Interval = Literal["beta_posterior", "clopper_pearson"]


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
    pairs counted, ``events`` the smaller of the two orders, so that both are masked together.

    Sources: Hallas J (1996), Epidemiology 7:478-484; Tsiropoulos I, Andersen M, Hallas J (2009),
    Pharmacoepidemiol Drug Saf 18:483-491 (null ratio); Morris EJ, Hollmann J, Hofer AK et al.
    (2022), Pharmacoepidemiol Drug Saf 31:1029-1041 (use and limits).

    >>> uses = pd.DataFrame({"person_id": [1, 2, 3], "index_day": [10, 10, 40],
    ...                      "marker_day": [30, 50, 20]})
    >>> sequence_symmetry(uses, index="A", marker="B").loc[0, "estimate"].item()
    2.0
    """
    _refuse(same_day, interval, run_in, level)
    starts = Starts.of(first_uses)
    counts = orders(starts, window, blackout).counted(same_day)
    null = _null(starts, null_window, blackout)
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
        "events": int(min(counts)),
        "person_years": 0.0,
    }
    crude = _odds(counts, interval, level) if sum(counts) else NOTHING
    reason = None if sum(counts) else "no pair"
    known = np.isfinite(null) and null > 0
    adjusted = tuple(value / null for value in crude) if known else NOTHING
    trend = {"null_window": null_window, "null_ratio": f"{null:.4g}"}
    rows = [
        row | _told(crude, "crude_sequence_ratio", reason, choices),
        row
        | _told(
            adjusted,
            "adjusted_sequence_ratio",
            reason if reason or known else "no trend",
            choices | trend,
        ),
    ]
    return estimates(rows, gates=gates)


def _refuse(same_day: str, interval: str, run_in: int | None, level: float) -> None:
    refuse_choices(
        NAME,
        same_day=(same_day, get_args(SameDay)),
        interval=(interval, get_args(Interval)),
    )
    if run_in is not None:
        refuse_counts(NAME, 0, run_in=run_in)
    quantile(level)


def _told(
    values: tuple[float, ...], measure: str, reason: str | None, choices: Mapping[str, object]
) -> dict[str, object]:
    told = method("sequence_symmetry", not_estimable=reason, **choices)
    names = ("estimate", "ci_low", "ci_high")
    return {**dict(zip(names, values, strict=True)), "measure": measure, "method": told}


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
    return _null(Starts.of(first_uses), null_window, blackout)


def _null(starts: Starts, null_window: int, blackout: int) -> float:
    refuse_windows(null_window, blackout)
    days, marker = starts.index, np.sort(starts.marker)

    def upto(day: Days) -> Days:
        return np.searchsorted(marker, day, side="right")

    after = (upto(days + null_window) - upto(days + blackout)).sum()
    before = (upto(days - blackout - 1) - upto(days - null_window - 1)).sum()
    return float(after / before) if before else np.nan
