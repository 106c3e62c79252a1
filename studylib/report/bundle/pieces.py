"""The tables a bundle may hold, and how a table is written in one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from studylib.risk.gates import GATES
from studylib.risk.schemas import PROFILES
from studylib.tables import BALANCE, ESTIMATES, Column, Table

FORMAT = "studylib-bundle"
VERSION = 1
CONTENTS: Mapping[str, Table] = {
    "profiles": PROFILES,
    "estimates": ESTIMATES,
    "incidence": ESTIMATES,
    "balance": BALANCE,
    "gates": GATES,
}
"""Name of each table a bundle may hold, and its contract: no other column is ever written."""

SITES = Table(
    "sites",
    (
        Column("site", "text", "the observatory's region"),
        Column("run", "text", "the run it comes from"),
        Column("bundle", "text", "hash of the bundle, shortened"),
        Column("studylib", "text", "version of the library"),
        Column("data", "text", "fingerprint of the data, shortened"),
        Column("profiles", "text", "comparisons with a likelihood profile"),
        Column("withheld", "text", "what is not in the bundle, and why"),
    ),
    key=("site",),
)

_DECIMALS = 6  # of a profile: what lies beyond is noise of the fit
_FIGURES = 4  # as tables of a report are rounded: more would give counts back


def packed(frame: pd.DataFrame, schema: Table) -> dict[str, Any]:
    """A table as columns and rows, declared columns only, numbers rounded as they may be shown."""
    rows = [
        [_cell(value, column, schema) for value, column in zip(row, schema.columns, strict=True)]
        for row in frame[schema.names].itertuples(index=False, name=None)
    ]
    return {"columns": schema.names, "rows": rows}


def unpacked(table: Mapping[str, Any], schema: Table) -> pd.DataFrame:
    """The table back, with the kinds its contract declares; rows with a hidden count keep it."""
    frame = pd.DataFrame(table["rows"], columns=list(table["columns"]))
    frame = frame.reindex(columns=schema.names)  # one younger than the bundle is missing
    for column in schema.columns:
        if column.kind == "number":
            frame[column.name] = pd.to_numeric(frame[column.name]).astype(float)
        elif column.kind == "integer":
            frame[column.name] = pd.to_numeric(frame[column.name]).astype("Int64")
        else:
            frame[column.name] = frame[column.name].astype(object)
    return frame


def _cell(value: Any, column: Column, schema: Table) -> Any:
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    if column.kind == "text":
        return str(value)
    if column.kind == "integer":
        return int(value)
    number = float(value)
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    if schema is PROFILES or number == 0:
        return round(number, _DECIMALS)
    if column.name == "person_years":
        return float(round(number))
    return round(number, _FIGURES - 1 - math.floor(math.log10(abs(number))))
