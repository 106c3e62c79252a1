"""Marginal effects: what the mean, or the risk by a day, would be under each arm."""

from studylib.risk.marginal.at_day import standardised_mean_time, standardised_risk
from studylib.risk.marginal.doubly_robust import doubly_robust_difference
from studylib.risk.marginal.pseudo import pseudo_risk
from studylib.risk.marginal.standardisation import standardised_difference
from studylib.risk.marginal.weighting import weighted_difference

__all__ = [
    "doubly_robust_difference",
    "pseudo_risk",
    "standardised_difference",
    "standardised_mean_time",
    "standardised_risk",
    "weighted_difference",
]
