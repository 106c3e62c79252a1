"""Weighted means of each arm."""

from __future__ import annotations

from functools import partial
from typing import Literal

import numpy as np
import pandas as pd

from studylib.errors import EstimationError
from studylib.risk.gates.gate import Gates
from studylib.risk.marginal.means import (
    Inference,
    Means,
    Measure,
    Quantile,
    contrasts,
    value_of,
)
from studylib.risk.propensity import Adjusted, Score, balancing_weights
from studylib.risk.propensity.logistic import logistic
from studylib.risk.rows import estimates, method

Variance = Literal["estimated_score", "hc0", "hc1", "bootstrap"]
VARIANCES = ("estimated_score", "hc0", "hc1", "bootstrap")


def weighted_difference(
    adjusted: Adjusted,
    *,
    value: str,
    outcome: str,
    measure: Measure = "mean",
    variance: Variance = "hc0",
    quantile: Quantile = "normal",
    replicates: int = 500,
    seed: int | None = None,
    level: float = 0.95,
    gates: Gates | None = None,
) -> pd.DataFrame:
    """Differences of weighted means of ``value`` between each arm and the reference.

    ``value`` is a column of ``adjusted.people``: a number, a flag, or pseudo-observations of a risk
    (``pseudo_risk``); with ``measure`` ``risk``, ratios come too. An ESTIMATES table.

    ``variance``: ``hc0``, the sandwich that takes weights as known, by matched set where matching
    made some; ``hc1``, that times n / (n - 2); ``estimated_score``, which counts that the score was
    estimated (stacked estimating equations: Lunceford and Davidian, 2004), for weights of a
    logistic score neither truncated nor trimmed; ``bootstrap``, percentiles over ``replicates``
    samples of persons drawn with ``seed``, the score fitted again in each (not for matching: Abadie
    and Imbens, 2008). Matching with replacement makes it approximate: persons serve several sets.
    ``quantile``: normal, or t on n - 2 degrees of freedom.
    """
    if variance not in VARIANCES:
        raise EstimationError(
            f"Variance « {variance} » inconnue ; acceptées : {', '.join(VARIANCES)}."
        )
    people, score, drawn = adjusted.people, adjusted.score, variance == "bootstrap"
    y, weight = value_of(people, value), people["weight"].to_numpy(float)
    codes = pd.Index(score.arms).get_indexer(pd.Index(people["arm"]))
    means = weighted_means(y, weight, codes, len(score.arms))
    if variance in ("estimated_score", "bootstrap"):
        _check_refit(adjusted)
    if variance == "estimated_score":
        means = with_estimated_score(means, adjusted, y)
    freedom = len(people) - len(score.arms)
    inference = Inference(
        level=level,
        quantile=quantile,
        freedom=freedom,
        factor=len(people) / freedom if variance == "hc1" and freedom else 1.0,
        cluster=_clusters(adjusted),
        resampled=partial(_again, adjusted, y) if drawn else None,
        replicates=replicates,
        seed=seed,
        weights=weight,
    )
    name = adjusted.model.get("adjustment", "none")
    told = partial(
        method,
        "weighted_means",
        adjustment=name,
        variance=variance,
        quantile=None if drawn else quantile,
        **inference.drawn,
    )
    rows = contrasts(
        people, means, score.arms, inference, measure=measure, outcome=outcome, how=told
    )
    return estimates(rows, gates=gates)


def weighted_means(y: np.ndarray, weight: np.ndarray, codes: np.ndarray, arms: int) -> Means:
    """Weighted mean of each arm, with each person's influence, weights taken as known."""
    values, influence = np.empty(arms), np.zeros((len(y), arms))
    for code in range(arms):
        own = weight * (codes == code)
        values[code] = own @ y / own.sum()
        influence[:, code] = own * (y - values[code]) / own.sum()
    return Means(values, influence)


