"""Spark, for data that already live in a cluster. No Python runs on the workers."""

from __future__ import annotations

import getpass
import os
import re
import shutil
import uuid
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import narwhals as nw
import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from studylib.errors import DataMissing, StudyError
from studylib.sources.engine import faults
from studylib.sources.engine.base import Engine, Frame, step_name
from studylib.sources.engine.scratch import open_scratch
from studylib.sources.engine.settings import EngineSettings
from studylib.sources.engine.spark_files import Folder, not_shared
from studylib.sources.engine.spark_session import (
    close_session,
    master_of,
    open_session,
    wait_for_executors,
)

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_GLOB = re.compile(r"([\[\]{}*?\\])")


class SparkEngine(Engine):
    """An open Spark session.

    A checkpoint is a Parquet folder in shared storage, so that a worker lost later takes nothing
    with it; a worker lost while one is written has its tasks done again by another.
    """

    def __init__(self, settings: EngineSettings, session: SparkSession, folder: Folder) -> None:
        self.settings = settings
        self.session = session
        self._folder = folder
        self._numbers = count()
        self._kept: weakref.WeakKeyDictionary[DataFrame, str] = weakref.WeakKeyDictionary()

    @classmethod
    def start(cls, settings: EngineSettings | None = None) -> SparkEngine:
        """A new session on the cluster that the settings name.

        StudyError when Spark is not installed, the cluster does not answer or gives no executor,
        or the folder of checkpoints is not shared by its machines.
        """
        chosen = settings or EngineSettings(kind="spark")
        session = open_session(chosen)
        engine = cls(chosen, session, _folder(chosen, session))
        try:
            with engine._told("start"):
                wait_for_executors(session, chosen)
                engine._folder.probe()
        except BaseException:
            engine.stop()
            raise
        return engine

    def read_parquet(self, files: Sequence[Path]) -> Frame:
        """A lazy frame over Parquet files of one same layout; DataMissing names the odd one.

        Files whose columns have other types are read apart and take the types of the first.
        """
        faults.check_files(files)
        alike: list[tuple[pa.Schema, list[Path]]] = []
        for file in files:
            schema = parquet.read_schema(file).remove_metadata()
            known = next((paths for other, paths in alike if other.equals(schema)), None)
            if known is None:
                alike.append((schema, [file]))
            else:
                known.append(file)
        with self._told("read_parquet"):
            parts = [self._read(paths) for _, paths in alike]
            whole = parts[0]
            for part in parts[1:]:
                whole = whole.unionByName(_typed_as(part, parts[0]))
        return _lazy(whole)

    def load(self, frame: pd.DataFrame, name: str) -> Frame:
        """A lazy frame over a copy of a pandas table (small tables, tests).

        Types are those DuckDB gives to pandas columns, so that both engines agree on them.
        """
        table = duckdb.from_df(frame).to_arrow_table()
        return _lazy(_without_void(self.session.createDataFrame(table)))

    def checkpoint(self, frame: Frame, name: str) -> Frame:
        """``frame`` computed once, kept as a Parquet folder and read back from there."""
        plan = _without_void(frame.to_native())
        with self._told(name):
            step = self._fresh(name)
            written = self._folder.write(plan, step)
            kept = self.session.read.schema(plan.schema).parquet(_literal(written))
        self._kept[kept] = step
        return _lazy(kept)

    def write_parquet(self, frame: Frame, file: Path, *, sort_by: Sequence[str] = ()) -> int:
        """Writes ``frame`` to one Parquet file (zstd), sorted; number of rows written.

        One worker holds the whole table while it sorts it, on disk if need be.
        """
        plan = _without_void(frame.to_native()).repartition(1)
        if sort_by:
            plan = plan.sortWithinPartitions(*[plan[name].asc_nulls_last() for name in sort_by])
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f".{file.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        try:
            with self._told(file.name):
                Folder(self.session, _address(file.parent)).write(plan, part.name)
            found = sorted(part.glob("part-*.parquet"))
            if not found:
                raise not_shared(str(file.parent))
            os.replace(found[0], file)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        return int(parquet.read_metadata(file).num_rows)

    def collect(self, frame: Frame) -> pd.DataFrame:
        """``frame`` as pandas, with the types that DuckDB gives."""
        with self._told("collect"):
            table = frame.to_native().toArrow()
        with duckdb.connect() as connection:
            collected: pd.DataFrame = connection.from_arrow(table).df()
        return collected

    def release(self, frame: Frame) -> None:
        """Removes the files of a checkpoint that nothing will read again."""
        step = self._kept.pop(frame.to_native(), None)
        if step is not None:
            self._folder.remove(step)

    def describe(self) -> dict[str, str]:
        """The engine, its version, the kind of cluster and the settings that count."""
        conf = self.session.conf
        return {
            "engine": f"Spark {self.session.version}",
            "master": master_of(self.settings).split("://")[0],
            "executor_memory": str(conf.get("spark.executor.memory", "1g")),
            "shuffle_partitions": str(conf.get("spark.sql.shuffle.partitions")),
            "time_zone": str(conf.get("spark.sql.session.timeZone")),
        }

    def stop(self) -> None:
        """Removes the checkpoints and ends the session; its frames can be read no more."""
        self._folder.remove()
        close_session(self.session)

    def _read(self, files: Sequence[Path]) -> DataFrame:
        places = [_literal(_address(file)) for file in files]
        read: DataFrame = self.session.read.parquet(*places)
        return read

    def _fresh(self, name: str) -> str:
        return step_name(name, next(self._numbers))

    @contextmanager
    def _told(self, step: str) -> Iterator[None]:
        """Spark's complaints about disk, memory and files as one sentence; others go through."""
        try:
            yield
        except (StudyError, KeyboardInterrupt):
            raise
        except Exception as error:
            told = self._sentence(str(error), step)
            if told is None:
                raise
            raise told from error

    def _sentence(self, message: str, step: str) -> StudyError | None:
        if faults.is_corrupt(message):
            return faults.corrupt(message, step)
        if faults.is_full(message):
            return faults.disk_full(Path(self._folder.location.removeprefix("file://")), step)
        if faults.is_unwritable(message):
            return faults.unwritable(Path(self._folder.location.removeprefix("file://")))
        if faults.is_memory(message):
            granted = self.settings.memory_gb or 1.0
            more = "en accorder davantage par memory_gb, dans les réglages « engine » de la source"
            return faults.out_of_memory(granted, step, more)
        if "FileNotFoundException" in message or "PATH_NOT_FOUND" in message:
            return DataMissing(
                f"Moteur Spark, « {step} » : un fichier de la source n'est pas vu par toutes les "
                "machines du cluster ; placer les données dans un stockage partagé."
            )
        return None


