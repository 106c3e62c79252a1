"""The validation dossier: estimates beside truths, published, worked by hand or simulated."""

from studylib.risk.validation.coverage import covered
from studylib.risk.validation.schemas import COVERAGE

__all__ = ["COVERAGE", "covered"]
