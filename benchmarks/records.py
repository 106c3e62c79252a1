"""Fourteen million records of ten thousand codes for 200,000 persons, as Parquet."""

import sys
from pathlib import Path

import duckdb

from benchmarks.measured import told

PERSONS, CODES, RECORDS, INDEX = 200_000, 10_000, 14_000_000, 18_365

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    share = f"pow((hash(i * 7) % 1000000) / 1e6, 2) * {CODES}"
    duckdb.connect().execute(f"""
        COPY (SELECT (hash(i) % {PERSONS})::BIGINT AS person_id,
            'B0' || lpad(floor({share})::INT::VARCHAR, 5, '0') AS atc,
            {INDEX} - 365 + (hash(i * 3) % 365)::BIGINT AS start, {INDEX}::BIGINT AS "end"
        FROM range({RECORDS}) AS t(i)) TO '{folder}/records.parquet' (COMPRESSION zstd)
    """)
    told(RECORDS)
