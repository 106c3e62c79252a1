"""Iatrogenic risk: from follow-up to estimates, each a row of one tidy table."""

from studylib.risk.conditional_logistic import conditional_logistic
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
from studylib.risk.sampled_designs import (
    case_crossover,
    controls_found,
    incidence_density_sets,
    nested_case_control,
)
from studylib.risk.self_controlled import case_series, self_controlled_case_series
from studylib.risk.sequence_symmetry import gaps_by_week, null_ratio, sequence_symmetry, sequences
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
    "case_crossover",
    "case_series",
    "cause_specific_hazard_ratios",
    "check_planted",
    "check_proportional_hazards",
    "conditional_logistic",
    "controls_found",
    "cox_coefficients",
    "cumulative_incidence",
    "gaps_by_week",
    "hazard_ratio",
    "incidence_density_sets",
    "incidence_rate",
    "likelihood_profile",
    "match_sets",
    "mean_time_difference",
    "nested_case_control",
    "null_ratio",
    "poisson_interval",
    "population_attributable_fraction",
    "propensity_score",
    "risk_difference",
    "self_controlled_case_series",
    "sequence_symmetry",
    "sequences",
    "subdistribution_hazard_ratio",
    "survival",
    "time_varying_hazard_ratio",
]
