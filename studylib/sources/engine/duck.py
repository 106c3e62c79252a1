"""DuckDB, inside this process: the engine by default."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import duckdb
import narwhals as nw
import pandas as pd
from pyarrow import parquet

from studylib.errors import StudyError
from studylib.sources.engine import faults
from studylib.sources.engine.base import Engine, Frame, step_name
from studylib.sources.engine.scratch import Scratch, open_scratch
from studylib.sources.engine.settings import EngineSettings

_KEPT = "kept"  # the database file that holds the checkpoints
_SLICES = (1, 4, 16, 64)  # in how many parts persons are taken, one try after the other


class DuckEngine(Engine):
    """An open DuckDB session; ``connection`` is for simulators, which write SQL.

    Checkpoints stand in a database file rather than in memory: for the same CPU time the episodes
    of all drugs of 1 M persons peaked at 2.6 GB instead of 3.4. Beyond its memory limit DuckDB
    spills to disk beside them. The folder of both goes when the last frame of the session does.
    """

    def __init__(
        self, settings: EngineSettings, connection: duckdb.DuckDBPyConnection, scratch: Scratch
    ) -> None:
        self.settings = settings
        self.connection = connection
        self._scratch = scratch
        self._remove = weakref.finalize(connection, scratch.remove)
        self._numbers = count()
        self._attached = False
        self._slices = 1
        self._tables: weakref.WeakKeyDictionary[duckdb.DuckDBPyRelation, str] = (
            weakref.WeakKeyDictionary()
        )

    @classmethod
    def start(cls, settings: EngineSettings | None = None) -> DuckEngine:
        """A new session with the settings given, or those of the environment."""
        chosen = settings or EngineSettings.from_environment()
        scratch = open_scratch(Path(chosen.temp_folder) if chosen.temp_folder else None)
        config = chosen.duckdb() | {"temp_directory": str(scratch.path / "spill")}
        connection = duckdb.connect(config=config)
        silence(connection)
        return cls(chosen, connection, scratch)

    def read_parquet(self, files: Sequence[Path]) -> Frame:
        """A lazy frame over Parquet files of one same layout; DataMissing names the odd one."""
        faults.check_files(files)
        return nw.from_native(self.connection.read_parquet([str(path) for path in files]))

    def load(self, frame: pd.DataFrame, name: str) -> Frame:
        """A lazy frame over a copy of a pandas table (small tables, tests)."""
        table = self._fresh(name)
        self.connection.register("incoming_", frame)
        self.connection.execute(f'CREATE TEMP TABLE "{table}" AS SELECT * FROM incoming_')
        self.connection.unregister("incoming_")
        return nw.from_native(self.connection.table(table))

    def checkpoint(self, frame: Frame, name: str) -> Frame:
        """``frame`` computed once and kept under ``name`` (and a number), or not at all."""
        table = f"{_KEPT}.main.{self._fresh(name)}"
        with self._told(name):
            self._attach()
            frame.to_native().create(table)
        return self._kept(table)

    def checkpoint_by_person(self, rows: Frame, make: Callable[[Frame], Frame], name: str) -> Frame:
        """``make(rows)`` as a checkpoint; what memory cannot hold whole is made in slices.

        DuckDB 2.0 gives up a sum over 280 M groups below 4 GB, whatever it may spill.
        """
        table = f"{_KEPT}.main.{self._fresh(name)}"
        with self._told(name):
            self._attach()
            for slices in [some for some in _SLICES if some >= self._slices]:
                try:
                    self._create(table, rows, make, slices)
                    break
                except (duckdb.OutOfMemoryException, MemoryError):
                    if slices == _SLICES[-1]:
                        raise
                    self._slices = slices + 1  # the next frame will not fit either
        return self._kept(table)

    def _create(self, table: str, rows: Frame, make: Callable[[Frame], Frame], slices: int) -> None:
        """The table, filled with one slice of the persons after the other, or no table."""
        try:
            for part in range(slices):
                own = rows if slices == 1 else rows.filter(nw.col("person_id") % slices == part)
                relation = make(own).to_native()
                if part:
                    relation.insert_into(table)
                else:
                    relation.create(table)
        except BaseException:
            self.connection.execute(f"DROP TABLE IF EXISTS {table}")
            self._shrink()
            raise

    def _kept(self, table: str) -> Frame:
        kept = self.connection.table(table)
        self._tables[kept] = table
        return nw.from_native(kept)

    def write_parquet(self, frame: Frame, file: Path, *, sort_by: Sequence[str] = ()) -> int:
        """Writes ``frame`` to one Parquet file (zstd), sorted; number of rows written."""
        relation = frame.to_native()
        if sort_by:
            relation = relation.order(", ".join(f'"{name}"' for name in sort_by))
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f".{file.name}.part")
        try:
            with self._told(file.name, file):
                relation.write_parquet(str(part), compression="zstd")
            rows = int(parquet.read_metadata(part).num_rows)
            os.replace(part, file)
        finally:
            part.unlink(missing_ok=True)
        return rows

    def collect(self, frame: Frame) -> pd.DataFrame:
        """``frame`` as pandas; whole numbers stay whole where none is missing."""
        with self._told("collect"):
            collected: pd.DataFrame = frame.collect(backend="pandas").to_native()
        return collected

    def release(self, frame: Frame) -> None:
        """Gives back the room of a checkpoint that nothing will read again."""
        table = self._tables.pop(frame.to_native(), None)
        if table is not None:
            self.connection.execute(f"DROP TABLE {table}")
            self._shrink()

    def describe(self) -> dict[str, str]:
        """The engine, its version, threads and memory limit."""
        return {
            "engine": f"DuckDB {duckdb.__version__}",
            "threads": self._setting("threads"),
            "memory_limit": self._setting("memory_limit"),
            "preserve_insertion_order": self._setting("preserve_insertion_order"),
        }

    def stop(self) -> None:
        """Closes the session and removes its folder; its frames can be read no more."""
        self.connection.close()
        self._remove()

    def _attach(self) -> None:
        """Opens the file of checkpoints at the first one. It need not survive a power cut."""
        if not self._attached:
            file = str(self._scratch.path / "checkpoints.duckdb").replace("'", "''")
            self.connection.execute(f"ATTACH IF NOT EXISTS '{file}' AS {_KEPT}")
            self.connection.execute("SET fsync_mode = 'NONE'")
            self._attached = True

    @contextmanager
    def _told(self, step: str, file: Path | None = None) -> Iterator[None]:
        """DuckDB's complaints about disk and memory as one sentence; others go through."""
        try:
            yield
        except (duckdb.Error, MemoryError, OSError) as error:
            self._shrink()  # of what was being written
            told = self._sentence(error, step, file)
            if told is None:
                raise
            raise told from error

    def _sentence(self, error: BaseException, step: str, file: Path | None) -> StudyError | None:
        message = str(error)
        if faults.is_corrupt(message):
            return faults.corrupt(message, step)
        if faults.is_full(message):
            named = faults.file_named(message)
            outside = named is None or self._scratch.path not in named.parents
            spilled = "max_temp_directory_size" in message
            if file is not None and outside and not spilled:
                return faults.output_full(file)
            return faults.disk_full(self._scratch.path.parent, step)
        if faults.is_unwritable(message):
            return faults.unwritable(file.parent if file else self._scratch.path.parent)
        if isinstance(error, duckdb.OutOfMemoryException | MemoryError):
            granted = self.settings.memory_gb or _gigabytes(self._setting("memory_limit"))
            more = f"{faults.more_memory(granted)}, ou moins de fils (STUDYLIB_THREADS=1)"
            return faults.out_of_memory(granted, step, more)
        return None

    def _shrink(self) -> None:
        """Gives back what the file of checkpoints no longer uses; a full disk may prevent it."""
        if self._attached:
            with suppress(duckdb.Error):
                self.connection.execute(f"CHECKPOINT {_KEPT}")

    def _setting(self, name: str) -> str:
        return str(self.connection.execute(f"SELECT current_setting('{name}')").fetchall()[0][0])

    def _fresh(self, name: str) -> str:
        return step_name(name, next(self._numbers))


def _gigabytes(written: str) -> float:
    """DuckDB's own writing of a size, in GB."""
    number, unit = written.split()
    return float(number) * {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}[unit] / 1e9


def silence(connection: duckdb.DuckDBPyConnection) -> None:
    """No progress bar, which would draw itself in notebooks and terminals.

    Where Jupyter lacks what draws it, DuckDB has none, and refuses to be told so.
    """
    with suppress(duckdb.Error):
        connection.execute("SET enable_progress_bar = false")
