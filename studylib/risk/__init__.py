"""Iatrogenic risk: from follow-up to estimates, each a row of one tidy table."""

from studylib.risk.cox import hazard_ratio
from studylib.risk.difference import risk_difference
from studylib.risk.incidence import incidence_rate, poisson_interval
from studylib.risk.planted import check_planted
from studylib.risk.survival import cumulative_incidence, survival

__all__ = [
    "check_planted",
    "cumulative_incidence",
    "hazard_ratio",
    "incidence_rate",
    "poisson_interval",
    "risk_difference",
    "survival",
]
