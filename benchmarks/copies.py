"""Ten copies of a folder of event tables, the persons and stays of each told apart."""

import sys
from pathlib import Path

import duckdb

from benchmarks.measured import told
from studylib.sources.schemas import EVENT_TABLES

source, target, persons = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
COPIES, STAYS = 10, 1 << 48
KEYS = {"person_id": persons, "stay_id": STAYS}
con = duckdb.connect(config={"preserve_insertion_order": "true"})
written = 0
for table in EVENT_TABLES:
    for file in sorted((source / table).glob("*.parquet")):
        columns = con.execute(f"DESCRIBE SELECT * FROM '{file}'").fetchall()
        shifted = [name for name, *_ in columns if name in KEYS]
        for copy in range(COPIES if shifted else 1):
            place = target / table / f"{file.stem}-{copy}.parquet"
            place.parent.mkdir(parents=True, exist_ok=True)
            moved = ", ".join(f"{name} + {copy * KEYS[name]} AS {name}" for name in shifted)
            replaced = f"SELECT * REPLACE ({moved})" if shifted else "SELECT *"
            con.execute(f"COPY ({replaced} FROM '{file}') TO '{place}' (COMPRESSION zstd)")
            written += 1
told(written)
