"""Tables of sequence symmetry."""

from __future__ import annotations

from studylib.tables import Column, Table

SEQUENCES = Table(
    "sequences",
    (
        Column("sequence", "text", "index_first, marker_first or same_day"),
        Column("persons", "integer", "persons who began both so", counts="persons"),
    ),
    key=("sequence",),
)

GAPS = Table(
    "gaps",
    (
        Column("week", "integer", "weeks from index start to marker start", unit="weeks"),
        Column("persons", "integer", "persons who began both that far apart", counts="persons"),
    ),
    key=("week",),
)
