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
from studylib.risk.propensity import Adjusted, Score, adjusted, match_sets, propensity_score
from studylib.risk.survival import cumulative_incidence, survival

__all__ = [
    "Adjusted",
    "Gates",
    "Score",
    "adjusted",
    "check_planted",
    "check_proportional_hazards",
    "cox_coefficients",
    "cumulative_incidence",
    "hazard_ratio",
    "incidence_rate",
    "likelihood_profile",
    "match_sets",
    "poisson_interval",
    "propensity_score",
    "risk_difference",
    "survival",
]
