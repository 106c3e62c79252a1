"""Estimates of ratios on the scale of their logarithm, with their standard errors."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from studylib.errors import EstimationError
from studylib.risk.columns import check_present, is_number

RATIOS = (
    "hazard_ratio",
    "rate_ratio",
    "incidence_rate_ratio",
    "subdistribution_hazard_ratio",
    "risk_ratio",
    "odds_ratio",
    "sequence_ratio",
    "adjusted_sequence_ratio",
)
"""The measures whose logarithm has, about, a normal distribution."""


def on_log_scale(estimates: pd.DataFrame, *, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Logarithm and standard error of each row of a table of ratios (ESTIMATES).

    The error is the width of the interval over twice the normal quantile; NaN where there is no
    estimate, or no finite positive interval. EstimationError when a measure is not a ratio, or an
    interval runs backwards or does not hold its estimate.

    >>> row = pd.DataFrame({"measure": ["hazard_ratio"], "estimate": 2.0, "ci_low": 1.0,
    ...                     "ci_high": 4.0})
    >>> [round(float(each[0]), 3) for each in on_log_scale(row)]
    [0.693, 0.354]
    """
    check_present(estimates, ["measure", "estimate", "ci_low", "ci_high"])
    others = sorted(set(estimates["measure"]) - set(RATIOS))
    if others:
        raise EstimationError(
            f"Mesure {', '.join(others)} : ce n'est pas un rapport ; "
            f"mesures acceptées : {', '.join(RATIOS)}."
        )
    numbers = estimates[["estimate", "ci_low", "ci_high"]]
    if not all(is_number(numbers[name]) for name in numbers):
        raise EstimationError(
            "Estimations : colonnes estimate, ci_low et ci_high ; des nombres sont attendus."
        )
    value, low, high = numbers.to_numpy(float).T
    wrong = (low > high) | (value < low) | (value > high) | (value < 0)
    if wrong.any():
        raise EstimationError(
            f"Estimations : {int(wrong.sum())} ligne(s) dont l'intervalle est inversé ou ne "
            "contient pas l'estimation ; vérifier les colonnes estimate, ci_low et ci_high."
        )
    usable = (value > 0) & np.isfinite(value) & (low > 0) & np.isfinite(high) & (high > low)
    center, width = np.full(len(value), np.nan), np.full(len(value), np.nan)
    center[usable] = np.log(value[usable])
    width[usable] = (np.log(high[usable]) - np.log(low[usable])) / (2 * quantile(level))
    return center, width


def quantile(level: float) -> float:
    """The normal quantile of a two-sided interval at ``level``; EstimationError outside 0 to 1."""
    if not 0 < level < 1:
        raise EstimationError(f"Niveau {level} : attendu entre 0 et 1 exclus, par exemple 0.95.")
    return float(stats.norm.ppf((1 + level) / 2))
