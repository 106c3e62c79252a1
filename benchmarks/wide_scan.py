"""The floor of sparse covariates: the columns needed, and nothing else."""

import sys

import duckdb

from benchmarks.measured import told

records = f"'{sys.argv[1]}/records.parquet'"
found = duckdb.connect().execute(
    f'SELECT sum(person_id) + sum(start) + sum("end") + sum(length(atc)) FROM {records}'
)
told(found.fetchall()[0][0])
