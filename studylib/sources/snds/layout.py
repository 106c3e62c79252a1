"""The raw tables of the SNDS: their columns, types, widths and years, as this reader takes them.

The published descriptions contradict each other on types (``ETA_NUM`` is an integer here and a
text there), so the types are fixed once, in ``raw_tables/*.csv``. Columns created or dropped over
the years carry their first and last year, and the name that replaced them.

Sources: table descriptions of the Health Data Hub (state of December 2020), documentation of the
SNDS.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

import pandas as pd

Kind = Literal["text", "day", "integer", "number"]
Partition = Literal["flow", "year", "none"]

NINE_KEYS = (
    "FLX_DIS_DTD",
    "FLX_TRT_DTD",
    "FLX_EMT_TYP",
    "FLX_EMT_NUM",
    "FLX_EMT_ORD",
    "ORG_CLE_NUM",
    "DCT_ORD_NUM",
    "PRS_ORD_NUM",
    "REM_TYP_AFF",
)


@dataclass(frozen=True)
class RawColumn:
    """One column of a raw table.

    ``width`` is that of a code, which gets its zeros back when it was stored as a number. The
    column is collected from ``first_year`` to ``last_year`` (both included; None is open), then
    under the name ``successor``. ``required`` columns stop the reading when absent, ``filled``
    ones also when no line of a folder has a value; ``without`` says in French what follows when
    a column that is read can be done without ("" when nothing does). ``whole`` counts are numbers
    in the tables, and never have decimals.
    """

    name: str
    kind: Kind
    width: int | None = None
    first_year: int | None = None
    last_year: int | None = None
    successor: str | None = None
    required: bool = False
    filled: bool = False
    without: str = ""
    whole: bool = False

    def collected_in(self, year: int) -> bool:
        """Whether the column exists in that year.

        >>> table("ER_UCD_F").column("UCD_UCD_COD").collected_in(2006)
        False
        """
        begun = self.first_year is None or year >= self.first_year
        return begun and (self.last_year is None or year <= self.last_year)


@dataclass(frozen=True)
class RawTable:
    """One raw table; ``T_MCOaaB`` stands for its yearly tables, ``T_MCO21B`` and others.

    ``partition`` says how it is cut: by month of flow with yearly archives, by year, or not.
    """

    name: str
    columns: tuple[RawColumn, ...]
    partition: Partition
    key: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """Column names in declared order."""
        return [column.name for column in self.columns]

    @property
    def first_year(self) -> int:
        """The year the table begins, as far as its columns tell; 0 when they do not.

        >>> table("T_MCOaaMED").first_year, table("IR_BEN_R").first_year
        (2008, 0)
        """
        return min((c.first_year for c in self.columns if c.first_year), default=0)

    def column(self, name: str) -> RawColumn:
        """The declared column called ``name``; KeyError when it is not declared."""
        return {column.name: column for column in self.columns}[name]


def table(name: str) -> RawTable:
    """The layout of a raw table; KeyError when the reader does not know it.

    >>> column = table("ER_PHA_F").column("PHA_PRS_C13")
    >>> column.kind, column.width, column.first_year, column.required
    ('text', 13, 2006, True)
    """
    return tables()[name]


@cache
def tables() -> dict[str, RawTable]:
    """Every raw table the reader knows, by name."""
    folder = resources.files("studylib.sources.snds") / "raw_tables"
    known: dict[str, RawTable] = {}
    for file in sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".csv")):
        with (folder / file).open(encoding="utf-8") as stream:
            rows = pd.read_csv(stream, dtype=str, keep_default_na=False)
        for name, lines in rows.groupby("table", sort=False):
            known[str(name)] = _table(str(name), lines)
    return known


def _table(name: str, lines: pd.DataFrame) -> RawTable:
    columns = tuple(
        RawColumn(
            name=row["column"],
            kind=row["kind"],
            width=_number(row["width"]),
            first_year=_number(row["first_year"]),
            last_year=_number(row["last_year"]),
            successor=row["successor"] or None,
            required=row["required"] in ("yes", "filled"),
            filled=row["required"] == "filled",
            without=row["without"],
            whole=row.get("whole") == "yes",
        )
        for row in lines.to_dict("records")
    )
    return RawTable(
        name, columns, _partition(name), tuple(lines.loc[lines["key"] == "yes", "column"])
    )


def _number(text: str) -> int | None:
    return int(text) if text else None


def _partition(name: str) -> Partition:
    if name.startswith("ER_"):
        return "flow"
    return "year" if name.startswith("T_MCOaa") else "none"
