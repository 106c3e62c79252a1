"""Every table studylib hands from one room to another, column by column."""

from studylib.tables.contract import (
    CheckResult,
    Column,
    Kind,
    Table,
    check,
    empty,
    missing_columns,
    stack,
)
from studylib.tables.persons import (
    CONCURRENT,
    DAYS_COVERED,
    EPISODES,
    EVENTS,
    FOLLOW_UP,
    PEOPLE,
    PERSON_ID,
    SUPPLY,
    TREATMENT_CHANGES,
)
from studylib.tables.results import (
    BALANCE,
    CURVES,
    ESTIMATES,
    EXITS,
    FLOW,
    SERIES,
    WIDE_COLUMNS,
)

__all__ = [
    "BALANCE",
    "CONCURRENT",
    "CURVES",
    "DAYS_COVERED",
    "EPISODES",
    "ESTIMATES",
    "EVENTS",
    "EXITS",
    "FLOW",
    "FOLLOW_UP",
    "PEOPLE",
    "PERSON_ID",
    "SERIES",
    "SUPPLY",
    "TREATMENT_CHANGES",
    "WIDE_COLUMNS",
    "CheckResult",
    "Column",
    "Kind",
    "Table",
    "check",
    "empty",
    "missing_columns",
    "stack",
]
