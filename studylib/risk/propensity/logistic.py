"""Logistic regression by maximum likelihood, two classes or more, that knows when it has none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from studylib.errors import EstimationError

_STEPS = 40
_TOLERANCE = 1e-9


@dataclass(frozen=True)
class LogisticFit:
    """Coefficients (columns of the design × classes but the first), and what follows from them.

    ``covariance`` is that of the coefficients, class after class; ``probabilities`` has one column
    per class.
    """

    coefficients: np.ndarray
    covariance: np.ndarray
    log_likelihood: float
    probabilities: np.ndarray


def logistic(
    matrix: np.ndarray,
    classes: np.ndarray,
    *,
    names: Sequence[str],
    weights: np.ndarray | None = None,
    what: str = "Score de propension",
) -> LogisticFit:
    """The maximum-likelihood fit of ``classes`` (0 … K-1) by Newton's iterations (IRLS).

    The first column of ``matrix`` is the intercept. Columns are centred and scaled inside, so that
    squares and raw units do no harm. EstimationError when the likelihood has no maximum (Albert
    and Anderson, 1984): a combination of columns separates the classes; the columns whose
    coefficients run away are named.
    """
    number = int(classes.max()) + 1 if len(classes) else 0
    if number < 2:
        raise EstimationError(f"{what} : un seul groupe présent, rien à comparer.")
    back = _unscaling(matrix)
    scaled = matrix @ back
    weight = np.ones(len(matrix)) if weights is None else weights
    observed = np.eye(number)[classes]
    beta = np.zeros((matrix.shape[1], number - 1))
    value = _log_likelihood(scaled @ beta, observed, weight)
    step = np.zeros_like(beta)
    for _ in range(_STEPS):
        probabilities = _softmax(scaled @ beta)
        score = scaled.T @ (weight[:, None] * (observed - probabilities)[:, 1:])
        information = _information(scaled, probabilities, weight)
        try:
            step = np.linalg.solve(information, score.T.ravel()).reshape(number - 1, -1).T
        except np.linalg.LinAlgError:
            break
        beta, value = _ascended(scaled, observed, weight, beta, step, value)
        if np.abs(step).max() < _TOLERANCE:
            inverse = np.linalg.inv(_information(scaled, probabilities, weight))
            spread = np.kron(np.eye(number - 1), back)
            return LogisticFit(back @ beta, spread @ inverse @ spread.T, value, probabilities)
    raise EstimationError(_separated(back @ step, matrix, names, what))


def _unscaling(matrix: np.ndarray) -> np.ndarray:
    """The matrix that takes columns to centred and scaled ones, and their coefficients back."""
    mean, spread = matrix[:, 1:].mean(axis=0), matrix[:, 1:].std(axis=0)
    back = np.eye(matrix.shape[1])
    spread = np.where(spread > 0, spread, 1.0)
    back[np.arange(1, len(back)), np.arange(1, len(back))] = 1 / spread
    back[0, 1:] = -mean / spread
    return back


def _softmax(linear: np.ndarray) -> np.ndarray:
    whole = np.column_stack([np.zeros(len(linear)), linear])
    raised = np.exp(whole - whole.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _log_likelihood(linear: np.ndarray, observed: np.ndarray, weight: np.ndarray) -> float:
    whole = np.column_stack([np.zeros(len(linear)), linear])
    top = whole.max(axis=1)
    total = top + np.log(np.exp(whole - top[:, None]).sum(axis=1))
    return float(weight @ ((whole * observed).sum(axis=1) - total))


def _information(scaled: np.ndarray, probabilities: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Minus the second derivative of the log likelihood, class by class."""
    inner = range(1, probabilities.shape[1])
    return np.block(
        [
            [
                scaled.T
                @ (
                    scaled
                    * (weight * probabilities[:, a] * ((a == b) - probabilities[:, b]))[:, None]
                )
                for b in inner
            ]
            for a in inner
        ]
    )


def _ascended(
    scaled: np.ndarray,
    observed: np.ndarray,
    weight: np.ndarray,
    beta: np.ndarray,
    step: np.ndarray,
    value: float,
) -> tuple[np.ndarray, float]:
    """The step, halved until the likelihood does not fall."""
    size, slack = 1.0, 1e-10 * (1 + abs(value))
    for _ in range(30):
        new = _log_likelihood(scaled @ (beta + size * step), observed, weight)
        if new >= value - slack:
            return beta + size * step, new
        size /= 2
    return beta, value


def _separated(step: np.ndarray, matrix: np.ndarray, names: Sequence[str], what: str) -> str:
    """The sentence that names the columns whose coefficients were still running away."""
    moved = np.abs(step).max(axis=1) * np.r_[0.0, np.ptp(matrix[:, 1:], axis=0)]
    running = [names[i] for i in np.argsort(-moved)[:5] if moved[i] > 0.1 * max(moved.max(), 1e-12)]
    return (
        f"{what} : séparation, {', '.join(running) or 'une combinaison de covariables'} prédit "
        "exactement le groupe de certaines personnes, et le modèle n'a pas de solution finie ; "
        "retirer ou regrouper ces covariables, restreindre la population à celles qui pouvaient "
        "recevoir chaque groupe, ou employer le score pénalisé."
    )
