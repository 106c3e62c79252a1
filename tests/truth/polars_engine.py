"""Polars as an engine, for tests: the same cohort code over a third implementation."""

import narwhals as nw
import polars as pl

from studylib.sources.engine import Engine, EngineSettings


class PolarsEngine(Engine):
    def __init__(self):
        self.settings = EngineSettings()

    def read_parquet(self, files):
        return nw.from_native(pl.scan_parquet(files))

    def load(self, frame, name):
        return nw.from_native(pl.from_pandas(frame).lazy())

    def checkpoint(self, frame, name):
        return nw.from_native(frame.to_native().collect().lazy())

    def write_parquet(self, frame, file, *, sort_by=()):
        table = frame.to_native().collect()
        (table.sort(sort_by) if sort_by else table).write_parquet(file)
        return len(table)

    def collect(self, frame):
        return frame.to_native().collect().to_pandas()
