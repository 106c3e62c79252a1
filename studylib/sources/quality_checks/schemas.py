"""The tables of a data quality report, column by column."""

from __future__ import annotations

from studylib.tables import Column, Table

_LINES = Column("lines", "integer", "lines concerned", nullable=True, counts="lines")
_OF_LINES = Column("of_lines", "integer", "lines looked at", nullable=True, counts="lines")
_SHARE = Column(
    "share", "number", "lines among those looked at", unit="share", nullable=True,
    from_counts=("of_lines", "lines"),
)  # fmt: skip
_TABLE = Column("table", "text", "raw or event table")
_AMOUNT = Column(
    "amount", "number", "amount reimbursed", unit="euros", nullable=True, from_counts=("lines",)
)

CHECKS = Table(
    "checks",
    (
        Column("category", "text", "conformance, completeness or plausibility"),
        Column("check", "text", "what is measured"),
        _TABLE,
        Column("column", "text", "column, reason or other table concerned"),
        _LINES,
        _OF_LINES,
        Column(
            "value", "number", "what was measured", nullable=True,
            from_counts=("of_lines", "lines"),
        ),
        Column("low", "number", "smallest value expected", nullable=True),
        Column("high", "number", "largest value expected", nullable=True),
        Column("unit", "text", "unit of the value and of its limits"),
        Column("verdict", "text", "pass, fail, informs or not_applicable"),
        Column("severity", "text", "what a failure means: blocking or reserve"),
        Column("sentence", "text", "what is expected"),
        Column("source", "text", "on whose word"),
    ),
    key=("check", "table", "column"),
)  # fmt: skip

SUMMARY = Table(
    "check_summary",
    (
        Column("category", "text", "conformance, completeness or plausibility"),
        Column("checks", "integer", "checks made"),
        Column("passed", "integer", "checks within their range"),
        Column("failed", "integer", "checks outside their range"),
        Column("blocking", "integer", "failures that forbid the use of the data"),
        Column("informs", "integer", "checks without any range"),
        Column("not_applicable", "integer", "checks without anything to look at"),
        Column("share", "number", "passed among judged", unit="share", nullable=True),
    ),
    key=("category",),
)

MONTHS = Table(
    "volume_months",
    (
        Column("period", "text", "month of care, YYYY-MM"),
        Column("stratum", "text", "table"),
        Column("lines", "integer", "lines", counts="lines"),
        Column(
            "observed", "number", "lines, 100 in the median month", nullable=True,
            from_counts=("lines",),
        ),
        Column(
            "expected", "number", "the same once all have arrived", nullable=True,
            from_counts=("lines",),
        ),
        Column("ci_low", "number", "not used", nullable=True),
        Column("ci_high", "number", "not used", nullable=True),
        Column("phase", "text", "complete, or incomplete"),
    ),
    key=("period", "stratum"),
)  # fmt: skip

DELAYS = Table(
    "flow_delays",
    (
        _TABLE,
        Column("months", "integer", "months since the month of care"),
        _LINES,
        _OF_LINES,
        _SHARE,
    ),
    key=("table", "months"),
)

REJECTED_SHARES = Table(
    "rejected_shares",
    (
        _TABLE,
        Column("reason", "text", "why lines were set aside"),
        _LINES,
        _OF_LINES,
        _SHARE,
        _AMOUNT,
    ),
    key=("table", "reason"),
)

LINK_SHARES = Table(
    "link_shares",
    (
        Column("from_table", "text", "table whose lines are looked up"),
        Column("to_table", "text", "table they are looked up in"),
        _LINES,
        _OF_LINES,
        _SHARE,
    ),
    key=("from_table", "to_table"),
)

UNKNOWN = Table(
    "unknown_codes_shown",
    (
        _TABLE,
        Column("column", "text", "column that holds the code"),
        Column("system", "text", "code system"),
        Column("code", "text", "code the referential does not know"),
        Column("lines", "integer", "lines", counts="lines"),
        _AMOUNT,
    ),
    key=("table", "column", "code"),
)

CODING_FORMS = Table(
    "coding_forms",
    (
        _TABLE,
        Column("column", "text", "column"),
        Column("form", "text", "how it is written"),
        Column("first_year", "integer", "first year written so"),
        Column("last_year", "integer", "last year written so"),
        Column("lines", "integer", "lines", counts="lines"),
    ),
    key=("table", "column", "form", "first_year"),
)

DRIFT = Table(
    "prevalence_drift",
    (
        _TABLE,
        Column("code", "text", "class of codes"),
        Column("year", "integer", "year"),
        Column("persons", "integer", "persons with an event of the class", counts="persons"),
        Column("observed", "integer", "persons observed", counts="persons"),
        Column(
            "share", "number", "persons with, among those observed", unit="share", nullable=True,
            from_counts=("observed", "persons"),
        ),
        Column(
            "ratio", "number", "ratio to the year before", nullable=True,
            from_counts=("observed", "persons"),
        ),
        Column("flagged", "flag", "changes more than is tolerated"),
    ),
    key=("table", "code", "year"),
)  # fmt: skip