def with_estimated_score(means: Means, adjusted: Adjusted, y: np.ndarray) -> Means:
    """The influences once the score's own coefficients are estimated.

    Each mean moves with the coefficients by the weighted residuals times the derivative of the
    weights; the coefficients move with each person by the inverse information times her score.
    """
    score = adjusted.score
    matrix, codes = _design(score), score.codes
    chance = score.probabilities.to_numpy()
    informed = _influence_of_coefficients(matrix, codes, chance)
    slopes = _weight_slopes(adjusted, chance, codes)
    weight = adjusted.people["weight"].to_numpy(float)
    extra = np.zeros_like(means.influence)
    for code in range(len(score.arms)):
        own = codes == code
        total = weight[own].sum()
        residual = np.where(own, weight * (y - means.values[code]) / total, 0.0)
        drift = np.concatenate(
            [matrix.T @ (residual * slopes[:, k]) for k in range(slopes.shape[1])]
        )
        extra[:, code] = informed @ drift
    return Means(means.values, means.influence + extra)


def _weight_slopes(adjusted: Adjusted, chance: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Derivative of each log weight for the linear predictor of each arm but the reference."""
    step = 1e-5
    linear = np.log(np.clip(chance[:, 1:], 1e-300, None) / np.clip(chance[:, :1], 1e-300, None))
    slopes = np.empty_like(linear)
    for k in range(linear.shape[1]):
        sides = []
        for side in (step, -step):
            moved = linear.copy()
            moved[:, k] += side
            raised = np.exp(np.column_stack([np.zeros(len(moved)), moved]))
            again = raised / raised.sum(axis=1, keepdims=True)
            sides.append(np.log(_weights(adjusted, again, codes)))
        slopes[:, k] = (sides[0] - sides[1]) / (2 * step)
    return np.asarray(slopes)


def _influence_of_coefficients(
    matrix: np.ndarray, codes: np.ndarray, chance: np.ndarray
) -> np.ndarray:
    """What each person adds to the coefficients, arm after arm."""
    observed = np.eye(chance.shape[1])[codes]
    inner = range(1, chance.shape[1])
    scores = np.column_stack([matrix * (observed - chance)[:, [k]] for k in inner])
    information = np.block(
        [
            [
                matrix.T @ (matrix * (chance[:, a] * ((a == b) - chance[:, b]))[:, None])
                for b in inner
            ]
            for a in inner
        ]
    )
    scale = 1 / np.sqrt(np.diag(information))
    inverse = np.linalg.pinv(information * np.outer(scale, scale)) * np.outer(scale, scale)
    return np.asarray(scores @ inverse)


def _again(adjusted: Adjusted, y: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The means of a sample with these counts of persons, the score fitted again."""
    score = adjusted.score
    codes = score.codes
    if len(np.unique(codes[counts > 0])) < len(score.arms):
        raise EstimationError("Rééchantillonnage : un groupe est vide.")
    design = score.design
    names = design.names if design is not None else ()
    fit = logistic(_design(score), codes, names=names, weights=counts)
    weight = counts * _weights(adjusted, fit.probabilities, codes)
    return weighted_means(y, weight, codes, len(score.arms)).values


def _weights(adjusted: Adjusted, chance: np.ndarray, codes: np.ndarray) -> np.ndarray:
    if adjusted.tilt is None:
        return np.ones(len(codes))
    return balancing_weights(chance, codes, population=adjusted.tilt[0], target=adjusted.tilt[1])


def _design(score: Score) -> np.ndarray:
    if score.design is None:
        raise EstimationError(
            "Variance : le score pénalisé ne permet pas de compter son estimation."
        )
    return np.asarray(score.design.matrix)


def _check_refit(adjusted: Adjusted) -> None:
    unweighted = adjusted.model.get("adjustment") == "none"
    whole = len(adjusted.people) == len(adjusted.score.persons)
    if (adjusted.tilt is None and not unweighted) or not whole or adjusted.score.design is None:
        raise EstimationError(
            "Variance : « estimated_score » et « bootstrap » demandent des poids d'un score "
            "logistique (iptw, overlap, matching_weights) sans écrêtage ni plafond ; employer hc0."
        )


def _clusters(adjusted: Adjusted) -> np.ndarray | None:
    if adjusted.model.get("cluster") != "match_set":
        return None
    return adjusted.people["match_set"].to_numpy(int)
