"""How strong an unmeasured confounder would have to be to explain an estimate away."""

from __future__ import annotations

import numpy as np
import pandas as pd

from studylib.errors import EstimationError
from studylib.risk.doubt.schemas import E_VALUES
from studylib.risk.received import received_ratios
from studylib.tables import check

COMMON_FROM = 0.15
"""Share with the outcome by the end of follow-up from which it is common (VanderWeele, 2017)."""
_HAZARDS = ("hazard_ratio", "subdistribution_hazard_ratio")


def e_value(ratio: float) -> float:
    """The E-value of a risk ratio: R + √(R (R - 1)), a ratio below 1 being inverted.

    NaN for a missing ratio; EstimationError for a negative one.

    Reference
    ---------
    VanderWeele TJ, Ding P (2017), Annals of Internal Medicine 167:268-274.

    >>> round(e_value(3.9), 3), round(e_value(1 / 3.9), 3), e_value(1.0)
    (7.263, 7.263, 1.0)
    """
    if ratio < 0:
        raise EstimationError(f"Valeur E : rapport {ratio} ; attendu supérieur à 0.")
    if not np.isfinite(ratio) or ratio == 0:
        return float("nan") if np.isnan(ratio) else float("inf")
    with np.errstate(over="ignore"):  # one too large to be written is infinite
        size = np.exp(abs(np.log(ratio)))
        return float(size * (1 + np.sqrt(1 - 1 / size)))


def as_risk_ratio(ratio: float, measure: str, *, common_outcome: bool) -> float:
    """A ratio as a risk ratio, which the E-value is about (VanderWeele, 2017).

    With a common outcome (about 15 % or more by the end of follow-up) a hazard ratio H becomes
    (1 - 0.5^√H) / (1 - 0.5^√(1/H)) and an odds ratio its square root; otherwise nothing changes.

    >>> round(as_risk_ratio(2.0, "hazard_ratio", common_outcome=True), 4)
    1.6125
    """
    if not common_outcome or not ratio > 0 or not np.isfinite(ratio):
        return ratio
    if measure in _HAZARDS:
        halving = np.log(0.5)
        return float(np.expm1(halving * np.sqrt(ratio)) / np.expm1(halving / np.sqrt(ratio)))
    return float(np.sqrt(ratio)) if measure == "odds_ratio" else ratio


def common_outcome(curves: pd.DataFrame) -> bool:
    """Whether an arm's cumulative incidence (CURVES) reaches 15 %.

    A ratio of hazards, or of odds, is then not one of risks (VanderWeele and Ding, 2017). False
    where nothing is seen.

    >>> common_outcome(pd.DataFrame({"measure": "cumulative_incidence", "estimate": [0.02, 0.2]}))
    True
    """
    seen = curves.loc[curves["measure"] == "cumulative_incidence", "estimate"]
    return bool((seen >= COMMON_FROM).any())


def e_values(estimates: pd.DataFrame, *, common_outcome: bool) -> pd.DataFrame:
    """E-values of ratios (ESTIMATES) and of their limit nearest 1, an E_VALUES table.

    ``e_value_limit`` is 1 when the interval holds 1. ``common_outcome`` (the function of that name
    tells) has no default: it changes the answer, and ``method`` says which. Rows without estimate
    keep none; one of 0 or infinity has that of its limit only. EstimationError when a measure is
    not a ratio, or an interval runs backwards or has no width. A large E-value does not show that
    there is no bias.
    """
    known, _, _ = received_ratios(estimates, "Valeur E", whole=True)
    points, limits = [], []
    for _, row in known.iterrows():
        sizes = [
            as_risk_ratio(float(row[name]), str(row["measure"]), common_outcome=common_outcome)
            for name in ("estimate", "ci_low", "ci_high")
        ]
        known_size = 0 < sizes[0] < np.inf
        points.append(e_value(sizes[0]) if known_size else float("nan"))
        limits.append(_of_limit(*sizes))
    told = known["method"] + f"; common_outcome={'yes' if common_outcome else 'no'}"
    added = known.assign(e_value=points, e_value_limit=limits, method=told)
    return check(added[E_VALUES.names], E_VALUES)


def _of_limit(estimate: float, low: float, high: float) -> float:
    if np.isnan([estimate, low, high]).any():
        return float("nan")
    if low <= 1 <= high:
        return 1.0
    return e_value(low if estimate > 1 else high)
