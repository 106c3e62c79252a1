"""Strata of the score."""

from __future__ import annotations

from typing import Literal

import numpy as np

from studylib.errors import EstimationError
from studylib.risk.propensity.score import Score

CutOn = Literal["all", "compared"]


def strata_of(score: Score, *, number: int = 10, cut_on: CutOn = "all") -> np.ndarray:
    """Each person's stratum, 1 to ``number``, by quantiles of the score.

    Quantiles are those of everybody, or of the compared arm (``cut_on``). A score equal to a cut
    belongs to the lower stratum. Equal scores share a stratum, so strata may be fewer.

    Reference
    ---------
    Rosenbaum PR, Rubin DB (1984), JASA 79:516-524.
    """
    chance = score.of_two("Stratification")
    if number < 2 or cut_on not in ("all", "compared"):
        raise EstimationError(
            f"Stratification : {number} strates coupées sur « {cut_on} » ; deux strates ou plus, "
            "sur all ou compared."
        )
    of = chance if cut_on == "all" else chance[score.codes == 1]
    cuts = np.unique(np.quantile(of, np.arange(1, number) / number))
    return np.searchsorted(cuts, chance, side="left") + 1


def stratum_weights(
    strata: np.ndarray, codes: np.ndarray, *, population: Literal["ate", "att"] = "ate"
) -> np.ndarray:
    """Weights that give each stratum its share in both arms; 0 in a stratum that lacks an arm.

    ``ate`` gives the strata of everybody, ``att`` those of the compared arm.

    Reference
    ---------
    Hong G (2010), J Educ Behav Stat 35:499-531 (marginal mean weighting through stratification).

    >>> strata, codes = np.array([1, 1, 1, 2, 2, 3]), np.array([0, 0, 1, 0, 1, 1])
    >>> stratum_weights(strata, codes).round(3).tolist()
    [0.9, 0.9, 1.2, 1.2, 0.8, 0.0]
    """
    sizes = np.zeros((int(strata.max()) + 1, 2))
    np.add.at(sizes, (strata, codes), 1)
    usable = np.asarray((sizes > 0).all(axis=1))[strata]
    wanted = sizes.sum(axis=1) if population == "ate" else sizes[:, 1]
    own = sizes[strata, codes]
    share = np.bincount(codes[usable], minlength=2) / max(usable.sum(), 1)
    scale = share[codes] if population == "ate" else 1.0
    return np.where(usable, wanted[strata] / own * scale, 0.0)
