"""The same sparse covariates in hand-written DuckDB SQL, put into a matrix by scipy."""

import sys

import duckdb
from scipy import sparse

from benchmarks.measured import told
from benchmarks.records import INDEX, PERSONS

con = duckdb.connect(config={"preserve_insertion_order": "false"})
con.execute(f"""
CREATE TEMP TABLE cells AS
    SELECT person_id, atc, count(*)::INT AS records FROM '{sys.argv[1]}/records.parquet'
    WHERE start >= {INDEX} - 365 AND start < {INDEX} GROUP BY ALL;
CREATE TEMP TABLE codes AS
    SELECT atc, row_number() OVER (ORDER BY atc) - 1 AS place FROM (SELECT DISTINCT atc FROM cells)
""")
cells = con.execute(
    "SELECT person_id, place, records FROM cells JOIN codes USING (atc)"
).fetchnumpy()
width = con.execute("SELECT count(*) FROM codes").fetchall()[0][0]
matrix = sparse.csr_matrix(
    (cells["records"], (cells["person_id"], cells["place"])), shape=(PERSONS, width)
)
told((*matrix.shape, matrix.nnz, int(matrix.sum())))
