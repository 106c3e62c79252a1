"""Confounding: the propensity score, and what is made of it."""

from studylib.risk.propensity.adjusted import Adjusted, adjusted
from studylib.risk.propensity.matching import match_sets
from studylib.risk.propensity.score import Score, propensity_score
from studylib.risk.propensity.strata import strata_of
from studylib.risk.propensity.weights import balancing_weights, effective_size

__all__ = [
    "Adjusted",
    "Score",
    "adjusted",
    "balancing_weights",
    "effective_size",
    "match_sets",
    "propensity_score",
    "strata_of",
]
