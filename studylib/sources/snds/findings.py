"""What a reading learns about its raw data: lines set aside, failed links, unknown codes, volumes.

Each rejected line is written at once below ``rejected_lines/``, so that nothing is dropped without
a trace; counts and sums go to ``quality/`` at the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import narwhals as nw
import pandas as pd

from studylib import tables
from studylib.sources.engine import Engine, Frame
from studylib.sources.quality import QUALITY_TABLES, REJECTED_LINES
from studylib.tables import Table

_EPOCH = date(1970, 1, 1)
_TYPES: dict[str, Any] = {
    "text": nw.String(),
    "day": nw.Int64(),
    "integer": nw.Int64(),
    "number": nw.Float64(),
}
_SUMMED = ("lines", "of_lines", "unmatched", "amount")


@dataclass
class Findings:
    """The collector a reading fills; ``folder`` is the event folder being made.

    ``step`` names the step under way, in the names of the files of rejected lines.
    """

    engine: Engine
    folder: Path
    step: str = "reading"
    _rows: dict[str, list[pd.DataFrame]] = field(default_factory=dict)
    _files: int = 0

    def reject(self, table: str, reason: str, lines: Frame, of_lines: int) -> int:
        """Sets lines aside under one reason, as ``reject_each`` does; how many there were."""
        named = lines.with_columns(nw.lit(reason).alias("reason"))
        return self.reject_each(table, named, of_lines, (reason,))[reason]

    def reject_each(
        self, table: str, lines: Frame, of_lines: int, reasons: Sequence[str] = ()
    ) -> dict[str, int]:
        """Sets lines aside, each under its ``reason``; how many there were of each.

        ``lines`` has ``line`` and as many as are known of person, day, code, quantity, amount.
        ``of_lines`` is how many lines the rules looked at; ``reasons`` are told even when no line
        has them.
        """
        written = self.engine.checkpoint(_rejected(table, lines), "rejected")
        summed = self.engine.collect(
            written.group_by("reason").agg(
                nw.len().alias("lines"), nw.col("amount").sum().alias("amount")
            )
        ).set_index("reason")
        if len(summed):
            self._files += 1
            file = (
                self.folder / REJECTED_LINES.name / f"{self.step}-{self._files:03d}-{table}.parquet"
            )
            self.engine.write_parquet(written, file, sort_by=("reason", "line"))
        self.engine.release(written)
        told = sorted({*summed.index, *reasons})
        summed = summed.reindex(told)
        lines_of = summed["lines"].fillna(0).astype(int)
        counts = dict(zip(told, lines_of.tolist(), strict=True))
        self._add(
            "rejected",
            {
                "table": [table] * len(told),
                "reason": told,
                "lines": [*counts.values()],
                "amount": [float(x) if pd.notna(x) else None for x in summed["amount"]],
                "of_lines": [of_lines] * len(told),
            },
        )
        return counts

    def volume(self, frame: Frame | pd.DataFrame) -> None:
        """Adds volumes: table, care_month, flow_month, lines, amount.

        Days (``care_day``, ``flow_day``) may stand for the months and are turned into them.
        """
        rows = self._collected(frame)
        for day, month in (("care_day", "care_month"), ("flow_day", "flow_month")):
            if day in rows:
                rows[month] = _months(rows[day])
        self._add("volumes", rows.assign(flow_month=rows.get("flow_month")))

    def link(self, from_: str, to: str, lines: int, unmatched: int) -> None:
        """Adds how many lines of a table found nothing in another."""
        self._add(
            "links",
            {"from_table": [from_], "to_table": [to], "lines": [lines], "unmatched": [unmatched]},
        )

    def unknown(self, frame: Frame | pd.DataFrame) -> None:
        """Adds codes the referentials do not know: table, column, system, code, lines, amount."""
        self._add("unknown_codes", self._collected(frame))

    def coding(self, frame: Frame | pd.DataFrame) -> None:
        """Adds how a column is written, by year: table, column, year, form, lines."""
        self._add("codings", self._collected(frame))

    def notice(self, table: str, sentence: str, lines: int = 0) -> None:
        """Adds a sentence that is told each time the source is opened, about ``table``."""
        self._add("notices", {"table": [table], "sentence": [sentence], "lines": [lines]})

    def table(self, name: str) -> pd.DataFrame:
        """One of the quality tables, its rows of one same key added up."""
        contract = QUALITY_TABLES[name]
        parts = [rows for rows in self._rows.get(name, []) if len(rows)]
        if not parts:
            return tables.empty(contract)
        whole = pd.concat([_shaped(rows, contract) for rows in parts], ignore_index=True)
        summed = [column for column in _SUMMED if column in contract.names]
        keys = [column for column in contract.names if column not in summed]
        totals = whole.groupby(keys, dropna=False, as_index=False, sort=True)[summed].sum(
            min_count=1
        )
        return tables.check(_shaped(totals, contract), contract)

    def begin(self, step: str) -> None:
        """Starts a step of the reading: what an interrupted attempt left of it is removed."""
        self.step, self._files, self._rows = step, 0, {}
        for file in (self.folder / REJECTED_LINES.name).glob(f"{step}-*.parquet"):
            file.unlink()

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        """What the step under way has found, as plain rows by quality table."""
        return {name: _records(self.table(name)) for name in self._rows}

    def add(self, rows: Mapping[str, list[dict[str, Any]]]) -> None:
        """Adds what ``rows()`` gave in a step already done."""
        for name, records in rows.items():
            self._add(name, pd.DataFrame(records, columns=QUALITY_TABLES[name].names))

    def write(self) -> None:
        """Writes the quality tables to ``quality/<table>.parquet``."""
        folder = self.folder / "quality"
        folder.mkdir(parents=True, exist_ok=True)
        for name in QUALITY_TABLES:
            self.table(name).to_parquet(folder / f"{name}.parquet", index=False)

    def _collected(self, frame: Frame | pd.DataFrame) -> pd.DataFrame:
        return frame.copy() if isinstance(frame, pd.DataFrame) else self.engine.collect(frame)

    def _add(self, name: str, rows: pd.DataFrame | dict[str, list[Any]]) -> None:
        self._rows.setdefault(name, []).append(pd.DataFrame(rows))


def line_key(columns: Sequence[str]) -> nw.Expr:
    """A line's own key as one text, its parts joined by ``|``: the column ``line``."""
    parts = [nw.col(column).cast(nw.String()).fill_null("") for column in columns]
    return nw.concat_str(parts, separator="|").alias("line")


def _rejected(table: str, lines: Frame) -> Frame:
    present = lines.collect_schema().names()
    given = {"table": nw.lit(table)}
    return lines.select(
        *[
            given.get(column.name, nw.col(column.name) if column.name in present else nw.lit(None))
            .cast(_TYPES[column.kind])
            .alias(column.name)
            for column in REJECTED_LINES.columns
        ]
    )


def _records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(key): None if pd.isna(value) else value for key, value in row.items()}
        for row in rows.to_dict("records")
    ]


def _months(days: pd.Series) -> pd.Series:
    known = {
        day: (_EPOCH + timedelta(days=int(day))).strftime("%Y-%m") for day in set(days.dropna())
    }
    return days.map(known)


def _shaped(rows: pd.DataFrame, contract: Table) -> pd.DataFrame:
    """Rows with the contract's columns and types, whatever produced them."""
    return pd.DataFrame({c.name: _typed(rows[c.name], c.kind) for c in contract.columns})


def _typed(values: pd.Series, kind: str) -> pd.Series:
    if kind == "integer":
        return values.astype("int64")
    if kind == "number":
        return values.astype("float64")
    return values.astype(object).mask(values.isna(), None)
