"""Ways to spoil a folder of raw tables, one at a time."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

Break = Callable[[Path], None]


def every(*breaks: Break) -> Break:
    """All of them, one after the other."""

    def spoil(folder: Path) -> None:
        for one in breaks:
            one(folder)

    return spoil


def without(*tables: str) -> Break:
    """The folders of these tables are not there."""

    def spoil(folder: Path) -> None:
        for table in tables:
            gone = sorted(folder.glob(table))
            assert gone, table
            for path in gone:
                shutil.rmtree(path)

    return spoil


def rewritten(tables: str, change: Callable[[pa.Table], pa.Table]) -> Break:
    """The files of these tables after ``change``."""

    def spoil(folder: Path) -> None:
        files = sorted(folder.glob(f"{tables}/*.parquet"))
        assert files, tables
        for file in files:
            parquet.write_table(change(parquet.read_table(file)), file)

    return spoil


def no_line(tables: str) -> Break:
    """Tables of no line."""
    return rewritten(tables, lambda table: table.slice(0, 0))


def no_column(tables: str, *columns: str) -> Break:
    """Tables without these columns."""
    return rewritten(tables, lambda table: table.drop_columns(list(columns)))


def renamed(tables: str, column: str, name: str) -> Break:
    """Tables in which a column has another name."""

    def change(table: pa.Table) -> pa.Table:
        return table.rename_columns([name if c == column else c for c in table.column_names])

    return rewritten(tables, change)


def valued(
    tables: str, column: str, value: Any, kind: pa.DataType | None = None, one_in: int = 1
) -> Break:
    """Tables in which a column holds ``value``, on one line in ``one_in``."""

    def change(table: pa.Table) -> pa.Table:
        place = table.column_names.index(column)
        old = table.column(column).to_pylist()
        new = [value if line % one_in == 0 else kept for line, kept in enumerate(old)]
        stored = kind or table.schema.field(column).type
        return table.set_column(place, column, pa.array(new, stored))

    return rewritten(tables, change)


def flows(tables: str, kept: Callable[[date], bool]) -> Break:
    """Tables of flows that hold some months only."""

    def change(table: pa.Table) -> pa.Table:
        months = table.column("FLX_DIS_DTD").to_pylist()
        return table.filter(pa.array([kept(month) for month in months], pa.bool_()))

    return rewritten(tables, change)


def spoilt(table: str, change: Callable[[bytes], bytes]) -> Break:
    """A file whose bytes are changed."""

    def spoil(folder: Path) -> None:
        file = next((folder / table).glob("*.parquet"))
        file.write_bytes(change(file.read_bytes()))

    return spoil
