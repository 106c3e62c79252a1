"""Episodes of every drug of every person, through the library. Result: episodes, covered days."""

import sys
from pathlib import Path

import narwhals as nw

from benchmarks.measured import told
from studylib.cohort.exposure.episodes import covered
from studylib.cohort.supply import summed
from studylib.sources.event_folder import open_folder

source = open_folder("simulated", Path(sys.argv[1]))
lines = source.table("dispensings").select(
    "person_id",
    nw.col("atc").alias("arm"),
    "start",
    (nw.col("end") - nw.col("start")).alias("days"),
)
days = summed(source.engine, lines)
spans = covered(source.engine, days, grace_days=30, carry_over=False)
totals = source.engine.collect(
    spans.select(
        nw.len().alias("episodes"),
        (nw.col("end") - nw.col("start")).sum().cast(nw.Int64()).alias("days"),
    )
)
told(tuple(int(value) for value in totals.iloc[0]))
