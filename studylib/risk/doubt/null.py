"""The distribution of systematic error, read from comparisons known to have no effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import optimize, stats

from studylib.errors import EstimationError, refuse_counts

FEWEST = 5
STABLE = 20
LARGEST_LOG = float(np.log(100))
_GRID = 201


@dataclass(frozen=True)
class EmpiricalNull:
    """Normal distribution of the log ratios that no effect gives: ``mean`` and ``sd``.

    Both are NaN when fewer than ``fewest`` controls were usable (``fitted`` is then False).
    ``excluded`` counts controls left out: no finite estimate, or a ratio beyond 100 either way.
    ``unstable`` warns that the spread rests on fewer than 20 controls.
    """

    mean: float
    sd: float
    controls: int
    excluded: int
    log_ratios: np.ndarray = field(repr=False)
    errors: np.ndarray = field(repr=False)

    @property
    def fitted(self) -> bool:
        """Whether there were enough controls."""
        return bool(np.isfinite(self.mean))

    @property
    def unstable(self) -> bool:
        """Whether too few controls make the spread uncertain."""
        return self.fitted and self.controls < STABLE


def empirical_null(
    log_ratios: Sequence[float] | np.ndarray,
    errors: Sequence[float] | np.ndarray,
    *,
    fewest: int = FEWEST,
    largest_log: float = LARGEST_LOG,
) -> EmpiricalNull:
    """The null of negative controls, by maximum likelihood (Schuemie and others, 2014).

    ``log_ratios[i]`` is normal around ``mean`` with variance ``sd² + errors[i]²``. Controls without
    a finite estimate, or with a log ratio beyond ``largest_log``, are left out and counted.
    EstimationError when the lengths differ or an error is negative or zero.

    Reference
    ---------
    Schuemie MJ, Ryan PB, DuMouchel W, Suchard MA, Madigan D (2014), Statistics in Medicine
    33:209-218.

    >>> null = empirical_null([0.1, 0.3, 0.2, 0.4, 0.25], [0.1] * 5)
    >>> round(null.mean, 3), round(null.sd, 3)
    (0.25, 0.0)
    """
    values, spreads = (np.asarray(each, dtype=float) for each in (log_ratios, errors))
    if values.shape != spreads.shape or values.ndim != 1:
        raise EstimationError(
            f"Témoins négatifs : {values.size} estimations pour {spreads.size} erreurs types ; "
            "il en faut autant."
        )
    if (spreads <= 0).any():
        raise EstimationError(
            "Témoins négatifs : une erreur type est nulle ou négative ; il en faut de positives."
        )
    refuse_counts("Témoins négatifs", 1, fewest=fewest)
    kept = np.isfinite(values) & np.isfinite(spreads)
    kept[kept] = np.abs(values[kept]) <= largest_log
    values, spreads, excluded = values[kept], spreads[kept], int((~kept).sum())
    mean, sd = (np.nan, np.nan) if len(values) < fewest else _maximum(values, spreads)
    return EmpiricalNull(mean, sd, len(values), excluded, values, spreads)


def _maximum(values: np.ndarray, errors: np.ndarray) -> tuple[float, float]:
    """Mean and spread of greatest likelihood; the mean is profiled out."""

    def fit(sd: float) -> float:
        return -float(_log_likelihood(values, errors, _center(values, errors, sd), sd))

    widest = float(np.ptp(values)) + float(errors.max())
    grid = np.linspace(0, widest, 60)
    best = int(np.argmin([fit(sd) for sd in grid]))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    found = optimize.minimize_scalar(
        fit, bounds=(low, high), method="bounded", options={"xatol": 1e-9}
    )
    sd = 0.0 if fit(0.0) <= found.fun else float(found.x)
    return _center(values, errors, sd), sd


def _center(values: np.ndarray, errors: np.ndarray, sd: float) -> float:
    weights = 1 / (sd**2 + errors**2)
    return float((weights * values).sum() / weights.sum())


def _log_likelihood(
    values: np.ndarray, errors: np.ndarray, mean: float | np.ndarray, sd: float | np.ndarray
) -> np.ndarray:
    """Summed over controls, for one pair or for arrays of means and spreads."""
    middle, spread = np.asarray(mean)[..., None], np.asarray(sd)[..., None]
    variance = spread**2 + errors**2
    return np.asarray(-0.5 * (np.log(variance) + (values - middle) ** 2 / variance).sum(-1))


def expected_absolute_error(mean: float, sd: float) -> float:
    """EASE: the mean absolute value of a normal error (Schuemie and others, 2020).

    >>> round(expected_absolute_error(0.0, 0.1), 4), expected_absolute_error(-0.2, 0.0)
    (0.0798, 0.2)
    """
    return float(_folded_mean(np.array(mean), np.array(sd)))


def _folded_mean(mean: np.ndarray, sd: np.ndarray) -> np.ndarray:
    safe = np.where(sd > 0, sd, 1.0)
    ratio = mean / safe
    spread = safe * np.sqrt(2 / np.pi) * np.exp(-(ratio**2) / 2)
    folded = spread + mean * (1 - 2 * stats.norm.cdf(-ratio))
    return np.asarray(np.where(sd > 0, folded, np.abs(mean)))


def ease(null: EmpiricalNull, *, level: float = 0.95) -> tuple[float, float, float]:
    """EASE of a null and its interval, in log units; all NaN when the null could not be fitted.

    The interval is that of the profile likelihood: every EASE of a mean and spread that the
    controls do not reject, on a grid. With few controls it is wide, which the point hides.
    """
    if not null.fitted:
        return np.nan, np.nan, np.nan
    values, errors = null.log_ratios, null.errors
    reach = 6 * np.sqrt((null.sd**2 + errors.mean() ** 2) / len(values)) + 1e-6
    means = np.linspace(null.mean - reach, null.mean + reach, _GRID)
    spreads = np.linspace(0, null.sd + reach + 2 * errors.mean(), _GRID)
    mean, sd = (each.ravel() for each in np.meshgrid(means, spreads))
    fit = _log_likelihood(values, errors, mean, sd)
    error = _folded_mean(mean, sd)
    held = error[fit >= fit.max() - stats.chi2.ppf(level, 1) / 2]
    point = expected_absolute_error(null.mean, null.sd)
    low, high = min(point, float(held.min())), max(point, float(held.max()))
    return point, low, high
