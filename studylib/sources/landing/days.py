"""Days that are no days of care: told with their column and their number, and kept as they are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from pyarrow import compute

NO_DATE = dt.date(1600, 1, 1)  # what the SNDS writes where there is no date
EARLIEST = dt.date(1880, 1, 1)
LATEST = dt.date(2050, 1, 1)  # excluded; a fixed bound: the day of the import changes nothing


@dataclass
class OddDays:
    """Counts by column: ``no_date`` (1600-01-01), ``early`` and ``late`` (out of range)."""

    counts: dict[str, dict[str, int]] = field(default_factory=dict)

    def see(self, table: pa.Table) -> None:
        """Counts the odd days of the columns of dates."""
        for column in table.schema:
            if not (pa.types.is_date(column.type) or pa.types.is_timestamp(column.type)):
                continue
            values = table.column(column.name)
            extremes = compute.min_max(values)
            first, last = (_day(extremes[name].as_py()) for name in ("min", "max"))
            if first is None or last is None or (first >= EARLIEST and last < LATEST):
                continue
            self.add({column.name: _counted(compute.cast(values, pa.date32(), safe=False))})

    def add(self, others: Mapping[str, Mapping[str, int]]) -> None:
        """Adds the counts of other lines."""
        for column, counts in others.items():
            mine = self.counts.setdefault(column, {})
            for kind, count in counts.items():
                mine[kind] = mine.get(kind, 0) + count

    def remarks(self) -> list[dict[str, Any]]:
        """The counts as remarks: kind, column, rows."""
        return [
            {"kind": kind, "column": column, "rows": count}
            for column, counts in self.counts.items()
            for kind, count in counts.items()
            if count
        ]


def _day(value: Any) -> dt.date | None:
    return value.date() if isinstance(value, dt.datetime) else value


def _counted(values: pa.ChunkedArray) -> dict[str, int]:
    def number(condition: Any) -> int:
        return int(compute.sum(condition).as_py() or 0)

    absent = number(compute.equal(values, pa.scalar(NO_DATE)))
    early = number(compute.less(values, pa.scalar(EARLIEST)))
    late = number(compute.greater_equal(values, pa.scalar(LATEST)))
    return {"no_date": absent, "early": early - absent, "late": late}
