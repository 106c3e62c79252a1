"""Columns of the spending results. They hold aggregates of a region: no person is counted."""

from __future__ import annotations

from studylib.tables import Column, Table

_ZONE = Column("zone", "text", "open-data zone")
_EUROS = "current euros per inhabitant and year"

STANDARDISED = Table(
    "standardised_spending",
    (
        _ZONE,
        Column("person_years", "number", "person-years lived in the period", unit="years"),
        Column("amount", "number", "amount of the period, known age and sex", unit="current euros"),
        Column("crude", "number", "amount per person-year", unit=_EUROS),
        Column("standardised", "number", "with the nation's age and sex structure", unit=_EUROS),
        Column("nation", "number", "amount per person-year of the nation", unit=_EUROS),
        Column("difference", "number", "standardised less nation", unit=_EUROS),
        Column("ratio", "number", "standardised over nation"),
        Column("ci_low", "number", "lower 95 % limit of the ratio, month-to-month variation"),
        Column("ci_high", "number", "upper 95 % limit of the ratio, month-to-month variation"),
        Column("autocorrelation", "number", "lag-1 autocorrelation of the monthly log ratios"),
        Column("limit_low_2", "number", "ratio 2 robust standard deviations below the nation"),
        Column("limit_high_2", "number", "ratio 2 robust standard deviations above the nation"),
        Column("limit_low_3", "number", "ratio 3 robust standard deviations below the nation"),
        Column("limit_high_3", "number", "ratio 3 robust standard deviations above the nation"),
        Column("position", "text", "within_2, beyond_2 or beyond_3"),
        Column("perspective", "text", "who pays: Assurance maladie, or all payers"),
        Column("price_year", "text", "months whose current euros are summed"),
    ),
    key=("zone",),
)

REGION_RATIOS = Table(
    "region_ratios",
    tuple(
        STANDARDISED.column(name)
        for name in ("zone", "ratio", "ci_low", "ci_high", "limit_low_2", "limit_high_2")
    ),
    key=("zone",),
)
"""What the chart of regions draws: the ratio, its steadiness and the usual range of regions."""

STANDARDISED_VARIANTS = Table(
    "standardised_variants",
    (Column("analysis", "text", "amount and age bands"), *STANDARDISED.columns),
    key=("analysis", "zone"),
)

MONTHS_JUDGED = Table(
    "months_judged",
    (
        Column("month", "text", "month judged, YYYY-MM"),
        Column("observed", "number", "amount of the month", unit="current euros"),
        Column("expected", "number", "what earlier years say", unit="current euros"),
        Column("ratio", "number", "observed over expected"),
        Column("complete", "flag", "kept in the study"),
    ),
    key=("month",),
)

TREND = Table(
    "trend",
    (
        Column("specification", "text", "the whole model in one line"),
        Column("pulse_months", "text", "months of the shock, empty without one"),
        Column("level_from", "text", "first month of the new level, empty without one"),
        Column("term", "text", "trend, pulse or level"),
        Column("change", "number", "change of the monthly amount", unit="current euros a month"),
        Column("standard_error", "number", "Newey-West", unit="current euros a month"),
        Column("ci_low", "number", "lower 95 % limit", unit="current euros a month"),
        Column("ci_high", "number", "upper 95 % limit", unit="current euros a month"),
        Column("months", "integer", "months in the fit"),
        Column("r_squared", "number", "share of variance explained"),
    ),
    key=("specification", "term"),
)
