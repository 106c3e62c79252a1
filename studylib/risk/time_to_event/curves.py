"""Survival and cumulative incidence over time since index."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from lifelines import KaplanMeierFitter
from scipy import stats

from studylib.errors import EstimationError
from studylib.risk.logarithms import quantile
from studylib.risk.rows import LARGEST_DAY, by_arm, refuse_person_time
from studylib.risk.time_to_event.exits import check_exits, ends_of, times_of
from studylib.tables import CURVES, check

EVERY_DAYS = 30


def survival(
    follow_up: pd.DataFrame, *, days: Sequence[int] | None = None, level: float = 0.95
) -> pd.DataFrame:
    """Probability of being free of the outcome, by arm and day (Kaplan and Meier, 1958).

    A CURVES table, measure ``survival``, at ``days`` (default: every 30 days, then the last one;
    the days of outcomes themselves would tell of single persons). Log-log interval (lifelines).
    ``events`` counts outcomes up to that day. On a day that nobody of the arm is followed until,
    there is no estimate.
    """
    quantile(level)
    refuse_person_time(follow_up, repeated=True)
    parts = []
    for arm, group in by_arm(follow_up):
        time, event = times_of(group), group["event"].to_numpy(bool)
        grid = _grid(time, days)
        fitter = KaplanMeierFitter(alpha=1 - level).fit(time, event)
        limits = fitter.confidence_interval_
        at = limits.index.searchsorted(grid, side="right") - 1
        parts.append(
            _curve(str(arm), "survival", grid, time, event).assign(
                estimate=fitter.survival_function_at_times(grid).to_numpy(),
                ci_low=limits.iloc[at, 0].to_numpy(),
                ci_high=limits.iloc[at, 1].to_numpy(),
            )
        )
    return _checked(pd.concat(parts, ignore_index=True))


def cumulative_incidence(
    follow_up: pd.DataFrame,
    *,
    competing: Sequence[str] = ("death",),
    days: Sequence[int] | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Probability of having had the outcome by each day, death (``competing``) taken into account.

    A CURVES table, measure ``cumulative_incidence``: the Aalen-Johansen estimator on the times as
    they are (ties kept, no jitter), with the interval of the complementary log-log transform and
    the delta-method variance of Marubini and Valsecchi (1995). On a day that nobody of the arm
    is followed until, there is no estimate.
    """
    quantile(level)
    refuse_person_time(follow_up, repeated=True)
    check_exits(follow_up, competing)
    parts = []
    for arm, group in by_arm(follow_up):
        time, (event, other) = times_of(group), ends_of(group, competing)
        grid = _grid(time, days)
        estimate, variance = aalen_johansen(time, event, other, grid)
        estimate = np.where(estimate > 1 - 1e-12, 1.0, estimate)  # a sum of shares, to rounding
        low, high = _log_log_interval(estimate, variance, level)
        parts.append(
            _curve(str(arm), "cumulative_incidence", grid, time, event).assign(
                estimate=estimate, ci_low=low, ci_high=high
            )
        )
    return _checked(pd.concat(parts, ignore_index=True))


def _checked(frame: pd.DataFrame) -> pd.DataFrame:
    """The curves without what they would say for sure, and is not known.

    A day that nobody was followed until has no estimate; after day 0, a probability of none or all
    has no limits, as it has no variance of its own.
    """
    frame.loc[frame["at_risk"] == 0, ["estimate", "ci_low", "ci_high"]] = np.nan
    sure = frame["estimate"].isin([0, 1])
    frame.loc[sure & (frame["day"] > 0), ["ci_low", "ci_high"]] = np.nan
    for name in ("ci_low", "ci_high"):
        frame[name] = frame[name].mask(frame["day"] == 0, frame["estimate"])
    return check(frame[CURVES.names], CURVES)


def _grid(time: np.ndarray, days: Sequence[int] | None) -> np.ndarray:
    if days is None:
        last = int(np.ceil(time.max()))
        return np.unique([*range(0, last, EVERY_DAYS), last]).astype("int64")
    grid = np.unique(np.asarray(days))
    whole = grid.dtype.kind in "iuf" and bool((grid == np.floor(grid)).all())
    if not len(grid) or not whole or grid[0] < 0 or grid[-1] > LARGEST_DAY:
        raise EstimationError(
            f"Courbe : jours {list(days)} ; des jours de suivi entiers, 0 ou plus, sont attendus."
        )
    return grid.astype("int64")


def _curve(
    arm: str, measure: str, grid: np.ndarray, time: np.ndarray, event: np.ndarray
) -> pd.DataFrame:
    """Arm, day, measure, persons at risk until at least that day, outcomes up to it."""
    ordered, outcomes = np.sort(time), np.sort(time[event])
    return pd.DataFrame(
        {
            "arm": arm,
            "day": grid,
            "measure": measure,
            "at_risk": len(ordered) - np.searchsorted(ordered, grid, side="left"),
            "events": np.searchsorted(outcomes, grid, side="right"),
        }
    )


def aalen_johansen(
    time: np.ndarray, event: np.ndarray, other: np.ndarray, grid: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Cumulative incidence at the days of ``grid``, and its variance (Marubini-Valsecchi)."""
    moments, place = np.unique(time, return_inverse=True)
    size = len(moments)
    causes = np.bincount(place, weights=event, minlength=size)
    exits = causes + np.bincount(place, weights=other, minlength=size)
    leaving = np.bincount(place, minlength=size)
    at_risk = len(time) - np.concatenate([[0], np.cumsum(leaving)[:-1]])
    free = np.cumprod(1 - exits / at_risk)
    before = np.concatenate([[1.0], free[:-1]])
    incidence = np.cumsum(before * causes / at_risk)

    # Var F(t) = Σ (F(t)-F_j)² d_j/(n_j(n_j-d_j)) + Σ S_(j-1)² d1_j(n_j-d1_j)/n_j³
    #            - 2 Σ (F(t)-F_j) S_(j-1) d1_j/n_j² ; expanded in F(t) so that cumulative sums do.
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.where(at_risk > exits, exits / (at_risk * (at_risk - exits)), 0.0)
    own = before**2 * causes * (at_risk - causes) / at_risk**3
    cross = before * causes / at_risk**2
    a, b, c = (np.cumsum(greenwood * incidence**k) for k in (0, 1, 2))
    variance = (incidence**2 * a - 2 * incidence * b + c) + np.cumsum(own)
    variance -= 2 * (incidence * np.cumsum(cross) - np.cumsum(incidence * cross))

    at = np.searchsorted(moments, grid, side="right")
    return np.r_[0.0, incidence][at], np.clip(np.r_[0.0, variance], 0, None)[at]


def _log_log_interval(
    estimate: np.ndarray, variance: np.ndarray, level: float
) -> tuple[np.ndarray, np.ndarray]:
    """Interval of an incidence through log(-log(1 - F)); a point at 0 and at 1."""
    inside = (estimate > 0) & (estimate < 1)
    free = np.where(inside, 1 - estimate, 0.5)
    width = stats.norm.ppf((1 + level) / 2) * np.sqrt(variance) / (free * np.abs(np.log(free)))
    low = np.where(inside, 1 - free ** np.exp(-width), estimate)
    high = np.where(inside, 1 - free ** np.exp(width), estimate)
    return low, high
