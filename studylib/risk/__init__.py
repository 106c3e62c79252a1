"""Iatrogenic risk: from follow-up to estimates, each a row of one tidy table."""

from studylib.risk.cox import (
    check_proportional_hazards,
    cox_coefficients,
    hazard_ratio,
    likelihood_profile,
)
from studylib.risk.difference import risk_difference
from studylib.risk.gates import Gates
from studylib.risk.incidence import incidence_rate, poisson_interval
from studylib.risk.planted import check_planted
from studylib.risk.propensity import (
    Adjusted,
    Score,
    adjusted,
    balance,
    check_balance,
    check_equipoise,
    check_positivity,
    high_dimensional_covariates,
    lasso_propensity_score,
    match_sets,
    preference_distribution,
    propensity_score,
    wide_balance,
)
from studylib.risk.survival import cumulative_incidence, survival

__all__ = [
    "Adjusted",
    "Gates",
    "Score",
    "adjusted",
    "balance",
    "check_balance",
    "check_equipoise",
    "check_planted",
    "check_positivity",
    "check_proportional_hazards",
    "cox_coefficients",
    "cumulative_incidence",
    "hazard_ratio",
    "high_dimensional_covariates",
    "incidence_rate",
    "lasso_propensity_score",
    "likelihood_profile",
    "match_sets",
    "poisson_interval",
    "preference_distribution",
    "propensity_score",
    "risk_difference",
    "survival",
    "wide_balance",
]
