"""A model of the outcome, linear or logistic, with what each person adds to its coefficients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from studylib.errors import EstimationError

Model = Literal["linear", "logistic"]
_STEPS = 50


@dataclass(frozen=True)
class OutcomeModel:
    """Coefficients, and one row of influence per person of the fit (0 for those left out)."""

    model: Model
    coefficients: np.ndarray
    influence: np.ndarray

    def predicted(self, matrix: np.ndarray) -> np.ndarray:
        """The mean of the outcome on other rows."""
        linear = matrix @ self.coefficients
        return linear if self.model == "linear" else _expit(linear)

    def slopes(self, matrix: np.ndarray) -> np.ndarray:
        """The derivative of each mean for each coefficient."""
        if self.model == "linear":
            return matrix
        mean = self.predicted(matrix)
        return np.asarray(matrix * (mean * (1 - mean))[:, None])


class NoFit(EstimationError):
    """The outcome model has no finite solution."""


def outcome_model(
    matrix: np.ndarray, y: np.ndarray, model: Model, weights: np.ndarray
) -> OutcomeModel:
    """The fit of ``y`` on the columns of ``matrix``, rows weighing ``weights``.

    The logistic one solves the equations of the likelihood whatever ``y``: shares and
    pseudo-observations are taken as flags are (quasi-likelihood). NoFit where it runs away.
    """
    if model not in ("linear", "logistic"):
        raise EstimationError(f"Modèle « {model} » inconnu ; linear ou logistic.")
    scale = np.sqrt((matrix**2).mean(axis=0))
    scale = np.where(scale > 0, scale, 1.0)
    scaled = matrix / scale
    beta = np.zeros(matrix.shape[1])
    for _ in range(_STEPS):
        linear = scaled @ beta
        mean = linear if model == "linear" else _expit(linear)
        curve = np.ones(len(y)) if model == "linear" else mean * (1 - mean)
        slope = scaled.T @ (weights * (y - mean))
        inverse = np.linalg.pinv(scaled.T @ (scaled * (weights * curve)[:, None]), hermitian=True)
        step = inverse @ slope
        beta = beta + step
        if model == "linear" or np.abs(step).max() < 1e-8:
            mean = scaled @ beta if model == "linear" else _expit(scaled @ beta)
            influence = (scaled * (weights * (y - mean))[:, None]) @ inverse
            return OutcomeModel(model, beta / scale, influence / scale)
        if not np.isfinite(beta).all() or np.abs(scaled @ beta).max() > 1e3:
            break
    raise NoFit("Modèle de l'événement : pas de solution finie (séparation) ; retirer ou regrouper "
                "des covariables, ou employer le modèle linéaire.")  # fmt: skip


def _expit(linear: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-np.clip(linear, -500, 500))))
