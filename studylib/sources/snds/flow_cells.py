"""How many lines of a table of flows came in each month and lie in each archive, counted once."""

from __future__ import annotations

import narwhals as nw
import pandas as pd

from studylib.sources.snds.raw import Raw


def flow_cells(raw: Raw, table: str) -> pd.DataFrame:
    """One row per month of flow and archive: FLX_DIS_DTD (day), ARCHIVE (0 for none), lines."""
    if table not in raw.flow_cells:
        lines = raw.table(table, ["FLX_DIS_DTD"], archive=True)
        counts = lines.group_by("FLX_DIS_DTD", "ARCHIVE").agg(
            nw.len().cast(nw.Int64()).alias("lines")
        )
        found = raw.engine.collect(counts)
        raw.flow_cells[table] = found.sort_values(["FLX_DIS_DTD", "lines", "ARCHIVE"])
    return raw.flow_cells[table]
