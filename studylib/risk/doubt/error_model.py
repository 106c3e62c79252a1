"""Systematic error that may grow with the true effect, and intervals corrected for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from studylib.errors import EstimationError
from studylib.risk.doubt.null import FEWEST, EmpiricalNull
from studylib.risk.logarithms import quantile

_FARTHEST = 20.0  # log ratios beyond which a limit is infinite


@dataclass(frozen=True)
class ErrorModel:
    """What a study finds when the true log ratio is θ: normal, mean ``a + b θ``, sd ``c + d |θ|``.

    Without multiplicative error b is 1 and d is 0; an empirical null is then the whole model.
    """

    a: float
    b: float
    c: float
    d: float

    def spread(self, truth: float | np.ndarray) -> np.ndarray:
        """Standard deviation of systematic error at a true log ratio."""
        return np.asarray(abs(self.c) + abs(self.d) * np.abs(truth))


def from_null(null: EmpiricalNull) -> ErrorModel:
    """The error model of a null alone: the same error whatever the effect.

    EstimationError when the null could not be fitted.
    """
    if not null.fitted:
        raise EstimationError(
            f"Calibrage : {null.controls} témoin(s) négatif(s) utilisable(s), {null.excluded} "
            "écarté(s) ; il en faut davantage."
        )
    return ErrorModel(null.mean, 1.0, null.sd, 0.0)


def error_model(
    log_ratios: Sequence[float] | np.ndarray,
    errors: Sequence[float] | np.ndarray,
    truths: Sequence[float] | np.ndarray,
    *,
    fewest: int = FEWEST,
) -> ErrorModel:
    """The model of greatest likelihood over negative and positive controls (Schuemie, 2018).

    ``truths`` are the true log ratios: 0 for a negative control. EstimationError when fewer than
    ``fewest`` controls are positive, when all truths are the same, when an error is not positive.

    Reference
    ---------
    Schuemie MJ, Hripcsak G, Ryan PB, Madigan D, Suchard MA (2018), PNAS 115:2571-2577.
    """
    found, spread, true = (np.asarray(each, dtype=float) for each in (log_ratios, errors, truths))
    sizes = {found.shape, spread.shape, true.shape}
    if len(sizes) > 1 or (spread <= 0).any() or not np.isfinite(true).all():
        raise EstimationError(
            "Témoins : il faut, pour chacun, une estimation, une erreur type positive et un vrai "
            "rapport."
        )
    kept = np.isfinite(found) & np.isfinite(spread)
    found, spread, true = found[kept], spread[kept], true[kept]
    if (true != 0).sum() < fewest or len(set(true)) < 2:
        raise EstimationError(
            f"Modèle d'erreur : {int((true != 0).sum())} témoin(s) positif(s) utilisable(s) ; "
            f"il en faut au moins {fewest}, à côté des témoins négatifs."
        )

    def misfit(choice: np.ndarray) -> float:
        model = ErrorModel(*choice)
        width = np.sqrt(model.spread(true) ** 2 + spread**2)
        return -float(stats.norm.logpdf(found, model.a + model.b * true, width).sum())

    # the spread has a corner at zero: two starts, kept the better
    starts = [(0.0, 1.0, c, d) for c, d in ((0.1, 0.05), (0.3, 0.3))]
    tries = [
        optimize.minimize(misfit, start, method="Nelder-Mead", options={"maxiter": 4000})
        for start in starts
    ]
    best = min(tries, key=lambda each: float(each.fun)).x
    return ErrorModel(float(best[0]), float(best[1]), abs(float(best[2])), abs(float(best[3])))


def calibrated_p(log_ratio: float, error: float, model: ErrorModel) -> float:
    """Two-sided p value of no effect, systematic error counted.

    >>> round(calibrated_p(0.5, 0.1, ErrorModel(0.5, 1, 0.2, 0)), 3)
    1.0
    """
    z = (log_ratio - model.a) / np.sqrt(model.c**2 + error**2)
    return float(2 * stats.norm.sf(abs(z)))


def calibrated_interval(
    log_ratio: float, error: float, model: ErrorModel, *, level: float = 0.95
) -> tuple[float, float, float]:
    """The true log ratio and its limits, given what was found (EstimationError when b ≤ 0).

    Limits are the truths at which what was found would just be surprising. One is infinite when
    error grows so fast with the effect that no truth is.

    >>> [round(each, 3) for each in calibrated_interval(0.5, 0.1, ErrorModel(0.2, 1, 0.0, 0))]
    [0.3, 0.104, 0.496]
    """
    if model.b <= 0:
        raise EstimationError(
            "Modèle d'erreur : les estimations n'augmentent pas avec le vrai rapport ; "
            "revoir les témoins positifs."
        )
    z = quantile(level)

    def surprise(truth: float) -> float:
        width = np.sqrt(float(model.spread(truth)) ** 2 + error**2)
        return float((log_ratio - model.a - model.b * truth) / width)

    center = (log_ratio - model.a) / model.b
    low = _solved(lambda truth: surprise(truth) - z, center, -1)
    high = _solved(lambda truth: surprise(truth) + z, center, 1)
    return center, low, high


def _solved(gap: object, start: float, side: int) -> float:
    """The root nearest ``start`` on one side; infinite when there is none."""
    assert callable(gap)
    step, previous = 0.05, start
    while abs(previous - start) < _FARTHEST:
        following = previous + side * step
        if gap(previous) * gap(following) <= 0:
            return float(optimize.brentq(gap, *sorted((previous, following)), xtol=1e-12))
        previous, step = following, step * 1.5
    return side * np.inf
