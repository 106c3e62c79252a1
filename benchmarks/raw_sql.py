"""Raw town drugs netted by hand-written DuckDB SQL: boxes and euros by person, pack and day.

The careful version: nine keys, every filter of the SNDS documentation, lines of a dispensing added
up over all flows, persons by their certified number. Result: rows, persons, boxes, cents.
"""

import sys
from pathlib import Path

import duckdb

from benchmarks.measured import told

KEYS = (
    "FLX_DIS_DTD", "FLX_TRT_DTD", "FLX_EMT_TYP", "FLX_EMT_NUM", "FLX_EMT_ORD", "ORG_CLE_NUM",
    "DCT_ORD_NUM", "PRS_ORD_NUM", "REM_TYP_AFF",
)  # fmt: skip
PRESTATION = (
    "BEN_NIR_PSA", "BEN_RNG_GEM", "EXE_SOI_DTD", "PRE_PRE_DTD", "PFS_PRE_NUM", "PFS_EXE_NUM",
    "ETB_PRE_FIN", "RGO_REM_TAU", "DPN_QLF", "PRS_DPN_QLP", "CPL_MAJ_TOP",
)  # fmt: skip
FINE = (
    "PHA_PRS_C13", "PHA_ACT_QSN", "PHA_ACT_PRU", "PHA_DEC_TOP", "PHA_DEC_QSU", "PHA_DEC_PRU",
)  # fmt: skip


def files(table: str) -> list[str]:
    """Files of the table, archives and live part."""
    folder = Path(sys.argv[1])
    return [str(file) for file in sorted(folder.glob(f"{table}*/**/*.parquet"))]


def netted(con: duckdb.DuckDBPyConnection) -> None:
    """Table ``dispensing``: person, day, cip13, boxes, cents, establishment."""
    same = " AND ".join(f"p.{key} = h.{key}" for key in KEYS)
    told_apart = " AND ".join(f"p.{key} = e.{key}" for key in KEYS)
    con.execute(f"""
        CREATE TEMP TABLE person AS
        SELECT BEN_NIR_PSA, BEN_RNG_GEM, max(BEN_NIR_ANO) AS person
        FROM read_parquet({files("IR_BEN_R") + files("IR_BEN_R_ARC")}) GROUP BY ALL
        HAVING max(BEN_NIR_ANO) IS NOT NULL AND count(DISTINCT BEN_NIR_ANO) = 1;
        CREATE TEMP TABLE dispensing AS
        SELECT i.person, p.EXE_SOI_DTD::DATE AS day, h.PHA_PRS_C13 AS cip13,
            p.ETB_PRE_FIN AS establishment,
            sum(CASE WHEN h.PHA_DEC_TOP = 'D' THEN sign(h.PHA_DEC_QSU)
                ELSE h.PHA_ACT_QSN END) AS boxes,
            sum(CASE WHEN h.PHA_DEC_TOP = 'D' THEN h.PHA_DEC_QSU * h.PHA_DEC_PRU
                ELSE h.PHA_ACT_QSN * h.PHA_ACT_PRU END * p.RGO_REM_TAU) AS cents
        FROM read_parquet({files("ER_PRS_F")}) AS p
        JOIN read_parquet({files("ER_PHA_F")}) AS h ON {same}
        LEFT JOIN (SELECT * FROM read_parquet({files("ER_ETE_F")}) WHERE ETE_IND_TAA = 1) AS e
            ON {told_apart}
        JOIN person AS i USING (BEN_NIR_PSA, BEN_RNG_GEM)
        WHERE p.DPN_QLF IS DISTINCT FROM 71 AND p.PRS_DPN_QLP IS DISTINCT FROM 71
            AND p.CPL_MAJ_TOP < 2 AND e.FLX_DIS_DTD IS NULL
        GROUP BY i.person, day, cip13, p.ETB_PRE_FIN, p.PRE_PRE_DTD, p.PFS_PRE_NUM, p.PFS_EXE_NUM
        HAVING boxes > 0
    """)


if __name__ == "__main__":
    connection = duckdb.connect(config={"preserve_insertion_order": "false"})
    netted(connection)
    told(connection.execute("SELECT count(*), sum(boxes) FROM dispensing").fetchall()[0])
