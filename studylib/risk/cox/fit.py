"""The coefficients that maximise Cox's partial likelihood, and how sure they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from studylib.errors import EstimationError
from studylib.risk.cox.likelihood import Evaluation, evaluate, score_residuals
from studylib.risk.cox.risk_sets import Floats, Integers, RiskSets

STEPS = 30
SMALL_STEP = 1e-8  # in standard deviations of the covariate: the step of a finite maximum
RUNAWAY = 1e-2  # a step that stays this large while the likelihood no longer moves
NEARLY_SINGULAR = 1e-10
SMALLEST_ERROR = 1e-9  # of a log ratio: a robust variance that vanishes is none
LEAST_SURE = 50.0  # error of a standardised covariate beyond which it separates


class NoMaximum(EstimationError):
    """The likelihood has no finite maximum: a covariate separates those with an event."""


@dataclass(frozen=True)
class CoxFit:
    """Coefficients in the order of the columns of ``x``, their covariance and the likelihood."""

    coefficients: Floats
    covariance: Floats
    log_likelihood: float
    null_log_likelihood: float

    @property
    def standard_errors(self) -> Floats:
        """The standard error of each coefficient."""
        return np.sqrt(np.diag(self.covariance))


@dataclass(frozen=True)
class Scaled:
    """Covariates centred and brought to unit spread, rows in the order of the risk sets."""

    x: Floats
    spread: Floats


def scaled(sets: RiskSets, x: Floats) -> Scaled:
    """``x`` (rows as given) in the order of ``sets``; a constant column keeps its zeros."""
    ordered = np.asarray(x, float)[sets.order]
    spread = ordered.std(axis=0)
    return Scaled((ordered - ordered.mean(axis=0)) / np.where(spread > 0, spread, 1.0), spread)


def maximum(
    sets: RiskSets, x: Floats, *, start: Floats | None = None, offset: Floats | None = None
) -> tuple[Floats, Evaluation]:
    """Coefficients of scaled ``x`` by Newton's method, and the likelihood there.

    NoMaximum when it runs to infinity, or when columns repeat one another.
    """
    beta = np.zeros(x.shape[1]) if start is None else start
    here = evaluate(sets, x, beta, offset)
    for _ in range(STEPS):
        step = solve(here.information, here.gradient)
        if np.abs(step).max(initial=0.0) < SMALL_STEP:
            return beta, here
        ahead = evaluate(sets, x, beta + step, offset)
        while not ahead.log_likelihood >= here.log_likelihood - 1e-9 * abs(here.log_likelihood):
            step = step / 2
            if np.abs(step).max() < SMALL_STEP:
                return beta, here
            ahead = evaluate(sets, x, beta + step, offset)
        still = abs(ahead.log_likelihood - here.log_likelihood) < 1e-9 * abs(here.log_likelihood)
        if still and np.abs(step).max() > RUNAWAY:
            break
        beta, here = beta + step, ahead
    raise NoMaximum("Modèle de Cox : la vraisemblance n'a pas de maximum fini (séparation).")


def solve(information: Floats, gradient: Floats) -> Floats:
    """Newton's step; NoMaximum when a covariate has no information, or repeats another."""
    if not len(gradient):
        return gradient
    diagonal = np.diag(information)
    if not (np.isfinite(information).all() and (diagonal > 0).all()):
        raise NoMaximum("Modèle de Cox : l'information est nulle pour une covariable (séparation).")
    root = np.sqrt(diagonal)
    values = np.linalg.eigvalsh(information / np.outer(root, root))
    if values[0] < NEARLY_SINGULAR:
        raise NoMaximum("Modèle de Cox : des covariables se répètent l'une l'autre.")
    return np.linalg.solve(information, gradient)


def fit(sets: RiskSets, x: Floats, *, start: Floats | None = None) -> CoxFit:
    """The model of ``x`` (rows as given to ``risk_sets``), with the variance of the model."""
    prepared = scaled(sets, x)
    initial = None if start is None else start * prepared.spread
    beta, top = maximum(sets, prepared.x, start=initial)
    nothing = evaluate(sets, prepared.x, np.zeros(x.shape[1]))
    inverse = np.linalg.inv(top.information)
    if np.sqrt(np.diag(inverse)).max(initial=0.0) > LEAST_SURE:
        raise NoMaximum("Modèle de Cox : la vraisemblance est plate (séparation).")
    return CoxFit(
        beta / prepared.spread,
        inverse / np.outer(prepared.spread, prepared.spread),
        top.log_likelihood,
        nothing.log_likelihood,
    )


def sandwich(
    sets: RiskSets, x: Floats, fitted: CoxFit, *, cluster: Integers | None = None
) -> Floats:
    """The robust covariance of Lin and Wei (1989), rows grouped by ``cluster`` (as given).

    It answers for weights, and for persons with several rows; under strata the residuals are
    those of each stratum's own risk sets.
    """
    prepared = scaled(sets, x)
    residuals = score_residuals(sets, prepared.x, fitted.coefficients * prepared.spread)
    if cluster is not None:
        residuals = _summed(residuals, np.asarray(cluster)[sets.order])
    spread = np.outer(prepared.spread, prepared.spread)
    bread = fitted.covariance * spread
    meat = residuals.T @ residuals
    return np.asarray(bread @ meat @ bread / spread)


def _summed(residuals: Floats, cluster: Integers) -> Floats:
    """Residuals summed by cluster."""
    groups = int(cluster.max()) + 1
    return np.column_stack(
        [np.bincount(cluster, residuals[:, c], minlength=groups) for c in range(residuals.shape[1])]
    )