def _lazy(frame: DataFrame) -> Frame:
    lazy: Frame = nw.from_native(frame)
    return lazy


def _folder(settings: EngineSettings, session: SparkSession) -> Folder:
    """Where checkpoints go: a folder of its own, in the one given or in a usual place."""
    given = settings.temp_folder
    if given is not None and "://" in str(given):
        name = f"studylib-{getpass.getuser()}-{uuid.uuid4().hex[:12]}"
        folder = Folder(session, f"{str(given).rstrip('/')}/{name}")
        folder.make()
        return folder
    scratch = open_scratch(Path(given) if given else None)
    weakref.finalize(session, scratch.remove)
    return Folder(session, _address(scratch.path))


def _address(path: Path) -> str:
    """A mounted path as Hadoop writes it: left bare, it could mean the cluster's own storage."""
    return f"file://{path.resolve()}"


def _literal(location: str) -> str:
    """A location in which no character stands for others."""
    return _GLOB.sub(r"\\\1", location)


def _typed_as(frame: DataFrame, model: DataFrame) -> DataFrame:
    """``frame`` with the column types of ``model``."""
    from pyspark.sql import functions

    return frame.select(
        *[functions.col(f"`{field.name}`").cast(field.dataType) for field in model.schema.fields]
    )


def _without_void(frame: DataFrame) -> DataFrame:
    """Columns of nothing but nulls as integers, as DuckDB types them; Parquet has no void."""
    from pyspark.sql import functions, types

    void: Any = types.NullType
    names = [field.name for field in frame.schema.fields if isinstance(field.dataType, void)]
    return frame.withColumns({name: functions.lit(None).cast("int") for name in names})
