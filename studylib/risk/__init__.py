"""Iatrogenic risk: from follow-up to estimates, each a row of one tidy table."""

from studylib.risk import (
    doubt,
    pooling,
)
from studylib.risk.comparing import comparison, selected_codes, weights
from studylib.risk.comparison import Comparison
from studylib.risk.competing_risks import (
    competing_risks,
)
from studylib.risk.conditional_logistic import (
    conditional_logistic,
)
from studylib.risk.cox import (
    check_proportional_hazards,
    cox_coefficients,
    hazard_ratio,
    likelihood_profile,
    time_varying_hazard_ratio,
)
from studylib.risk.gates import (
    Gates,
    Thresholds,
)
from studylib.risk.gates.checks import (
    check_mdrr,
    check_mdrr_self_controlled,
    check_person_time,
    check_prevalence_drift,
    check_systematic_error,
)
from studylib.risk.gates.of_study import (
    negative_controls,
    study_gates,
)
from studylib.risk.impact import (
    attributable,
    attributable_fraction,
    population_attributable_fraction,
)
from studylib.risk.incidence import (
    incidence_rate,
    poisson_interval,
)
from studylib.risk.known_effects import (
    known_ratios,
    positive_controls,
)
from studylib.risk.marginal import (
    doubly_robust_difference,
    pseudo_risk,
    standardised_difference,
    standardised_mean_time,
    standardised_risk,
    weighted_difference,
)
from studylib.risk.modelled_risks import (
    modelled_differences,
)
from studylib.risk.planted import (
    check_planted,
)
from studylib.risk.propensity import (
    SELECTED_CODES,
    WEIGHTS,
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
from studylib.risk.sampled_designs import (
    case_crossover,
    case_crossovers,
    controls_found,
    incidence_density_sets,
    nested_case_control,
)
from studylib.risk.sampled_designs.schemas import CONTROLS_FOUND
from studylib.risk.schemas import (
    COEFFICIENTS,
    IMPACT,
    PROFILES,
)
from studylib.risk.self_controlled import (
    WINDOWS,
    Spline,
    Steps,
    Window,
    case_series,
    case_series_gates,
    check_event_dependent_exposure,
    check_event_dependent_observation,
    check_rare_outcome,
    check_time_stability,
    event_dependent_observation,
    self_controlled_case_series,
    window_counts,
)
from studylib.risk.sequence_gates import (
    check_mdrr_sequences,
    check_sequence_trend,
    release_gaps,
    release_sequences,
    sequence_controls,
    sequence_gates,
)
from studylib.risk.sequence_schemas import GAPS, SEQUENCES
from studylib.risk.sequence_symmetry import (
    gaps_by_week,
    null_ratio,
    sequence_symmetry,
    sequences,
)
from studylib.risk.time_to_event import (
    cause_specific_hazard_ratios,
    cumulative_incidence,
    mean_time_difference,
    risk_difference,
    subdistribution_hazard_ratio,
    survival,
)

__all__ = [
    "COEFFICIENTS",
    "CONTROLS_FOUND",
    "GAPS",
    "IMPACT",
    "PROFILES",
    "SELECTED_CODES",
    "SEQUENCES",
    "WEIGHTS",
    "WINDOWS",
    "Adjusted",
    "Comparison",
    "Gates",
    "Score",
    "Spline",
    "Steps",
    "Thresholds",
    "Window",
    "adjusted",
    "attributable",
    "attributable_fraction",
    "balance",
    "case_crossover",
    "case_crossovers",
    "case_series",
    "case_series_gates",
    "cause_specific_hazard_ratios",
    "check_balance",
    "check_equipoise",
    "check_event_dependent_exposure",
    "check_event_dependent_observation",
    "check_mdrr",
    "check_mdrr_self_controlled",
    "check_mdrr_sequences",
    "check_person_time",
    "check_planted",
    "check_positivity",
    "check_prevalence_drift",
    "check_proportional_hazards",
    "check_rare_outcome",
    "check_sequence_trend",
    "check_systematic_error",
    "check_time_stability",
    "comparison",
    "competing_risks",
    "conditional_logistic",
    "controls_found",
    "cox_coefficients",
    "cumulative_incidence",
    "doubly_robust_difference",
    "doubt",
    "event_dependent_observation",
    "gaps_by_week",
    "hazard_ratio",
    "high_dimensional_covariates",
    "incidence_density_sets",
    "incidence_rate",
    "known_ratios",
    "lasso_propensity_score",
    "likelihood_profile",
    "match_sets",
    "mean_time_difference",
    "modelled_differences",
    "negative_controls",
    "nested_case_control",
    "null_ratio",
    "poisson_interval",
    "pooling",
    "population_attributable_fraction",
    "positive_controls",
    "preference_distribution",
    "propensity_score",
    "pseudo_risk",
    "release_gaps",
    "release_sequences",
    "risk_difference",
    "selected_codes",
    "self_controlled_case_series",
    "sequence_controls",
    "sequence_gates",
    "sequence_symmetry",
    "sequences",
    "standardised_difference",
    "standardised_mean_time",
    "standardised_risk",
    "study_gates",
    "subdistribution_hazard_ratio",
    "survival",
    "time_varying_hazard_ratio",
    "weighted_difference",
    "weights",
    "wide_balance",
    "window_counts",
]
