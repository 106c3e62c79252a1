"""Ordinary least squares with the covariance of Newey and West, in a dozen lines of algebra."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from studylib.errors import EstimationError

Floats = NDArray[np.float64]


class LeastSquares(NamedTuple):
    """Coefficients, their covariance, fitted values and the share of variance explained."""

    coefficients: Floats
    covariance: Floats
    fitted: Floats
    r_squared: float
    degrees_of_freedom: int


def usual_lag(observations: int) -> int:
    """The lag of Newey and West (1994) for a series of that length: floor(4(n/100)^(2/9)).

    >>> usual_lag(69)
    3
    """
    return int(4 * (observations / 100) ** (2 / 9))


def least_squares(outcome: Floats, design: Floats, *, lag: int) -> LeastSquares:
    """Least squares with a covariance that allows for unequal variances and correlated months.

    Newey-West: Bartlett kernel up to ``lag`` months, small-sample factor n/(n-k), no prewhitening.

    Raises:
        EstimationError: fewer observations than coefficients, or collinear columns.

    Reference: Newey WK, West KD (1987), Econometrica 55:703.
    """
    observations, columns = design.shape
    if observations <= columns or np.linalg.matrix_rank(design) < columns:
        raise EstimationError(
            f"Régression impossible : {observations} mois pour {columns} coefficients, ou termes "
            "confondus ; allonger la série ou déplacer le choc."
        )
    coefficients, *_ = np.linalg.lstsq(design, outcome, rcond=None)
    fitted = design @ coefficients
    residuals = outcome - fitted
    scores = design * residuals[:, None]
    middle = scores.T @ scores
    for step in range(1, lag + 1):
        crossed = scores[step:].T @ scores[:-step]
        middle += (1 - step / (lag + 1)) * (crossed + crossed.T)
    bread = np.linalg.inv(design.T @ design)
    freedom = observations - columns
    covariance = bread @ middle @ bread * observations / freedom
    around_mean = ((outcome - outcome.mean()) ** 2).sum()
    r_squared = 1 - (residuals**2).sum() / around_mean if around_mean > 0 else 1.0
    return LeastSquares(
        np.asarray(coefficients, dtype=np.float64), covariance, fitted, float(r_squared), freedom
    )
