"""Writing a table of a block as Parquet: sorted, the same bytes on any number of threads."""

from __future__ import annotations

import os
from pathlib import Path

from duckdb import DuckDBPyConnection

ROWS_OF_A_GROUP = 122_880


def write(connection: DuckDBPyConnection, query: str, folder: Path, block: int) -> Path:
    """Writes a query to ``folder/BLOCK.parquet``; the file appears once whole.

    The query must end with a total ORDER BY, and the session keep the order of insertion.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{block:05d}.parquet"
    part = target.with_suffix(".part")
    connection.execute(
        f"COPY ({query}) TO '{_quoted(part)}' (FORMAT parquet, COMPRESSION zstd, "
        f"ROW_GROUP_SIZE {ROWS_OF_A_GROUP})"
    )
    os.replace(part, target)
    return target


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
