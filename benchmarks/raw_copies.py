"""Ten copies of a folder of raw SNDS tables, the persons, bills and stays of each told apart.

Pseudonyms are written with other digits (one digit of sixteen for another), orders of bills and
numbers of stays are moved by more than there are. Referentials stand once.
"""

import shutil
import sys
from pathlib import Path

import duckdb

from benchmarks.measured import told

COPIES, APART = 10, 100_000_000
DIGITS = "0123456789ABCDEF"
REFERENTIALS = ("BE_IDE_R", "IR_PHA_R")
PSEUDONYMS = ("BEN_NIR_PSA", "BEN_IDT_ANO", "BEN_NIR_ANO", "NIR_ANO_17", "DCD_IDT_ENC")
NUMBERS = ("DCT_ORD_NUM", "RSA_NUM", "SEQ_NUM", "SEJ_NUM")


def moved(name: str, kind: str, copy: int) -> str:
    """The column of one copy, under its name and type."""
    if name in PSEUDONYMS:
        turned = DIGITS[copy:] + DIGITS[:copy]
        return f"translate({name}, '{DIGITS}', '{turned}') AS {name}"
    further = f"{name}::BIGINT + {copy * APART}"
    if kind == "VARCHAR":
        return f"lpad(({further})::VARCHAR, length({name})::INT, '0') AS {name}"
    return f"({further})::{kind} AS {name}"


def copied(con: duckdb.DuckDBPyConnection, file: Path, folder: Path) -> int:
    """Writes the copies of a file; how many."""
    columns = con.execute(f"DESCRIBE SELECT * FROM '{file}'").fetchall()
    told_apart = [(name, kind) for name, kind, *_ in columns if name in (*PSEUDONYMS, *NUMBERS)]
    folder.mkdir(parents=True, exist_ok=True)
    if not told_apart:
        shutil.copy(file, folder)
        return 1
    for copy in range(COPIES):
        changes = ", ".join(moved(name, kind, copy) for name, kind in told_apart)
        con.execute(
            f"COPY (SELECT * REPLACE ({changes}) FROM '{file}') "
            f"TO '{folder / file.stem}-{copy}.parquet' (COMPRESSION zstd)"
        )
    return COPIES


if __name__ == "__main__":
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    connection = duckdb.connect(config={"preserve_insertion_order": "true"})
    written = 0
    for table in sorted(path for path in source.iterdir() if path.is_dir()):
        if table.name in REFERENTIALS:
            shutil.copytree(table, target / table.name)
        elif table.name != "truth":
            files = sorted(table.glob("*.parquet"))
            written += sum(copied(connection, file, target / table.name) for file in files)
    told(written)
