"""Tables of the sampled designs."""

from __future__ import annotations

from studylib.tables import Column, Table

CONTROLS_FOUND = Table(
    "controls_found",
    (
        Column("controls", "integer", "controls found for a case"),
        Column("events", "integer", "cases with as many", counts="events"),
    ),
    key=("controls",),
)
