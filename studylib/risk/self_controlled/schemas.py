"""Tables of a case series that are not rows of estimates."""

from __future__ import annotations

from studylib.tables import Column, Table

WINDOWS = Table(
    "windows",
    (
        Column("population", "text", "region or set of regions"),
        Column("term", "text", "drug, dose and window"),
        Column("persons", "integer", "cases with time there", counts="persons"),
        Column("events", "integer", "events that fall there", counts="events"),
        Column("person_years", "number", "time there", unit="years", from_counts=("persons",)),
    ),
    key=("population", "term"),
)

PROFILE_EVENTS = Table(
    "profile_events",
    (
        Column("population", "text", "region or set of regions"),
        Column("profile", "text", "the comparison whose profile rests on these events"),
        Column("comparison", "text", "drug, dose and window"),
        Column("outcome", "text", "the event studied"),
        Column("events", "integer", "events that fall there", counts="events"),
    ),
    may_be_empty=True,  # gates that are closed release none
)
