"""Doubly robust means: right when the score is, or when the model of the outcome is."""

from __future__ import annotations

from functools import partial
from typing import Literal

import numpy as np
import pandas as pd

from studylib.errors import EstimationError
from studylib.risk.gates.gate import Gates
from studylib.risk.marginal.means import Inference, Means, Measure, contrasts, value_of
from studylib.risk.marginal.outcome_model import Model, NoFit, outcome_model
from studylib.risk.propensity import Score
from studylib.risk.propensity.design import design
from studylib.risk.propensity.logistic import logistic
from studylib.risk.rows import estimates, method


def doubly_robust_difference(
    people: pd.DataFrame,
    score: Score,
    *,
    value: str,
    outcome: str,
    formula: str,
    model: Model = "linear",
    measure: Measure = "mean",
    variance: Literal["influence", "bootstrap"] = "influence",
    smallest_score: float = 0.0,
    replicates: int = 500,
    seed: int | None = None,
    level: float = 0.95,
    gates: Gates | None = None,
) -> pd.DataFrame:
    """Differences of augmented inverse-probability means (AIPW) of ``value``, over everybody.

    ``formula`` models ``value`` on covariates, in each arm apart. Each person has the prediction
    under every arm, plus her residual over the probability of her arm under that one. An ESTIMATES
    table, differences (and ratios of risks) of each arm and the reference; ``value`` and
    ``measure`` as in ``weighted_difference``: with ``pseudo_risk``, the risk by a day.
    ``variance``: ``influence``, from the efficient influence function, right when both models are;
    or ``bootstrap`` percentiles, both models fitted again (logistic score). Probabilities under
    ``smallest_score`` are brought up to it; at 0, a probability of zero is refused. An arm whose
    persons are not two more than the coefficients of its model, or four, has no estimate.

    Reference
    ---------
    Robins JM, Rotnitzky A, Zhao LP (1994), JASA 89:846-866; Funk MJ et al. (2011), Am J Epidemiol
    173:761-767.
    """
    _check(people, score, variance, smallest_score)
    y = value_of(people, value)
    matrix = design(people, formula).matrix
    chance = np.maximum(score.probabilities.to_numpy(), smallest_score)
    try:
        means: Means | str = _means(matrix, y, score.codes, chance, model)
    except NoFit:
        means = "no convergence"
    inference = Inference(
        level=level,
        resampled=partial(_again, score, matrix, y, model, smallest_score)
        if variance == "bootstrap"
        else None,
        replicates=replicates,
        seed=seed,
        coefficients=matrix.shape[1],
    )
    told = partial(
        method,
        "aipw",
        formula=formula,
        model=model,
        smallest_score=smallest_score or None,
        variance=variance,
        **inference.drawn,
    )
    rows = contrasts(
        people, means, score.arms, inference, measure=measure, outcome=outcome, how=told
    )
    return estimates(rows, gates=gates)


def _means(
    matrix: np.ndarray,
    y: np.ndarray,
    codes: np.ndarray,
    chance: np.ndarray,
    model: Model,
    counts: np.ndarray | None = None,
) -> Means:
    weight = np.ones(len(y)) if counts is None else counts
    total = weight.sum()
    values, influence = np.empty(chance.shape[1]), np.empty((len(y), chance.shape[1]))
    for code in range(chance.shape[1]):
        own = (codes == code).astype(float)
        predicted = outcome_model(matrix, y, model, weight * own).predicted(matrix)
        with np.errstate(divide="ignore", invalid="ignore"):
            rest = np.where(own > 0, (y - predicted) / chance[:, code], 0.0)
        each = predicted + rest
        values[code] = weight @ each / total
        influence[:, code] = (each - values[code]) / total
    return Means(values, influence)


def _again(
    score: Score, matrix: np.ndarray, y: np.ndarray, model: Model, smallest: float,
    counts: np.ndarray,
) -> np.ndarray:  # fmt: skip
    codes = score.codes
    built = score.design
    if built is None or len(np.unique(codes[counts > 0])) < len(score.arms):
        raise EstimationError("Rééchantillonnage : un groupe est vide.")
    fit = logistic(built.matrix, codes, names=built.names, weights=counts)
    chance = np.maximum(fit.probabilities, smallest)
    return _means(matrix, y, codes, chance, model, counts).values


def _check(people: pd.DataFrame, score: Score, variance: str, smallest: float) -> None:
    received = score.probabilities.to_numpy()[np.arange(len(score.persons)), score.codes]
    wrong = [
        (not score.of_same(people), "les personnes ne sont pas celles du score, dans "
         "le même ordre"),
        (variance not in ("influence", "bootstrap"), f"variance « {variance} » ; influence ou "
         "bootstrap"),
        (variance == "bootstrap" and score.design is None, "rééchantillonnage d'un score "
         "pénalisé ; employer influence"),
        (not 0 <= smallest < 0.5, f"smallest_score {smallest} ; de 0 à 0,5"),
        (smallest == 0 and bool((received <= 0).any()), "une probabilité est nulle ; donner "
         "smallest_score"),
    ]  # fmt: skip
    for found, told in wrong:
        if found:
            raise EstimationError(f"Estimation doublement robuste : {told}.")
