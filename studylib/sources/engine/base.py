"""What every engine does: read, checkpoint, write, collect. Nothing else is asked of one."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import narwhals as nw
import pandas as pd

from studylib.sources.engine.settings import EngineSettings

Frame = nw.LazyFrame[Any]


class Engine(ABC):
    """An open session of a data engine; ``Engine.start`` gives the one its settings name.

    Five methods make an engine: ``read_parquet``, ``load``, ``checkpoint``, ``write_parquet`` and
    ``collect``. A session ends with ``stop``, at the end of a ``with``, or with the process.
    """

    settings: EngineSettings

    @classmethod
    def start(cls, settings: EngineSettings | None = None) -> Engine:
        """A new session with the settings given, or those of the environment."""
        from studylib.sources.engine.duck import DuckEngine

        chosen = settings or EngineSettings.from_environment()
        if chosen.kind == "spark":
            from studylib.sources.engine.spark import SparkEngine

            return SparkEngine.start(chosen)
        return DuckEngine.start(chosen)

    @abstractmethod
    def read_parquet(self, files: Sequence[Path]) -> Frame:
        """A lazy frame over Parquet files of one same layout."""

    @abstractmethod
    def load(self, frame: pd.DataFrame, name: str) -> Frame:
        """A lazy frame over a copy of a pandas table (small tables, tests)."""

    @abstractmethod
    def checkpoint(self, frame: Frame, name: str) -> Frame:
        """``frame`` computed once and kept; ``name`` is for whoever inspects the session."""

    def checkpoint_by_person(self, rows: Frame, make: Callable[[Frame], Frame], name: str) -> Frame:
        """``make(rows)`` as a checkpoint, made some persons at a time where memory is short.

        What ``make`` gives of a person must stand on that person's rows alone (``person_id``).
        """
        return self.checkpoint(make(rows), name)

    @abstractmethod
    def write_parquet(self, frame: Frame, file: Path, *, sort_by: Sequence[str] = ()) -> int:
        """Writes ``frame`` to one Parquet file (zstd), sorted; number of rows written.

        The file takes its name once whole: an interrupted writing leaves nothing under it.
        """

    @abstractmethod
    def collect(self, frame: Frame) -> pd.DataFrame:
        """``frame`` as pandas; whole numbers stay whole where none is missing."""

    def count(self, frame: Frame) -> int:
        """Number of rows."""
        return int(self.collect(frame.select(nw.len().alias("rows")))["rows"].iloc[0])

    def columns(self, frame: Frame) -> Mapping[str, nw.dtypes.DType]:
        """Column names and types."""
        return frame.collect_schema()

    def release(self, frame: Frame) -> None:  # noqa: B027 - an engine may keep what it likes
        """Gives back the room of a checkpoint that nothing will read again.

        Frames built on it must not be used afterwards; a frame that is no checkpoint is left alone.
        """

    def describe(self) -> dict[str, str]:
        """The engine, its version and its settings, as a report prints them."""
        return {"engine": type(self).__name__}

    def stop(self) -> None:  # noqa: B027 - not every engine holds something
        """Ends the session and removes what it left on disk."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()


def step_name(name: str, number: int) -> str:
    """A name that any engine takes for a table or a folder.

    >>> step_name("2023 : délivrances", 4)
    '_2023___d_livrances_4'
    """
    plain = re.sub("[^a-z0-9_]", "_", name.lower())
    return f"{'_' if plain[:1].isdigit() else ''}{plain}_{number}"
