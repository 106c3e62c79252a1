"""The tables and columns of an OMOP CDM that are read, and what tells its versions apart."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal, cast

Kind = Literal["integer", "day", "number", "text"]
VERSIONS = ("5.3", "5.4")


@dataclass(frozen=True)
class RawColumn:
    """One column: its kind, whether it must be there, and its name in CDM 5.3 when it differs."""

    name: str
    kind: Kind
    required: bool
    old_name: str = ""


@dataclass(frozen=True)
class RawTable:
    """One table: its columns; the first one is the key of its lines."""

    name: str
    columns: tuple[RawColumn, ...]

    @property
    def key(self) -> str:
        """The column that identifies a line."""
        return self.columns[0].name


def table(name: str) -> RawTable:
    """The layout of the table called ``name``; KeyError when it is not one that is read.

    >>> table("drug_era").key
    'drug_era_id'
    """
    return tables()[name]


@cache
def tables() -> dict[str, RawTable]:
    """Every table that is read, by name."""
    text = (resources.files("studylib.sources.omop") / "layout.csv").read_text("utf-8")
    columns: dict[str, list[RawColumn]] = {}
    for row in csv.DictReader(io.StringIO(text)):
        columns.setdefault(row["table"], []).append(
            RawColumn(row["column"], cast(Kind, row["kind"]), row["required"] == "yes", row["also"])
        )
    return {name: RawTable(name, tuple(found)) for name, found in columns.items()}


def required_tables(drugs: str, conditions: str) -> tuple[str, ...]:
    """The tables without which nothing can be read, given where events are taken from.

    >>> required_tables("era", "occurrence")[2:4]
    ('drug_era', 'condition_occurrence')
    """
    events = (f"drug_{drugs}", f"condition_{conditions}")
    return ("person", "observation_period", *events, "concept", "concept_ancestor")
