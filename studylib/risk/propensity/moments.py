"""Means, variances and standardised differences of two groups, weighted or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from studylib.errors import EstimationError

Denominator = Literal["pooled", "treated"]
After = Literal["unadjusted", "recomputed"]
BinaryVariance = Literal["n", "n-1"]
_ACCEPTED = {
    "denominator": ("pooled", "treated"),
    "after": ("unadjusted", "recomputed"),
    "binary_variance": ("n", "n-1"),
}


@dataclass(frozen=True)
class Moments:
    """Mean and variance of each covariate in one group."""

    mean: np.ndarray
    variance: np.ndarray


@dataclass(frozen=True)
class Convention:
    """What a standardised difference is divided by.

    ``denominator``      root of the mean of both variances (``pooled``: Austin, 2009; OHDSI), or
                         the standard deviation of the compared arm (``treated``: MatchIt)
    ``after``            after adjustment, the denominator found before (``unadjusted``: MatchIt,
                         cobalt), or computed again (``recomputed``: CohortMethod)
    ``binary_variance``  of flags: p (1 - p) (``n``), or that times n / (n - 1) (``n-1``)
    """

    denominator: Denominator = "pooled"
    after: After = "unadjusted"
    binary_variance: BinaryVariance = "n"

    def __post_init__(self) -> None:
        for name, accepted in _ACCEPTED.items():
            given = getattr(self, name)
            if given not in accepted:
                raise EstimationError(
                    f"Équilibre : {name} « {given} » ; acceptés : {', '.join(accepted)}."
                )

    def spread(self, arm: Moments, reference: Moments) -> np.ndarray:
        """The denominators of two groups, missing where there is no variance."""
        pooled = (arm.variance + reference.variance) / 2
        variance = pooled if self.denominator == "pooled" else arm.variance
        return np.sqrt(np.where(variance > 0, variance, np.nan))


def moments(
    values: np.ndarray, flags: np.ndarray, weights: np.ndarray, binary_variance: BinaryVariance
) -> Moments:
    """Weighted mean and variance of each column of ``values``; ``flags`` says which are binary.

    The variance of a weighted mean's residuals is divided by Σw - Σw² / Σw, which is n - 1 when all
    weights are one.

    >>> found = moments(np.array([[1.0], [2.0], [6.0]]), np.array([False]), np.ones(3), "n")
    >>> found.mean.item(), found.variance.item()
    (3.0, 7.0)
    """
    total, shift = weights.sum(), values.mean(axis=0)
    centred = values - shift
    mean = weights @ centred / total
    residual = np.clip(weights @ centred**2 - total * mean**2, 0, None)
    return Moments(mean + shift, _variance(residual, flags, weights, binary_variance))


def moments_of_flags(
    carried: np.ndarray, weights: np.ndarray, binary_variance: BinaryVariance
) -> Moments:
    """The same from the weight that carries each flag."""
    total = weights.sum()
    mean = carried / total
    residual = total * mean * (1 - mean)
    return Moments(mean, _variance(residual, np.ones(len(mean), bool), weights, binary_variance))


def _variance(
    residual: np.ndarray, flags: np.ndarray, weights: np.ndarray, binary_variance: BinaryVariance
) -> np.ndarray:
    total = weights.sum()
    freedom = total - (weights**2).sum() / total
    unbiased = residual / freedom if freedom > 0 else np.zeros_like(residual)
    return np.where(flags, residual / total, unbiased) if binary_variance == "n" else unbiased
