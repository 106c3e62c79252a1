"""The floor of reading raw town drugs: the columns needed, and nothing else."""

import duckdb

from benchmarks.measured import told
from benchmarks.raw_sql import FINE, KEYS, PRESTATION, files

con = duckdb.connect()
for table, columns in (("ER_PRS_F", PRESTATION), ("ER_PHA_F", FINE)):
    read = ", ".join(f'max("{column}")' for column in (*KEYS, *columns))
    found = con.execute(f"SELECT count(*), {read} FROM read_parquet({files(table)})").fetchall()
told(found[0][0])
