"""Hospital admissions that drugs may have caused, as PMSI codes let them be seen."""

from studylib.risk.admissions.results import (
    COUNTED,
    admission_rates,
    admission_strata,
    admissions_by,
    check_coding,
    coded_bleedings,
    coverage,
    establishments,
)
from studylib.risk.admissions.stays import (
    CODED,
    DrugRelated,
    drug_related_stays,
)

__all__ = [
    "CODED",
    "COUNTED",
    "DrugRelated",
    "admission_rates",
    "admission_strata",
    "admissions_by",
    "check_coding",
    "coded_bleedings",
    "coverage",
    "drug_related_stays",
    "establishments",
]
