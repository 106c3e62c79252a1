"""Tables of sequence symmetry."""

from __future__ import annotations

from studylib.tables import Column, Table

SEQUENCES = Table(
    "sequences",
    (
        Column("population", "text", "region or set of regions"),
        Column("comparison", "text", "index then marker"),
        Column("sequence", "text", "index_first, marker_first or same_day"),
        Column("persons", "integer", "persons who began both so", counts="persons"),
    ),
    key=("population", "comparison", "sequence"),
)

GAPS = Table(
    "gaps",
    (
        Column("comparison", "text", "index then marker"),
        Column("first_week", "integer", "first week after the index", unit="weeks"),
        Column("last_week", "integer", "last week after the index", unit="weeks"),
        Column("persons", "integer", "persons who began both that far apart", counts="persons"),
    ),
    key=("comparison", "first_week"),
    may_be_empty=True,
)
