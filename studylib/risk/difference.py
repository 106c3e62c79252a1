"""Risk differences at a time, and the number needed to harm."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
from scipy import stats

from studylib.risk.rows import NOTHING, against, estimate_row, estimates, method
from studylib.risk.survival import aalen_johansen, times_of


def risk_difference(
    follow_up: pd.DataFrame,
    *,
    outcome: str,
    reference: str,
    day: int,
    competing: Sequence[str] = ("death",),
    arms: Sequence[str] = (),
    level: float = 0.95,
) -> pd.DataFrame:
    """Difference of cumulative incidence at ``day`` between each arm and the reference, and NNH.

    An ESTIMATES table with, per compared arm, a row ``risk_difference`` (a share, crude, normal
    interval from the two Aalen-Johansen variances) and a row ``number_needed`` (its inverse: to
    harm when positive, to spare one outcome when negative). When the interval of the difference
    holds zero, that of its inverse is not an interval: it is left empty (Altman, 1998,
    BMJ 317:1309). Where nobody of an arm is followed until ``day``, there is no estimate.
    ``arms`` as in ``hazard_ratio``.
    """
    rows = []
    for arm in against(follow_up, reference, arms):
        both = follow_up[follow_up["arm"].isin([arm, reference])]
        treated, base = (
            _risk_at(both[both["arm"] == name], day, competing) for name in (arm, reference)
        )
        values, p_value = _difference(treated, base, level)
        row = partial(estimate_row, both, comparison=f"{arm} / {reference}", outcome=outcome)
        crude = method("aalen_johansen", day=day, adjustment="none")
        rows.append(row(measure="risk_difference", method=crude, values=values, p_value=p_value))
        inverse = method("inverse_risk_difference", day=day)
        rows.append(row(measure="number_needed", method=inverse, values=_inverse(*values)))
    return estimates(rows)


def _difference(
    risk: tuple[float, float], base: tuple[float, float], level: float
) -> tuple[tuple[float, float, float], float]:
    """The difference of two risks given with their variances, its limits and p value."""
    difference, spread = risk[0] - base[0], np.sqrt(risk[1] + base[1])
    if not spread > 0:
        return NOTHING, np.nan
    margin = stats.norm.ppf((1 + level) / 2) * spread
    p_value = float(2 * stats.norm.sf(abs(difference) / spread))
    return (difference, difference - margin, difference + margin), p_value


def _inverse(difference: float, low: float, high: float) -> tuple[float, float, float]:
    """The number needed, with limits only where the interval of the difference is one-sided."""
    if low * high > 0:
        return 1 / difference, 1 / high, 1 / low
    known = np.isfinite(difference) and difference != 0
    return 1 / difference if known else np.nan, np.nan, np.nan


def _risk_at(group: pd.DataFrame, day: int, competing: Sequence[str]) -> tuple[float, float]:
    if group.empty or (group["exit"] - group["entry"]).max() < day:
        return np.nan, np.nan
    event = group["event"].to_numpy(bool)
    other = group["exit_reason"].isin(list(competing)).to_numpy(bool) & ~event
    estimate, variance = aalen_johansen(times_of(group), event, other, np.array([day]))
    return float(estimate[0]), float(variance[0])
