"""Raw tables of the DCIR drawn by hand, as small as a case needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from studylib.sources.snds import layout

CIP = "3400930000014"
FLOW = date(2023, 4, 1)
_ARROW = {
    "text": pa.string(),
    "day": pa.date32(),
    "integer": pa.int64(),
    "number": pa.float64(),
}
_USUAL: Mapping[str, Any] = {
    "FLX_DIS_DTD": FLOW,
    "FLX_TRT_DTD": date(2023, 3, 20),
    "FLX_EMT_TYP": 12,
    "FLX_EMT_NUM": 1,
    "FLX_EMT_ORD": 1,
    "ORG_CLE_NUM": "010000001",
    "PRS_ORD_NUM": 1,
    "REM_TYP_AFF": 0,
    "BEN_RNG_GEM": 1,
    "BEN_RES_DPT": "069",
    "BEN_CDI_NIR": "00",
    "PRS_NAT_REF": 3313,
    "RGO_REM_TAU": 65.0,
    "CPL_MAJ_TOP": 0,
    "PFS_PRE_NUM": "691000001",
    "PFS_EXE_NUM": "692000001",
    "PHA_ORD_NUM": 1,
    "PHA_PRS_C13": CIP,
    "PHA_ACT_PRU": 10.0,
    "BEN_SEX_COD": 1,
    "BEN_NAI_ANN": 1950,
    "BEN_NAI_MOI": 6,
    "BEN_DCD_DTE": date(1600, 1, 1),
    "PHA_CIP_C13": CIP,
    "PHA_ATC_C07": "B01AF02",
    "PHA_UNT_NBR_DSES": "60",
    "PHA_GRD_CND": "N",
}


def write(folder: Path, table: str, rows: Sequence[Mapping[str, Any]], name: str = "") -> Path:
    """Writes rows of a raw table under its right types; others have their usual value."""
    declared = layout.table(table)
    columns = {
        column.name: [row.get(column.name, _USUAL.get(column.name)) for row in rows]
        for column in declared.columns
    }
    schema = pa.schema([(column.name, _ARROW[column.kind]) for column in declared.columns])
    target = folder / (name or table) / "0.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.table(columns, schema=schema), target)
    return target


def write_persons(folder: Path, *pseudonyms: str) -> None:
    """Certified persons, one for each pseudonym."""
    rows = [
        {"BEN_NIR_PSA": psa, "BEN_IDT_ANO": f"I{psa}", "BEN_NIR_ANO": f"I{psa}"}
        for psa in pseudonyms
    ]
    write(folder, "IR_BEN_R", rows)


def write_dispensings(folder: Path, lines: Sequence[Mapping[str, Any]]) -> None:
    """Lines of drugs: each with psa, day and boxes, and any raw column; one bill for each."""
    prestations, fine = [], []
    for number, line in enumerate(lines, start=1):
        given = {key: value for key, value in line.items() if key.isupper()}
        common = {"DCT_ORD_NUM": number, **given}
        boxes = float(line["boxes"])
        prestations.append(
            {
                "BEN_NIR_PSA": line["psa"],
                "EXE_SOI_DTD": line["day"],
                "PRE_PRE_DTD": line["day"],
                "PRS_ACT_QTE": boxes,
                "BSE_REM_MNT": 6.5 * boxes,
                **common,
            }
        )
        fine.append({"PHA_ACT_QSN": boxes, **common})
    write(folder, "ER_PRS_F", prestations)
    write(folder, "ER_PHA_F", fine)
    write(folder, "IR_PHA_R", [{}])


def months(first: date, last: date) -> Iterator[date]:
    """First days of the months from one to the other, both included."""
    for month in pd.date_range(first, last, freq="MS"):
        yield month.date()
