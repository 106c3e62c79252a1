"""Survival, competing risks and what they are by a given day."""

from studylib.risk.time_to_event.at_day import mean_time_difference, risk_difference
from studylib.risk.time_to_event.competing import (
    cause_specific_hazard_ratios,
    subdistribution_hazard_ratio,
)
from studylib.risk.time_to_event.curves import cumulative_incidence, survival

__all__ = [
    "cause_specific_hazard_ratios",
    "cumulative_incidence",
    "mean_time_difference",
    "risk_difference",
    "subdistribution_hazard_ratio",
    "survival",
]
