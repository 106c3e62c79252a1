"""Cox's model at the size of a region: weights, strata, ties, robust variance, profiles."""

from studylib.risk.cox.coefficients import check_proportional_hazards, cox_coefficients
from studylib.risk.cox.hazard_ratio import hazard_ratio
from studylib.risk.cox.profile import likelihood_profile
from studylib.risk.cox.time_varying import time_varying_hazard_ratio

__all__ = [
    "check_proportional_hazards",
    "cox_coefficients",
    "hazard_ratio",
    "likelihood_profile",
    "time_varying_hazard_ratio",
]
