"""What the reading keeps about itself: the quality tables, and the lines set aside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import narwhals as nw
import numpy as np
import pandas as pd

from studylib.sources.engine import Engine, Frame
from studylib.sources.quality import QUALITY_TABLES, REJECTED_LINES
from studylib.tables import Table, check, empty


@dataclass
class Findings:
    """Collects, table by table, what ``write`` leaves beside the event tables."""

    engine: Engine
    _parts: dict[str, list[pd.DataFrame]] = field(default_factory=dict)
    _rejected: dict[str, list[Frame]] = field(default_factory=dict)

    def reject(self, table: str, lines: Frame, of_lines: int) -> None:
        """Sets lines aside: ``lines`` has the columns of REJECTED_LINES but ``table``."""
        counts = self.engine.collect(
            lines.group_by("reason").agg(
                nw.len().cast(nw.Int64).alias("lines"), nw.col("amount").sum().alias("amount")
            )
        )
        if len(counts):
            self._add("rejected", counts.assign(table=table, of_lines=of_lines))
            self._rejected.setdefault(table, []).append(
                lines.select(
                    nw.lit(table).alias("table"),
                    *[nw.col(name) for name in REJECTED_LINES.names if name != "table"],
                )
            )

    def volume(self, table: str, lines: Frame) -> None:
        """Counts the lines by month of care: ``lines`` has ``start`` and ``cost``."""
        days = self.engine.collect(
            lines.filter(~nw.col("start").is_null())
            .group_by("start")
            .agg(nw.len().cast(nw.Int64).alias("lines"), nw.col("cost").sum().alias("amount"))
        )
        months = days.assign(care_month=_months(days["start"]))
        summed = months.groupby("care_month", sort=True)[["lines", "amount"]].sum()
        self._add("volumes", summed.reset_index().assign(table=table, flow_month=None))

    def link(self, from_: str, to: str, lines: int, unmatched: int) -> None:
        """Keeps how many lines looked up in another table were not found there."""
        row = {"from_table": from_, "to_table": to, "lines": lines, "unmatched": unmatched}
        self._add("links", pd.DataFrame([row]))

    def unknown(self, table: str, column: str, system: str, lines: Frame) -> None:
        """Counts lines whose concept has no code of ``system``: columns ``concept``, ``cost``."""
        counts = self.engine.collect(
            lines.group_by("concept").agg(
                nw.len().cast(nw.Int64).alias("lines"), nw.col("cost").sum().alias("amount")
            )
        )
        codes = counts["concept"].astype("Int64").astype("string").fillna("").astype(object)
        described = counts.assign(table=table, column=column, system=system, code=codes)
        self._add("unknown_codes", described.drop(columns="concept"))

    def coding(self, table: str, column: str, lines: Frame) -> None:
        """Counts how a column is written, by year: ``lines`` has ``start`` and ``form``."""
        days = self.engine.collect(
            lines.filter(~nw.col("start").is_null())
            .group_by("start", "form")
            .agg(nw.len().cast(nw.Int64).alias("lines"))
        )
        years = days.assign(year=_months(days["start"]).str[:4].astype("int64"))
        summed = years.groupby(["year", "form"], sort=True)["lines"].sum().reset_index()
        self._add("codings", summed.assign(table=table, column=column))

    def absent(self, table: str, column: str, last_day: int) -> None:
        """Notes an optional table that is not there, under the year of the last day observed."""
        year = int(_months(pd.Series([last_day])).str[:4].iloc[0])
        row = {"table": table, "column": column, "year": year, "form": "absent", "lines": 0}
        self._add("codings", pd.DataFrame([row]))

    def write(self, folder: Path) -> None:
        """Writes ``quality/<table>.parquet`` and ``rejected_lines/<raw table>.parquet``."""
        (folder / "quality").mkdir(parents=True, exist_ok=True)
        for table in QUALITY_TABLES.values():
            whole = self._whole(table)
            whole.to_parquet(folder / "quality" / f"{table.name}.parquet", index=False)
        for name, frames in self._rejected.items():
            file = folder / "rejected_lines" / f"{name}.parquet"
            self.engine.write_parquet(nw.concat(frames), file, sort_by=("reason", "line"))

    def _whole(self, table: Table) -> pd.DataFrame:
        parts = self._parts.get(table.name)
        if not parts:
            return empty(table)
        # a key column without a value in any line (flow_month) is typed by hand: concat would not
        whole = pd.concat([part.astype(_types(table)) for part in parts], ignore_index=True)
        order = list(table.key) or table.names
        return check(whole.sort_values(order, ignore_index=True)[table.names], table)

    def _add(self, table: str, part: pd.DataFrame) -> None:
        self._parts.setdefault(table, []).append(part)


def _types(table: Table) -> Mapping[str, str]:
    named = {"integer": "int64", "number": "float64", "text": "object"}
    return {column.name: named[column.kind] for column in table.columns}


def _months(days: pd.Series) -> pd.Series:
    dates = pd.Series(days.to_numpy().astype("datetime64[D]"), index=days.index)
    return pd.Series(np.datetime_as_string(dates.to_numpy().astype("datetime64[M]")), days.index)
