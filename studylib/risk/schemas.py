"""Tables of risk estimation that are not rows of estimates."""

from __future__ import annotations

from studylib.tables import Column, Table

_FROM = ("persons", "events")

PROFILES = Table(
    "profiles",
    (
        Column("analysis", "text", "primary, or the name of a sensitivity analysis"),
        Column("population", "text", "region or set of regions"),
        Column("comparison", "text", "arm against reference"),
        Column("outcome", "text", "the event studied"),
        Column("measure", "text", "the ratio whose logarithm is profiled"),
        Column("log_ratio", "number", "logarithm of the ratio"),
        Column("log_likelihood", "number", "profile log likelihood there", from_counts=_FROM),
        Column("gradient", "number", "its derivative there", from_counts=_FROM),
        Column("persons", "integer", "persons analysed", counts="persons"),
        Column("events", "integer", "outcomes counted", counts="events"),
    ),
)
