"""Tables of persons, one row per person or more: never shown.

Days are integers since 1970-01-01 and intervals of time are half-open ``[start, end)``.
"""

from __future__ import annotations

from studylib.tables.contract import Column, Table

PERSON_ID = Column("person_id", "integer", "the person")

EVENTS = Table(
    "events",
    (
        PERSON_ID,
        Column("code", "text", "code in the code system of the code list"),
        Column("start", "day", "first day"),
        Column("end", "day", "day after the last one"),
        Column("quantity", "number", "boxes, acts or stays"),
        Column("cost", "number", "amount reimbursed", unit="euros"),
    ),
)

PEOPLE = Table(
    "people",
    (
        PERSON_ID,
        Column("arm", "text", "compared group"),
        Column("index_date", "day", "day 0 of follow-up"),
    ),
    key=("person_id",),
)

EPISODES = Table(
    "episodes",
    (
        PERSON_ID,
        Column("arm", "text", "drug group"),
        Column("start", "day", "first day covered"),
        Column("end", "day", "day after the last one covered"),
    ),
    key=("person_id", "arm", "start"),
)

SUPPLY = Table(
    "supply",
    (
        PERSON_ID,
        Column("arm", "text", "drug group"),
        Column("start", "day", "day of dispensing or administration"),
        Column("days", "integer", "days of treatment given that day", unit="days"),
    ),
    key=("person_id", "arm", "start"),
)

CONCURRENT = Table(
    "concurrent",
    (
        PERSON_ID,
        Column("drugs", "text", "drug groups in use, in alphabetical order"),
        Column("number", "integer", "how many they are"),
        Column("start", "day", "first day with these drugs"),
        Column("end", "day", "day after the last one"),
    ),
    key=("person_id", "start"),
)

TREATMENT_CHANGES = Table(
    "treatment_changes",
    (
        PERSON_ID,
        Column("index_date", "day", "day 0 of follow-up"),
        Column("change", "text", "switch, add_on, stop or none"),
        Column("day", "day", "first day of the other drug group, or end of the treatment"),
        Column("other", "text", "the other drug group", nullable=True),
    ),
    key=("person_id", "index_date"),
)

DAYS_COVERED = Table(
    "days_covered",
    (
        PERSON_ID,
        Column("covered", "integer", "days of the window with treatment at hand", unit="days"),
        Column("window", "integer", "days looked at", unit="days"),
        Column("pdc", "number", "proportion of days covered"),
    ),
)

FOLLOW_UP = Table(
    "follow_up",
    (
        PERSON_ID,
        Column("arm", "text", "compared group"),
        Column("entry", "day", "day time at risk begins"),
        Column("exit", "day", "day time at risk ends (not at risk that day)"),
        Column("event", "flag", "the outcome occurred at exit"),
        Column("exit_reason", "text", "why time at risk ended"),
    ),
)
