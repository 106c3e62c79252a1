"""Variance between sites: its estimators, its interval, what it does to weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
from scipy import optimize, stats

from studylib.errors import EstimationError

Between = Literal["dersimonian_laird", "reml"]
Squared = Literal["q", "tau2"]
_ROUNDS = 100
_LARGEST = 1e4


def cochran_q(values: np.ndarray, variances: np.ndarray, tau2: float = 0.0) -> float:
    """Weighted squared gaps to the weighted mean, weights 1 / (variance + ``tau2``)."""
    weights = 1 / (variances + tau2)
    mean = (weights * values).sum() / weights.sum()
    return float((weights * (values - mean) ** 2).sum())


def dersimonian_laird(values: np.ndarray, variances: np.ndarray) -> float:
    """Moment estimator of the variance between sites (DerSimonian and Laird, 1986).

    >>> float(dersimonian_laird(np.array([0.0, 1.0]), np.array([0.1, 0.1])))
    0.4
    """
    weights = 1 / variances
    excess = cochran_q(values, variances) - (len(values) - 1)
    found = max(0.0, excess / (weights.sum() - (weights**2).sum() / weights.sum()))
    return float(np.round(found, 15))


def reml(values: np.ndarray, variances: np.ndarray) -> float:
    """Restricted maximum likelihood estimator (Viechtbauer, 2005).

    The maximum over tau² ≥ 0 of the restricted likelihood, found on a grid then refined: a fixed
    point may stop elsewhere. EstimationError when variances are so unlike that none is found.
    """
    top = float(np.ptp(values) ** 2 + variances.max())
    grid = np.concatenate([[0.0], np.geomspace(variances.min() * 1e-4, top, 200)])
    best = int(np.argmin(_misfit(values, variances, grid)))
    if best == 0:
        return 0.0
    found = _polished(values, variances, float(grid[best]))
    if not np.isfinite(found):
        raise EstimationError("Méta-analyse : variance entre sites sans solution finie (REML).")
    return found


def _misfit(values: np.ndarray, variances: np.ndarray, tau2: np.ndarray) -> np.ndarray:
    """Minus twice the restricted log likelihood, but for a constant, at each tau²."""
    weights = 1 / (variances + tau2[:, None])
    total = weights.sum(axis=1)
    gaps = values - ((weights * values).sum(axis=1) / total)[:, None]
    fit = -np.log(weights).sum(axis=1) + np.log(total) + (weights * gaps**2).sum(axis=1)
    return np.asarray(fit)


def _polished(values: np.ndarray, variances: np.ndarray, start: float) -> float:
    """The maximum near ``start``, by Fisher scoring."""
    tau2 = start
    for _ in range(_ROUNDS):
        weights = 1 / (variances + tau2)
        mean = (weights * values).sum() / weights.sum()
        squares = (weights**2).sum()
        gap = (weights**2 * (values - mean) ** 2).sum()
        score = gap - weights.sum() + squares / weights.sum()
        information = (
            squares - 2 * (weights**3).sum() / weights.sum() + (squares / weights.sum()) ** 2
        )
        step = score / information
        tau2 = max(0.0, tau2 + step)
        if abs(step) < 1e-14:
            break
    return float(tau2)


BETWEEN: Mapping[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "dersimonian_laird": dersimonian_laird,
    "reml": reml,
}


def q_profile(
    values: np.ndarray, variances: np.ndarray, *, level: float = 0.95
) -> tuple[float, float]:
    """Limits of the variance between sites, by the Q profile (Viechtbauer, 2007).

    All tau² at which Q has a likely value under its exact chi-squared distribution. Zero below when
    even tau² = 0 is likely; both zero when Q is too small for any.
    """
    freedom, tail = len(values) - 1, (1 - level) / 2

    def reached(share: float) -> float:
        target = stats.chi2.ppf(share, freedom)

        def gap(tau2: float) -> float:
            return cochran_q(values, variances, tau2) - float(target)

        if gap(0.0) <= 0:
            return 0.0
        top = 1.0
        while gap(top) > 0 and top < _LARGEST:
            top *= 10
        return float(optimize.brentq(gap, 0.0, top)) if gap(top) <= 0 else float("inf")

    return reached(1 - tail), reached(tail)


def i_squared(
    values: np.ndarray, variances: np.ndarray, tau2: float, *, definition: Squared
) -> float:
    """Share of the variation that chance does not explain (Higgins and Thompson, 2002).

    ``q``: (Q - df) / Q, never below 0. ``tau2``: tau² / (tau² + s²), s² the typical variance within
    sites. They agree for DerSimonian and Laird's tau², and differ for any other.
    """
    freedom = len(values) - 1
    if definition == "q":
        gaps = cochran_q(values, variances)
        return max(0.0, (gaps - freedom) / gaps) if gaps > 0 else 0.0
    weights = 1 / variances
    typical = freedom * weights.sum() / (weights.sum() ** 2 - (weights**2).sum())
    return float(tau2 / (tau2 + typical))
