"""Weights that make the arms alike: whom they represent, and what is done with the largest."""

from __future__ import annotations

from typing import Literal

import numpy as np

from studylib.errors import EstimationError
from studylib.risk.propensity.score import Score

Population = Literal["ate", "att", "overlap", "matching"]
Trim = Literal["none", "crump", "asymmetric", "quantile"]
TINY = 1e-12
TRIMS = ("none", "crump", "asymmetric", "quantile")


def balancing_weights(
    probabilities: np.ndarray, codes: np.ndarray, *, population: Population, target: int = 1
) -> np.ndarray:
    """One weight per person from the probabilities of each arm (columns) and the arm received.

    With e_a the probability of the arm received, and all sums and minima over the arms:

    ``ate``       1 / e_a, everybody (Imbens, 2000)
    ``att``       e_target / e_a, those of arm ``target`` (Sato and Matsuyama, 2003)
    ``overlap``   (1 / e_a) / Σ 1 / e_k, those who could receive any (Li and Li, 2019)
    ``matching``  min e_k / e_a, those a one-to-one matching keeps (Li and Greene, 2013)

    Probabilities are kept above 1e-12.

    >>> both = np.array([[0.8, 0.2], [0.8, 0.2]])
    >>> for name in ("ate", "att", "overlap", "matching"):
    ...     name, balancing_weights(both, np.array([0, 1]), population=name).round(2).tolist()
    ('ate', [1.25, 5.0])
    ('att', [0.25, 1.0])
    ('overlap', [0.2, 0.8])
    ('matching', [0.25, 1.0])
    """
    probabilities = np.clip(probabilities, TINY, None)
    received = probabilities[np.arange(len(codes)), codes]
    if population == "ate":
        tilt = np.ones(len(codes))
    elif population == "att":
        tilt = probabilities[:, target]
    elif population == "overlap":
        tilt = 1 / (1 / probabilities).sum(axis=1)
    elif population == "matching":
        tilt = probabilities.min(axis=1)
    else:
        raise EstimationError(
            f"Poids : population « {population} » ; ate, att, overlap ou matching sont acceptés."
        )
    return np.asarray(tilt / received)


def stabilised(weights: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """The weights times the share of the arm received (Robins, Hernán and Brumback, 2000)."""
    shares = np.bincount(codes) / len(codes)
    return np.asarray(weights * shares[codes])


def truncated(
    weights: np.ndarray, *, largest: float | None = None, quantile: float | None = None
) -> np.ndarray:
    """The weights brought down to ``largest``, or those beyond a ``quantile`` up or down to it.

    ``quantile`` 0.99 also brings those below the first percentile up (Cole and Hernán, 2008).

    >>> truncated(np.array([0.5, 2.0, 40.0]), largest=10).tolist()
    [0.5, 2.0, 10.0]
    """
    if largest is not None and not largest > 0:
        raise EstimationError(f"Poids : plafond {largest} ; un nombre positif est attendu.")
    if quantile is not None:
        if not 0.5 < quantile < 1:
            raise EstimationError(f"Poids : quantile {quantile} ; entre 0,5 et 1 exclus.")
        weights = np.clip(weights, *np.quantile(weights, [1 - quantile, quantile]))
    return weights if largest is None else np.minimum(weights, largest)


def within(score: Score, *, rule: Trim, bound: float) -> np.ndarray:
    """Whom a trimming of the score keeps.

    ``crump``       every arm's probability at least ``bound`` (0.1: Crump et al., 2009)
    ``quantile``    the score between its ``bound`` and 1 - ``bound`` quantiles in everybody
    ``asymmetric``  the score between its ``bound`` quantile in the compared arm and its
                    1 - ``bound`` quantile in the reference (Stürmer et al., 2010); two arms
    """
    if rule not in TRIMS:
        raise EstimationError(f"Poids : écrêtage « {rule} » ; acceptés : {', '.join(TRIMS)}.")
    if rule == "none":
        return np.ones(len(score.persons), bool)
    if not 0 < bound < 0.5:
        raise EstimationError(f"Poids : borne d'écrêtage {bound} ; entre 0 et 0,5 exclus.")
    table = score.probabilities.to_numpy()
    if rule == "crump":
        return np.asarray((table >= bound).all(axis=1))
    if rule == "quantile":
        low, high = np.quantile(table, [bound, 1 - bound], axis=0)
        return np.asarray(((table >= low) & (table <= high)).all(axis=1))
    chance = score.of_two("Écrêtage asymétrique")
    compared = score.codes == 1
    low = np.quantile(chance[compared], bound)
    high = np.quantile(chance[~compared], 1 - bound)
    return np.asarray((chance >= low) & (chance <= high))
