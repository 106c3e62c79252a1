"""Cumulative incidence and mean time of weighted persons, with what each person moves them by.

Times are kept as they are: no jitter breaks ties. The influence of a person is the derivative of
the estimate for its weight times that weight; the sum of its squares is a robust variance, right
with weights and, summed by person, with several rows of one person.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Occupation:
    """Weighted risk sets at the distinct days of a group: what estimates at a day are made from.

    ``place`` is the day of each row; per day, ``at_risk`` is the weight at risk, ``cause`` and
    ``leaving`` the hazards of the outcome and of any event, ``before`` the probability of being
    free of both just before, ``incidence`` that of the outcome up to the day.
    """

    days: np.ndarray
    place: np.ndarray
    weights: np.ndarray
    cause_row: np.ndarray
    any_row: np.ndarray
    at_risk: np.ndarray
    cause: np.ndarray
    leaving: np.ndarray
    before: np.ndarray
    incidence: np.ndarray

    @property
    def free(self) -> np.ndarray:
        """The probability of being free of both after each day."""
        return np.asarray(self.before * (1 - self.leaving))


At = Callable[[Occupation, float], tuple[float, np.ndarray]]
"""What is estimated in an arm by a day, and each row's influence on it."""


def occupation(
    time: np.ndarray,
    event: np.ndarray,
    other: np.ndarray,
    weights: np.ndarray | None = None,
) -> Occupation:
    """The risk sets of persons at risk for ``time`` days, with how that time ended for each."""
    weights = np.ones(len(time)) if weights is None else np.asarray(weights, float)
    days, place = np.unique(time, return_inverse=True)
    size = len(days)
    leaving_weight = np.bincount(place, weights, minlength=size)
    at_risk = leaving_weight[::-1].cumsum()[::-1]
    at_risk = np.where(at_risk > 0, at_risk, np.inf)
    cause = np.bincount(place, weights * event, minlength=size) / at_risk
    leaving = cause + np.bincount(place, weights * other, minlength=size) / at_risk
    free = np.cumprod(1 - np.minimum(leaving, 1.0))
    before = np.r_[1.0, free[:-1]]
    incidence = np.cumsum(before * cause)
    any_row = np.asarray(event, bool) | np.asarray(other, bool)
    return Occupation(
        days, place, weights, np.asarray(event, bool), any_row, at_risk, cause, leaving, before,
        incidence,
    )  # fmt: skip


def incidence_at(seen: Occupation, day: float) -> tuple[float, np.ndarray]:
    """Cumulative incidence by ``day`` (Aalen and Johansen, 1978) and each row's influence on it.

    A hazard that is larger on a day adds incidence there, and takes away that of later days.
    """
    last = int(np.searchsorted(seen.days, day, side="right"))
    if last == 0:
        return 0.0, np.zeros(len(seen.place))
    total = float(seen.incidence[last - 1])
    gain = seen.before / seen.at_risk
    loss = _ratio(total - seen.incidence, (1 - seen.leaving) * seen.at_risk)
    return total, _influence(seen, last, gain, loss)


def mean_time_until(seen: Occupation, day: float) -> tuple[float, np.ndarray]:
    """Mean time free of any event until ``day`` (Irwin, 1949) and each row's influence on it."""
    last = int(np.searchsorted(seen.days, day, side="right"))
    edges = np.r_[0.0, seen.days[:last], day]
    free = np.r_[1.0, seen.free[:last]]
    areas = free * np.diff(edges)
    after = np.cumsum(areas[::-1])[::-1][1:]
    left = np.zeros(len(seen.days))
    left[:last] = after
    loss = _ratio(left, (1 - seen.leaving) * seen.at_risk)
    return float(areas.sum()), _influence(seen, last, np.zeros(len(seen.days)), loss)


def _influence(seen: Occupation, last: int, gain: np.ndarray, loss: np.ndarray) -> np.ndarray:
    """Influence of rows: an outcome adds ``gain``, any event takes ``loss``, before ``last``."""
    gain, loss = gain.copy(), loss.copy()
    gain[last:] = loss[last:] = 0.0
    expected = np.cumsum(gain * seen.cause - loss * seen.leaving)[seen.place]
    own = seen.cause_row * gain[seen.place] - seen.any_row * loss[seen.place]
    return np.asarray(seen.weights * (own - expected))


def _ratio(top: np.ndarray, below: np.ndarray) -> np.ndarray:
    """``top / below``, 0 where nothing is left (everybody at risk that day had an event)."""
    some = below > 0
    return np.where(some, top / np.where(some, below, 1.0), 0.0)
