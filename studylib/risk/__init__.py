"""Iatrogenic risk: from follow-up to estimates, each a row of one tidy table."""

from studylib.risk.cox import (
    check_proportional_hazards,
    cox_coefficients,
    hazard_ratio,
    likelihood_profile,
    time_varying_hazard_ratio,
)
from studylib.risk.gates import Gates
from studylib.risk.impact import (
    attributable,
    attributable_fraction,
    population_attributable_fraction,
)
from studylib.risk.incidence import incidence_rate, poisson_interval
from studylib.risk.planted import check_planted
from studylib.risk.propensity import Adjusted, Score, adjusted, match_sets, propensity_score
from studylib.risk.time_to_event import (
    cause_specific_hazard_ratios,
    cumulative_incidence,
    mean_time_difference,
    risk_difference,
    subdistribution_hazard_ratio,
    survival,
)

__all__ = [
    "Adjusted",
    "Gates",
    "Score",
    "adjusted",
    "attributable",
    "attributable_fraction",
    "cause_specific_hazard_ratios",
    "check_planted",
    "check_proportional_hazards",
    "cox_coefficients",
    "cumulative_incidence",
    "hazard_ratio",
    "incidence_rate",
    "likelihood_profile",
    "match_sets",
    "mean_time_difference",
    "poisson_interval",
    "population_attributable_fraction",
    "propensity_score",
    "risk_difference",
    "subdistribution_hazard_ratio",
    "survival",
    "time_varying_hazard_ratio",
]
