"""Doubt made visible: what systematic error, confounding and miscoding may have done."""

from studylib.risk.doubt.calibration import calibrated, null_of
from studylib.risk.doubt.confounding import (
    bias_factor,
    probable_confounder,
    tipping_points,
    tipping_ratio,
    unmeasured_confounder,
)
from studylib.risk.doubt.e_value import common_outcome, e_value, e_values
from studylib.risk.doubt.error_model import (
    ErrorModel,
    calibrated_interval,
    calibrated_p,
    error_model,
)
from studylib.risk.doubt.misclassification import (
    misclassified_outcome,
)
from studylib.risk.doubt.null import EmpiricalNull, ease, empirical_null, expected_absolute_error
from studylib.risk.doubt.positive_controls import inject, injected_controls
from studylib.risk.doubt.power import (
    mdrr_cohort,
    mdrr_self_controlled,
    mdrr_sequence_symmetry,
)
from studylib.risk.doubt.probable_misclassification import probable_misclassification
from studylib.risk.doubt.record import specificity_behind, true_risk
from studylib.risk.doubt.schemas import (
    CONFOUNDER,
    E_VALUES,
    KNOWN_RATIOS,
    MISCLASSIFICATION,
    POSITIVE_CONTROLS,
    TIPPING,
)

__all__ = [
    "CONFOUNDER",
    "E_VALUES",
    "KNOWN_RATIOS",
    "MISCLASSIFICATION",
    "POSITIVE_CONTROLS",
    "TIPPING",
    "EmpiricalNull",
    "ErrorModel",
    "bias_factor",
    "calibrated",
    "calibrated_interval",
    "calibrated_p",
    "common_outcome",
    "e_value",
    "e_values",
    "ease",
    "empirical_null",
    "error_model",
    "expected_absolute_error",
    "inject",
    "injected_controls",
    "mdrr_cohort",
    "mdrr_self_controlled",
    "mdrr_sequence_symmetry",
    "misclassified_outcome",
    "null_of",
    "probable_confounder",
    "probable_misclassification",
    "specificity_behind",
    "tipping_points",
    "tipping_ratio",
    "true_risk",
    "unmeasured_confounder",
]
