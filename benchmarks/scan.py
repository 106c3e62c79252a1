"""The floor: reading the columns the cohort needs, and nothing else."""

import sys

import duckdb

from benchmarks.measured import told

con = duckdb.connect()
found = con.execute(
    f"""SELECT (SELECT sum(person_id) + sum(start) + sum("end") + sum(length(atc)) + sum(cost)
        FROM '{sys.argv[1]}/dispensings/*.parquet'),
        (SELECT sum(person_id) + sum(start) + sum("end") + sum(length(code))
        FROM '{sys.argv[1]}/diagnoses/*.parquet')"""
).fetchall()
told(found)
