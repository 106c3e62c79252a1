"""Confounding: the propensity score, and what is made of it."""

from studylib.risk.enough import effective_size
from studylib.risk.propensity.adjusted import Adjusted, adjusted
from studylib.risk.propensity.balance import balance, wide_balance
from studylib.risk.propensity.checks import (
    check_balance,
    check_equipoise,
    check_positivity,
    equipoise_of,
    positivity_of,
)
from studylib.risk.propensity.high_dimensional import high_dimensional_covariates
from studylib.risk.propensity.large_scale import lasso_propensity_score
from studylib.risk.propensity.matching import match_sets
from studylib.risk.propensity.overlap import (
    equipoise_shares,
    preference_distribution,
    preference_score,
)
from studylib.risk.propensity.schemas import (
    ADJUSTMENT,
    HIGH_DIMENSIONAL,
    MATCH_SETS,
    PREFERENCE,
    SELECTED_CODES,
    WEIGHTS,
)
from studylib.risk.propensity.score import Score, propensity_score
from studylib.risk.propensity.strata import strata_of
from studylib.risk.propensity.weights import balancing_weights

__all__ = [
    "ADJUSTMENT",
    "HIGH_DIMENSIONAL",
    "MATCH_SETS",
    "PREFERENCE",
    "SELECTED_CODES",
    "WEIGHTS",
    "Adjusted",
    "Score",
    "adjusted",
    "balance",
    "balancing_weights",
    "check_balance",
    "check_equipoise",
    "check_positivity",
    "effective_size",
    "equipoise_of",
    "equipoise_shares",
    "high_dimensional_covariates",
    "lasso_propensity_score",
    "match_sets",
    "positivity_of",
    "preference_distribution",
    "preference_score",
    "propensity_score",
    "strata_of",
    "wide_balance",
]
