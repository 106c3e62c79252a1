"""The weighted risk sets of the subdistribution hazard, and its partial likelihood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from studylib.risk.cox.fit import SMALL_STEP, STEPS, NoMaximum, solve
from studylib.risk.cox.likelihood import Evaluation


@dataclass(frozen=True)
class Subdistribution:
    """Persons in the order of their days, and the censoring that weights those who stay.

    ``moment`` is each person's distinct day; ``uncensored`` the probability of not being censored
    before each distinct day; ``stays`` marks persons with a competing event, kept at risk.
    """

    order: np.ndarray
    moment: np.ndarray
    event: np.ndarray
    stays: np.ndarray
    uncensored: np.ndarray

    @classmethod
    def of(cls, time: np.ndarray, event: np.ndarray, other: np.ndarray) -> Subdistribution:
        """From days at risk, outcomes and competing events; the rest is censored."""
        days, place = np.unique(time, return_inverse=True)
        size = len(days)
        leaving = np.bincount(place, minlength=size)
        at_risk = leaving[::-1].cumsum()[::-1]
        ended = np.bincount(place, event | other, minlength=size)
        # On a day, events come before censoring: those with an event are not at risk of it.
        exposed = at_risk - ended
        hazard = np.where(exposed > 0, (leaving - ended) / np.maximum(exposed, 1), 0.0)
        uncensored = np.r_[1.0, np.cumprod(1 - hazard)[:-1]]
        order = np.argsort(place, kind="stable")
        return cls(order, place[order], event[order], other[order], uncensored)

    def at_risk(self, values: np.ndarray) -> np.ndarray:
        """Weighted sum of ``values`` (rows in order, in columns) at risk on each distinct day."""
        first = np.flatnonzero(np.r_[True, self.moment[1:] != self.moment[:-1]])
        present = np.add.reduceat(values, first, axis=0)[::-1].cumsum(axis=0)[::-1]
        kept = self._kept(values)
        left = np.add.reduceat(kept, first, axis=0).cumsum(axis=0)
        before = np.concatenate([np.zeros((1, values.shape[1])), left[:-1]])
        return np.asarray(present + self.uncensored[:, None] * before)

    def _kept(self, values: np.ndarray) -> np.ndarray:
        """What each person with a competing event still counts for, but for later censoring."""
        weight = np.where(self.stays, 1 / self._own(), 0.0)
        return np.asarray(weight[:, None] * values)

    def _own(self) -> np.ndarray:
        own = self.uncensored[self.moment]
        return np.where(own > 0, own, 1.0)

    def held(self, hazard: np.ndarray) -> np.ndarray:
        """For each row, the sum of ``hazard`` (by day, in columns) weighted while at risk."""
        running = np.cumsum(hazard, axis=0)
        later = self.uncensored[:, None] * hazard
        after = later[::-1].cumsum(axis=0)[::-1] - later
        kept = np.where(self.stays, 1 / self._own(), 0.0)[:, None] * after[self.moment]
        return np.asarray(running[self.moment] + kept)


def _evaluated(sets: Subdistribution, x: np.ndarray, beta: np.ndarray) -> Evaluation:
    linear = x @ beta
    hazard = np.exp(linear - linear.max())[:, None]
    sums = sets.at_risk(np.column_stack([hazard, hazard * x]))
    total, mean = sums[:, 0], sums[:, 1:] / sums[:, :1]
    events = np.bincount(sets.moment, sets.event, minlength=len(total))
    value = float(linear[sets.event].sum() - events @ (np.log(total) + linear.max()))
    gradient = x[sets.event].sum(axis=0) - events @ mean
    held = hazard * sets.held((events / total)[:, None])
    return Evaluation(value, gradient, x.T @ (held * x) - mean.T @ (events[:, None] * mean))


def fitted(sets: Subdistribution, x: np.ndarray) -> tuple[float, float]:
    """The log ratio of the last column of ``x`` (rows as given) and its robust error."""
    ordered = x[sets.order]
    spread = ordered.std(axis=0)
    if not (spread > 0).all():
        raise NoMaximum("Fine et Gray : une covariable ne varie pas.")
    scaled = (ordered - ordered.mean(axis=0)) / spread
    beta = np.zeros(x.shape[1])
    here = _evaluated(sets, scaled, beta)
    for _ in range(STEPS):
        step = solve(here.information, here.gradient)
        if np.abs(step).max() < SMALL_STEP:
            break
        ahead = _evaluated(sets, scaled, beta + step)
        while not ahead.log_likelihood >= here.log_likelihood - 1e-9 * abs(here.log_likelihood):
            step = step / 2
            ahead = _evaluated(sets, scaled, beta + step)
        beta, here = beta + step, ahead
    else:
        raise NoMaximum("Fine et Gray : la vraisemblance n'a pas de maximum fini (séparation).")
    residuals = _score_residuals(sets, scaled, beta)
    bread = np.linalg.inv(here.information)
    robust = bread @ (residuals.T @ residuals) @ bread
    return float(beta[-1] / spread[-1]), float(np.sqrt(robust[-1, -1]) / spread[-1])


def _score_residuals(sets: Subdistribution, x: np.ndarray, beta: np.ndarray) -> np.ndarray:
    linear = x @ beta
    hazard = np.exp(linear - linear.max())[:, None]
    sums = sets.at_risk(np.column_stack([hazard, hazard * x]))
    total, mean = sums[:, 0], sums[:, 1:] / sums[:, :1]
    rate = (np.bincount(sets.moment, sets.event, minlength=len(total)) / total)[:, None]
    expected = hazard * (sets.held(rate) * x - sets.held(rate * mean))
    return np.asarray(sets.event[:, None] * (x - mean[sets.moment]) - expected)
