"""Episodes of every drug of every person in hand-written DuckDB SQL."""

import sys

import duckdb

from benchmarks.measured import told

con = duckdb.connect(config={"preserve_insertion_order": "false"})
con.execute(f"""
CREATE TEMP TABLE daily AS
    SELECT person_id, atc, start, sum("end" - start)::BIGINT AS days
    FROM '{sys.argv[1]}/dispensings/*.parquet' GROUP BY ALL
""")
found = con.execute("""
WITH ends AS (
    SELECT *, max(start + days) OVER w AS until FROM daily
    WINDOW w AS (PARTITION BY person_id, atc ORDER BY start)),
broken AS (
    SELECT *, CASE WHEN start - lag(until) OVER w > 30 THEN 1 ELSE 0 END AS break FROM ends
    WINDOW w AS (PARTITION BY person_id, atc ORDER BY start)),
numbered AS (
    SELECT *, sum(break) OVER (PARTITION BY person_id, atc ORDER BY start) AS number FROM broken),
spans AS (
    SELECT min(start) AS start, max(until) AS "end" FROM numbered
    GROUP BY person_id, atc, number)
SELECT count(*), sum("end" - start)::BIGINT FROM spans
""").fetchall()[0]
told(tuple(int(value) for value in found))
