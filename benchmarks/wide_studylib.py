"""Sparse covariates, 200,000 persons by 10,000 codes, through the library."""

import sys
from pathlib import Path

import narwhals as nw
import pandas as pd

from benchmarks.measured import told
from benchmarks.records import INDEX, PERSONS
from studylib import cohort
from studylib.sources import Engine, Source

engine = Engine.start()
people = pd.DataFrame({"person_id": range(PERSONS), "index_date": INDEX, "arm": "A"})
tables = {
    "dispensings": engine.read_parquet([Path(sys.argv[1]) / "records.parquet"]),
    "persons": engine.load(people, "persons"),
}
source = Source("records", engine, tables, (INDEX - 365, INDEX + 1), ("11",), "", True)
flow = pd.DataFrame({"step": ["all"], "persons": [PERSONS], "excluded": [0]})
users = cohort.Cohort(source, tables["persons"].select(nw.all()), flow, {})
wide = cohort.wide_covariates(users, levels={"ATC": (7,)}, minimum_persons=1, counts="records")
told((*wide.matrix.shape, wide.matrix.nnz, int(wide.matrix.sum())))
