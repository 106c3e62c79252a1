"""Spending: standardised by region, followed over time, with the guard on incomplete months."""

from studylib.economics.completeness import (
    CompleteMonths,
    comparison_months,
    complete_months,
    months_ending,
)
from studylib.economics.schemas import (
    MONTHS_JUDGED,
    REGION_RATIOS,
    STANDARDISED,
    STANDARDISED_VARIANTS,
    TREND,
)
from studylib.economics.standardised import AMOUNTS, standardised_spending, unknown_share
from studylib.economics.trend import SpendingTrend, in_millions, spending_trend, trend_sensitivity

__all__ = [
    "AMOUNTS",
    "MONTHS_JUDGED",
    "REGION_RATIOS",
    "STANDARDISED",
    "STANDARDISED_VARIANTS",
    "TREND",
    "CompleteMonths",
    "SpendingTrend",
    "comparison_months",
    "complete_months",
    "in_millions",
    "months_ending",
    "spending_trend",
    "standardised_spending",
    "trend_sensitivity",
    "unknown_share",
]
