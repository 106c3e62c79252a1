"""The data engine: the one place that knows DuckDB runs underneath.

Cohort code is written once, as lazy Narwhals frames, and calls ``checkpoint`` between named
steps: one giant expression would be planned, and paid, several times over. Days are integers.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw
import pandas as pd
from pyarrow import parquet

THREADS_VARIABLE = "STUDYLIB_THREADS"
MEMORY_VARIABLE = "STUDYLIB_MEMORY_GB"

Frame = nw.LazyFrame[Any]


@dataclass(frozen=True)
class EngineSettings:
    """Threads and memory the engine may take; None leaves DuckDB its own choice."""

    threads: int | None = None
    memory_gb: float | None = None

    @classmethod
    def from_environment(cls) -> EngineSettings:
        """What the runner granted this process through its environment variables."""
        threads, memory = os.environ.get(THREADS_VARIABLE), os.environ.get(MEMORY_VARIABLE)
        return cls(int(threads) if threads else None, float(memory) if memory else None)

    def duckdb(self) -> dict[str, Any]:
        """These settings as DuckDB names them; 70 % of the memory, for it overshoots its limit."""
        config: dict[str, Any] = {"preserve_insertion_order": "false"}
        if self.threads:
            config["threads"] = self.threads
        if self.memory_gb:
            config["memory_limit"] = f"{self.memory_gb * 0.7:.2f}GB"
        return config


@dataclass(frozen=True)
class Engine:
    """An open DuckDB session: read, checkpoint, collect."""

    settings: EngineSettings
    connection: duckdb.DuckDBPyConnection
    _numbers: count[int] = field(default_factory=count)

    @classmethod
    def start(cls, settings: EngineSettings | None = None) -> Engine:
        """A new session with the settings given, or those of the environment."""
        chosen = settings or EngineSettings.from_environment()
        return cls(chosen, duckdb.connect(config=chosen.duckdb()))

    def read_parquet(self, files: Sequence[Path]) -> Frame:
        """A lazy frame over Parquet files of one same layout."""
        relation = self.connection.read_parquet([str(path) for path in files])
        return nw.from_native(relation)

    def load(self, frame: pd.DataFrame, name: str) -> Frame:
        """A lazy frame over a copy of a pandas table (small tables, tests)."""
        table = self._fresh(name)
        self.connection.register("incoming_", frame)
        self.connection.execute(f'CREATE TEMP TABLE "{table}" AS SELECT * FROM incoming_')
        self.connection.unregister("incoming_")
        return nw.from_native(self.connection.table(table))

    def checkpoint(self, frame: Frame, name: str) -> Frame:
        """``frame`` computed once and kept under ``name`` (and a number)."""
        table = self._fresh(name)
        frame.to_native().create(table)
        return nw.from_native(self.connection.table(table))

    def write_parquet(self, frame: Frame, file: Path, *, sort_by: Sequence[str] = ()) -> int:
        """Writes ``frame`` to one Parquet file (zstd), sorted; number of rows written."""
        relation = frame.to_native()
        if sort_by:
            relation = relation.order(", ".join(f'"{name}"' for name in sort_by))
        file.parent.mkdir(parents=True, exist_ok=True)
        relation.write_parquet(str(file), compression="zstd")
        return int(parquet.read_metadata(file).num_rows)

    def collect(self, frame: Frame) -> pd.DataFrame:
        """``frame`` as pandas; whole numbers stay whole where none is missing."""
        collected: pd.DataFrame = frame.collect(backend="pandas").to_native()
        return collected

    def count(self, frame: Frame) -> int:
        """Number of rows."""
        return int(self.collect(frame.select(nw.len().alias("rows")))["rows"].iloc[0])

    def columns(self, frame: Frame) -> Mapping[str, nw.dtypes.DType]:
        """Column names and types."""
        return frame.collect_schema()

    def _fresh(self, name: str) -> str:
        return f"{re.sub('[^a-z0-9_]', '_', name.lower())}_{next(self._numbers)}"
