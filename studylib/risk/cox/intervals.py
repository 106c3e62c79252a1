"""Limits of the hazard ratio: normal, profile likelihood, bootstrap."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import numpy as np
from scipy import optimize, stats

from studylib.risk.cox.fit import CoxFit, NoMaximum, fit, maximum, scaled
from studylib.risk.cox.preparation import Rows
from studylib.risk.cox.risk_sets import Floats, reweighted

ENOUGH_RESAMPLES = 0.95
FURTHEST = 20.0  # beyond exp(20), a limit of a ratio is told as infinite


def wald(log_ratio: float, error: float, level: float) -> tuple[float, float]:
    """Limits of the log ratio under a normal approximation."""
    margin = float(stats.norm.ppf((1 + level) / 2)) * error
    return log_ratio - margin, log_ratio + margin


def profile(rows: Rows, log_ratios: Floats) -> Floats:
    """The log likelihood at each fixed log ratio of the arm, other coefficients maximised."""
    prepared = scaled(rows.sets, rows.x)
    others, arm = prepared.x[:, :-1], prepared.x[:, -1]
    start, values = np.zeros(others.shape[1]), np.empty(len(log_ratios))
    for place, log_ratio in enumerate(log_ratios):
        offset = arm * log_ratio * prepared.spread[-1]
        start, top = maximum(rows.sets, others, start=start, offset=offset)
        values[place] = top.log_likelihood
    return values


def profile_limits(rows: Rows, fitted: CoxFit, level: float) -> tuple[float, float]:
    """The log ratios at which twice the log likelihood lost is the quantile of chi squared."""
    lost = stats.chi2.ppf(level, 1) / 2
    best, error = float(fitted.coefficients[-1]), float(fitted.standard_errors[-1])

    def beyond(log_ratio: float) -> float:
        at = profile(rows, np.array([log_ratio]))[0]
        return float(fitted.log_likelihood - at - lost)

    return _crossing(beyond, best, -error), _crossing(beyond, best, error)


def _crossing(beyond: Callable[[float], float], best: float, step: float) -> float:
    """Where ``beyond`` becomes positive on one side of ``best``; infinite when it never does."""
    near, far = best, best + 2 * step
    while beyond(far) < 0:
        near, far = far, far + 2 * (far - best)
        if abs(far - best) > FURTHEST:
            return float(np.sign(step) * np.inf)
    return float(optimize.brentq(beyond, near, far, xtol=1e-9))


def bootstrap(rows: Rows, fitted: CoxFit, *, replicates: int, seed: int) -> Floats:
    """Log ratios of ``replicates`` resamples of the clusters, drawn with replacement.

    Rows keep their order: a resample only changes their weights. Resamples without a maximum
    (no outcome in an arm) are left out; NoMaximum when they are more than one in twenty, as the
    spread of the others would be that of a happier study.
    """
    draw = np.random.default_rng(seed)
    size = len(rows.sets.weights)
    cluster = np.arange(size) if rows.cluster is None else rows.cluster
    groups = int(cluster.max()) + 1
    ordered = cluster[rows.sets.order]
    found = []
    for _ in range(replicates):
        times = np.bincount(draw.integers(0, groups, groups), minlength=groups)[ordered]
        resampled = reweighted(rows.sets, times.astype(float))
        with contextlib.suppress(NoMaximum):
            found.append(fit(resampled, rows.x, start=fitted.coefficients).coefficients[-1])
    if len(found) < ENOUGH_RESAMPLES * replicates:
        raise NoMaximum("Modèle de Cox : trop de rééchantillonnages sans maximum de vraisemblance.")
    return np.array(found)
