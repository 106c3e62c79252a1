"""The validation dossier: estimates beside truths, published, worked by hand or simulated."""

from studylib.risk.validation.agreement import agreement, check_agreement
from studylib.risk.validation.by_hand import hand_worked_cases
from studylib.risk.validation.coverage import covered
from studylib.risk.validation.published import published_cases
from studylib.risk.validation.schemas import AGREEMENT, COVERAGE
from studylib.risk.validation.simulations import SIMULATIONS, check_coverage, coverage

__all__ = [
    "AGREEMENT",
    "COVERAGE",
    "SIMULATIONS",
    "agreement",
    "check_agreement",
    "check_coverage",
    "coverage",
    "covered",
    "hand_worked_cases",
    "published_cases",
]
