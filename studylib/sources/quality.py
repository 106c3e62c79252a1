"""What a reading of raw data keeps about itself: volumes, rejected lines, failed links, codes.

Every source read from raw tables fills these tables; none of them names a person.
"""

from __future__ import annotations

from studylib.tables import Column, Table

# A dispensing may be fetched, a bill or a certificate follow, some days after a death (trap T30).
DAYS_AFTER_DEATH = 30

_LINES = Column("lines", "integer", "lines of the raw table", counts="lines")
_TABLE = Column("table", "text", "raw table, by its own name")
_AMOUNT = Column("amount", "number", "amount reimbursed", unit="euros", nullable=True)

VOLUMES = Table(
    "volumes",
    (
        _TABLE,
        Column("care_month", "text", "month of care, YYYY-MM"),
        Column("flow_month", "text", "month the lines became available, YYYY-MM", nullable=True),
        _LINES,
        _AMOUNT,
    ),
    key=("table", "care_month", "flow_month"),
)

REJECTED = Table(
    "rejected",
    (
        _TABLE,
        Column("reason", "text", "why, as a key: dpn_qlf_71, cancelled, error_group…"),
        _LINES,
        _AMOUNT,
        Column("of_lines", "integer", "lines the rule looked at", counts="lines"),
    ),
    key=("table", "reason"),
)

LINKS = Table(
    "links",
    (
        Column("from_table", "text", "table whose lines are looked up"),
        Column("to_table", "text", "table they are looked up in"),
        _LINES,
        Column("unmatched", "integer", "lines that found nothing", counts="lines"),
    ),
    key=("from_table", "to_table"),
)

UNKNOWN_CODES = Table(
    "unknown_codes",
    (
        _TABLE,
        Column("column", "text", "column that holds the code"),
        Column("system", "text", "code system"),
        Column("code", "text", "code the referential does not know"),
        _LINES,
        _AMOUNT,
    ),
    key=("table", "column", "code"),
)

CODINGS = Table(
    "codings",
    (
        _TABLE,
        Column("column", "text", "column"),
        Column("year", "integer", "year"),
        Column("form", "text", "how it is written: CIP13, CIP7, absent, not_collected…"),
        _LINES,
    ),
    key=("table", "column", "year", "form"),
)

NOTICES = Table(
    "notices",
    (
        _TABLE,
        Column("sentence", "text", "what is absent or strange, and what follows, in French"),
        _LINES,
    ),
    key=("table", "sentence"),
)

QUALITY_TABLES = {
    table.name: table for table in (VOLUMES, REJECTED, LINKS, UNKNOWN_CODES, CODINGS, NOTICES)
}

# One row per raw line that was set aside, kept whole enough to be found again. Never shown.
REJECTED_LINES = Table(
    "rejected_lines",
    (
        _TABLE,
        Column("reason", "text", "why, the same keys as in ``rejected``"),
        Column("line", "text", "the line's own key, its parts joined by |"),
        Column("person", "text", "pseudonym as written", nullable=True),
        Column("day", "day", "day of care", nullable=True),
        Column("code", "text", "code of the line", nullable=True),
        Column("quantity", "number", "quantity as written", nullable=True),
        _AMOUNT,
    ),
)
