"""Risks at a day of follow-up, crude or weighted: difference, ratio, number needed, mean time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from scipy import stats

from studylib.errors import EstimationError
from studylib.risk.cox.hazard_ratio import FEWEST_CLUSTERS, FEWEST_ROBUST, LARGEST_SHARE
from studylib.risk.cox.preparation import check_columns, check_weights
from studylib.risk.gates.gate import Gates
from studylib.risk.logarithms import quantile
from studylib.risk.rows import NOTHING, against, estimate_row, estimates, method
from studylib.risk.time_to_event.curves import times_of
from studylib.risk.time_to_event.influence import (
    Occupation,
    incidence_at,
    mean_time_until,
    occupation,
)

Values = tuple[float, float, float]
At = Callable[[Occupation, float], tuple[float, np.ndarray]]


@dataclass(frozen=True)
class Side:
    """What is estimated in one arm, its variance, or why there is nothing."""

    value: float = np.nan
    variance: float = np.nan
    reason: str = ""


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
    told = partial(
        method, day=day, adjustment=adjustment or ("weights" if weights else "none"),
        weights=weights, cluster=cluster, competing=competing, variance="influence",
    )  # fmt: skip
    rows = []
    for arm, both in _compared(follow_up, reference, arms, weights, cluster, level):
        seen = partial(
            _side, at=incidence_at, day=day, competing=competing, weights=weights, cluster=cluster
        )
        side, base = seen(both, arm), seen(both, reference)
        reason = side.reason or base.reason or None
        row = partial(estimate_row, both, comparison=f"{arm} / {reference}", outcome=outcome)
        values, p_value = _difference(side, base, level)
        how = told("aalen_johansen", not_estimable=reason)
        rows.append(row(measure="risk_difference", method=how, values=values, p_value=p_value))
        inverse = told("inverse_risk_difference", not_estimable=reason)
        rows.append(row(measure="number_needed", method=inverse, values=_inverse(*values)))
        ratio, ratio_p = _ratio(side, base, level)
        rows.append(row(measure="risk_ratio", method=how, values=ratio, p_value=ratio_p))
    return estimates(rows, gates=gates)


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
    told = partial(
        method, day=day, adjustment=adjustment or ("weights" if weights else "none"),
        weights=weights, cluster=cluster, competing=competing, variance="influence",
    )  # fmt: skip
    rows = []
    for arm, both in _compared(follow_up, reference, arms, weights, cluster, level):
        seen = partial(
            _side, at=mean_time_until, day=day, competing=competing, weights=weights,
            cluster=cluster,
        )  # fmt: skip
        side, base = seen(both, arm), seen(both, reference)
        reason = side.reason or base.reason or None
        values, p_value = _difference(side, base, level)
        rows.append(
            estimate_row(
                both,
                comparison=f"{arm} / {reference}",
                outcome=outcome,
                measure="mean_time_difference",
                method=told("restricted_mean_time", not_estimable=reason),
                values=values,
                p_value=p_value,
            )
        )
    return estimates(rows, gates=gates)


def _compared(
    follow_up: pd.DataFrame,
    reference: str,
    arms: Sequence[str],
    weights: str | None,
    cluster: str | None,
    level: float,
) -> list[tuple[str, pd.DataFrame]]:
    """Each compared arm with its rows and those of the reference, once checked."""
    quantile(level)
    compared = against(follow_up, reference, arms, repeated=cluster is not None)
    check_columns(follow_up, [name for name in (weights, cluster) if name])
    if weights is not None:
        check_weights(follow_up, weights)
    if cluster is not None and follow_up[cluster].nunique() < FEWEST_CLUSTERS:
        raise EstimationError(
            f"Risque à un jour : {follow_up[cluster].nunique()} grappes dans {cluster} ; il en "
            f"faut {FEWEST_CLUSTERS} au moins pour une variance robuste."
        )
    return [(arm, follow_up[follow_up["arm"].isin([arm, reference])]) for arm in compared]


def _side(
    both: pd.DataFrame,
    arm: str,
    *,
    at: At,
    day: int,
    competing: Sequence[str],
    weights: str | None,
    cluster: str | None,
) -> Side:
    """What ``at`` estimates in one arm by ``day``."""
    if not day >= 1:
        raise EstimationError(f"Risque au jour {day} : un jour de suivi, 1 ou plus, est attendu.")
    group = both[both["arm"] == arm]
    if group.empty:
        return Side(reason=f"nobody in {arm}")
    if (group["exit"] - group["entry"]).max() < day:
        return Side(reason=f"nobody followed until the day in {arm}")
    if len(group) < FEWEST_ROBUST:
        return Side(reason=f"too few persons in {arm}")
    event = group["event"].to_numpy(bool)
    other = group["exit_reason"].isin(list(competing)).to_numpy(bool) & ~event
    own = None if weights is None else group[weights].to_numpy(float)
    if own is not None and not own.any():
        return Side(reason=f"weights are zero in {arm}")
    if own is not None and own.max() > LARGEST_SHARE * own.sum():
        return Side(reason=f"weights on one person in {arm}")
    value, influence = at(occupation(times_of(group), event, other, own), day)
    if cluster is not None:
        influence = np.bincount(pd.factorize(group[cluster])[0], influence)
    variance = float((influence**2).sum())
    # A risk of none or all has no variance of its own: the interval of a difference would be false.
    return Side(value, variance) if variance > 0 else Side(reason=f"no outcome by the day in {arm}")


def _difference(side: Side, base: Side, level: float) -> tuple[Values, float]:
    """The difference of two estimates, its limits and p value."""
    difference, spread = side.value - base.value, np.sqrt(side.variance + base.variance)
    if not spread > 0:
        return NOTHING, np.nan
    margin = stats.norm.ppf((1 + level) / 2) * spread
    p_value = float(2 * stats.norm.sf(abs(difference) / spread))
    return (difference, difference - margin, difference + margin), p_value


def _ratio(side: Side, base: Side, level: float) -> tuple[Values, float]:
    """The ratio of two risks, its limits and p value; nothing when one of them is zero."""
    if not (side.value > 0 and base.value > 0):
        return NOTHING, np.nan
    log_ratio = np.log(side.value / base.value)
    spread = np.sqrt(side.variance / side.value**2 + base.variance / base.value**2)
    margin = stats.norm.ppf((1 + level) / 2) * spread
    low, high = np.exp(log_ratio - margin), np.exp(log_ratio + margin)
    p_value = float(2 * stats.norm.sf(abs(log_ratio) / spread))
    return (float(np.exp(log_ratio)), float(low), float(high)), p_value


def _inverse(difference: float, low: float, high: float) -> Values:
    """The number needed, with limits only where the interval of the difference is one-sided."""
    if low * high > 0:
        return 1 / difference, 1 / high, 1 / low
    known = np.isfinite(difference) and difference != 0
    return 1 / difference if known else np.nan, np.nan, np.nan
