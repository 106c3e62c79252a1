"""Risks at a day of follow-up, crude or weighted: difference, ratio, number needed, mean time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from studylib.risk.columns import check_weights
from studylib.risk.cox.model import check_clusters
from studylib.risk.enough import weakness
from studylib.risk.gates.gate import Gates
from studylib.risk.logarithms import quantile
from studylib.risk.rows import NOTHING, against, estimate_row, estimates, method
from studylib.risk.time_to_event.exits import check_day, check_exits, ends_of, times_of
from studylib.risk.time_to_event.influence import (
    At,
    incidence_at,
    mean_time_until,
    occupation,
)

Values = tuple[float, float, float]


@dataclass(frozen=True)
class Side:
    """What is estimated in one arm, its variance, or why there is nothing."""

    value: float = np.nan
    variance: float = np.nan
    reason: str = ""


@dataclass(frozen=True)
class Choices:
    """What is asked of each arm."""

    day: int
    competing: tuple[str, ...]
    weights: str | None = None
    cluster: str | None = None
    adjustment: str | None = None
    level: float = 0.95


@dataclass(frozen=True)
class _Pair:
    """An arm and the reference: their rows and what is estimated in each."""

    both: pd.DataFrame
    comparison: str
    outcome: str
    side: Side
    base: Side
    choices: Choices

    def row(
        self, measure: str, estimator: str, values: Values, p_value: float
    ) -> dict[str, object]:
        """A row of ESTIMATES, with the reason when one of the two arms has no answer."""
        asked = self.choices
        how = method(
            estimator,
            not_estimable=self.side.reason or self.base.reason or None,
            day=asked.day,
            adjustment=asked.adjustment or ("weights" if asked.weights else "none"),
            weights=asked.weights,
            cluster=asked.cluster,
            competing=asked.competing,
            variance="influence",
        )
        return estimate_row(
            self.both,
            comparison=self.comparison,
            outcome=self.outcome,
            measure=measure,
            method=how,
            values=values,
            p_value=p_value,
        )


def risk_difference(
    follow_up: pd.DataFrame,
    *,
    outcome: str,
    reference: str,
    day: int,
    competing: Sequence[str] = ("death",),
    arms: Sequence[str] = (),
    weights: str | None = None,
    cluster: str | None = None,
    adjustment: str | None = None,
    level: float = 0.95,
    gates: Gates | None = None,
) -> pd.DataFrame:
    """Difference of cumulative incidence at ``day`` against the reference, NNH, and ratio.

    An ESTIMATES table with, per compared arm, rows ``risk_difference`` (a share, normal interval),
    ``number_needed`` (its inverse: to harm when positive, to spare one outcome when negative) and
    ``risk_ratio`` (normal interval of its logarithm). When the interval of the
    difference holds zero, that of its inverse is not an interval: it is left empty (Altman, 1998,
    BMJ 317:1309). Risks are those of Aalen and Johansen (1978), with the robust variance of their
    influence functions; ``weights`` names a column that makes the arms comparable and is taken as
    known. Where nobody of an arm is followed until ``day``, there is no estimate. ``arms``,
    ``cluster``, ``adjustment`` and ``gates`` as in ``hazard_ratio``.
    """
    choices = Choices(day, tuple(competing), weights, cluster, adjustment, level)

    def rows(seen: _Pair) -> list[dict[str, object]]:
        difference, p_value = _difference(seen.side, seen.base, level)
        ratio, ratio_p = _ratio(seen.side, seen.base, level)
        return [
            seen.row("risk_difference", "aalen_johansen", difference, p_value),
            seen.row("number_needed", "inverse_risk_difference", inverse(*difference), np.nan),
            seen.row("risk_ratio", "aalen_johansen", ratio, ratio_p),
        ]

    pairs = _pairs(follow_up, incidence_at, outcome, reference, arms, choices)
    return estimates([row for seen in pairs for row in rows(seen)], gates=gates)


def mean_time_difference(
    follow_up: pd.DataFrame,
    *,
    outcome: str,
    reference: str,
    day: int,
    competing: Sequence[str] = ("death",),
    arms: Sequence[str] = (),
    weights: str | None = None,
    cluster: str | None = None,
    adjustment: str | None = None,
    level: float = 0.95,
    gates: Gates | None = None,
) -> pd.DataFrame:
    """Difference of restricted mean times free of the outcome and of ``competing`` events.

    An ESTIMATES table, measure ``mean_time_difference``, in days out of the first ``day`` ones
    (Royston and Parmar, 2013, BMC Med Res Methodol 13:152): it needs no proportional hazards.
    Choices as in ``risk_difference``.
    """
    choices = Choices(day, tuple(competing), weights, cluster, adjustment, level)
    pairs = _pairs(follow_up, mean_time_until, outcome, reference, arms, choices)
    rows = [
        seen.row(
            "mean_time_difference",
            "restricted_mean_time",
            *_difference(seen.side, seen.base, level),
        )
        for seen in pairs
    ]
    return estimates(rows, gates=gates)


def _pairs(
    follow_up: pd.DataFrame,
    at: At,
    outcome: str,
    reference: str,
    arms: Sequence[str],
    choices: Choices,
) -> list[_Pair]:
    """What ``at`` estimates in each compared arm and in the reference, once all is checked."""
    quantile(choices.level)
    check_day(choices.day)
    compared = against(follow_up, reference, arms, repeated=choices.cluster is not None)
    check_exits(follow_up, choices.competing)
    check_clusters(follow_up, choices.cluster)
    if choices.weights is not None:
        check_weights(follow_up, choices.weights)
    pairs = []
    for arm in compared:
        both = follow_up[follow_up["arm"].isin([arm, reference])]
        side, base = (side_of(both, name, at, choices) for name in (arm, reference))
        pairs.append(_Pair(both, f"{arm} / {reference}", outcome, side, base, choices))
    return pairs


def side_of(both: pd.DataFrame, arm: str, at: At, choices: Choices) -> Side:
    """What ``at`` estimates in one arm by the day."""
    group = both[both["arm"] == arm]
    if group.empty:
        return Side(reason=f"nobody in {arm}")
    time, (event, other) = times_of(group), ends_of(group, choices.competing)
    weight = None if choices.weights is None else group[choices.weights].to_numpy(float)
    cluster = None if choices.cluster is None else group[choices.cluster].to_numpy()
    counted = np.ones(len(group), bool) if weight is None else weight > 0
    if counted.any() and time[counted].max() < choices.day:
        return Side(reason=f"nobody followed until the day in {arm}")
    weak = weakness(weight, len(group), cluster=cluster)
    if weak:
        return Side(reason=f"{weak} in {arm}")
    value, influence = at(occupation(time, event, other, weight), choices.day)
    if cluster is not None:
        influence = np.bincount(pd.factorize(cluster)[0], influence)
    variance = float((influence**2).sum())
    # A risk of none or all has no variance of its own: the interval of a difference would be false.
    if not variance > 0:
        return Side(reason=f"{'no variance' if value > 0 else 'no outcome by the day'} in {arm}")
    return Side(value, variance)


def _difference(side: Side, base: Side, level: float) -> tuple[Values, float]:
    """The difference of two estimates, its limits and p value."""
    difference, spread = side.value - base.value, np.sqrt(side.variance + base.variance)
    if not spread > 0:
        return NOTHING, np.nan
    margin = quantile(level) * spread
    p_value = float(2 * stats.norm.sf(abs(difference) / spread))
    return (difference, difference - margin, difference + margin), p_value


def _ratio(side: Side, base: Side, level: float) -> tuple[Values, float]:
    """The ratio of two risks, its limits and p value; nothing when one of them is zero."""
    if not (side.value > 0 and base.value > 0):
        return NOTHING, np.nan
    log_ratio = np.log(side.value / base.value)
    spread = np.sqrt(side.variance / side.value**2 + base.variance / base.value**2)
    margin = quantile(level) * spread
    low, high = np.exp(log_ratio - margin), np.exp(log_ratio + margin)
    p_value = float(2 * stats.norm.sf(abs(log_ratio) / spread))
    return (float(np.exp(log_ratio)), float(low), float(high)), p_value


def inverse(difference: float, low: float, high: float) -> Values:
    """The number needed of a risk difference; no limits where those of the difference hold 0."""
    if low * high > 0:
        return 1 / difference, 1 / high, 1 / low
    known = np.isfinite(difference) and difference != 0
    return 1 / difference if known else np.nan, np.nan, np.nan
