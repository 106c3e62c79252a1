"""Checks of data quality: conformance, completeness, plausibility, each with its expected range.

In the manner of OHDSI's Data Quality Dashboard: a check measures one thing, a range says what is
expected of it and on whose word, and the verdict follows.
"""

from studylib.sources.quality import NOTICES
from studylib.sources.quality_checks.drift import prevalence_drift
from studylib.sources.quality_checks.flow import availability, main_delays, volume_months
from studylib.sources.quality_checks.ranges import Range, ranges
from studylib.sources.quality_checks.running import Choices, check_data
from studylib.sources.quality_checks.schemas import (
    CHECKS,
    CODING_FORMS,
    DELAYS,
    DRIFT,
    LINK_SHARES,
    MONTHS,
    REJECTED_SHARES,
    SUMMARY,
    UNKNOWN,
)
from studylib.sources.quality_checks.shares import (
    coding_forms,
    link_shares,
    notices,
    rejected_shares,
    unknown_codes,
)
from studylib.sources.quality_checks.verdict import failures, overall, summary

__all__ = [
    "CHECKS",
    "CODING_FORMS",
    "DELAYS",
    "DRIFT",
    "LINK_SHARES",
    "MONTHS",
    "NOTICES",
    "REJECTED_SHARES",
    "SUMMARY",
    "UNKNOWN",
    "Choices",
    "Range",
    "availability",
    "check_data",
    "coding_forms",
    "failures",
    "link_shares",
    "main_delays",
    "notices",
    "overall",
    "prevalence_drift",
    "ranges",
    "rejected_shares",
    "summary",
    "unknown_codes",
    "volume_months",
]
