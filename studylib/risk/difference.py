"""Risk differences at a time, and the number needed to harm."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from studylib.risk.rows import against, estimate_row, estimates
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
    z = stats.norm.ppf((1 + level) / 2)
    rows = []
    for arm in against(follow_up, reference, arms):
        both = follow_up[follow_up["arm"].isin([arm, reference])]
        risk, variance = _risk_at(both[both["arm"] == arm], day, competing)
        base, base_variance = _risk_at(both[both["arm"] == reference], day, competing)
        difference, spread = risk - base, np.sqrt(variance + base_variance)
        known = spread > 0
        low, high = difference - z * spread, difference + z * spread
        comparison = f"{arm} / {reference}"
        rows.append(
            estimate_row(
                both,
                comparison=comparison,
                outcome=outcome,
                measure="risk_difference",
                method=f"Aalen-Johansen at day {day}, crude",
                values=(difference, low, high) if known else (np.nan,) * 3,
                p_value=2 * stats.norm.sf(abs(difference) / spread) if known else np.nan,
            )
        )
        one_sided = known and low * high > 0
        rows.append(
            estimate_row(
                both,
                comparison=comparison,
                outcome=outcome,
                measure="number_needed",
                method=f"inverse of the risk difference at day {day}",
                values=(1 / difference, 1 / high, 1 / low)
                if one_sided
                else (1 / difference if known and difference else np.nan, np.nan, np.nan),
            )
        )
    return estimates(rows)


def _risk_at(group: pd.DataFrame, day: int, competing: Sequence[str]) -> tuple[float, float]:
    if group.empty or (group["exit"] - group["entry"]).max() < day:
        return np.nan, np.nan
    event = group["event"].to_numpy(bool)
    other = group["exit_reason"].isin(list(competing)).to_numpy(bool) & ~event
    estimate, variance = aalen_johansen(times_of(group), event, other, np.array([day]))
    return float(estimate[0]), float(variance[0])
