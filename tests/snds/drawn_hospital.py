"""Raw hospital tables drawn by hand: the columns of interest are given, the others are ordinary."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
from snds.hospital_cases import part

from studylib.sources import Engine
from studylib.sources.snds import layout
from studylib.sources.snds.findings import Findings
from studylib.sources.snds.hospital import open_stays
from studylib.sources.snds.hospital_quality import (
    check_departments,
    note_definitions,
    set_aside,
)
from studylib.sources.snds.raw import Raw

ORDINARY: dict[str, object] = {
    "DGN_PAL": "I500",
    "GRG_GHM": "05M091",
    "GHS_NUM": "1753",
    "ENT_MOD": "8",
    "SOR_MOD": "8",
    "BDI_DEP": "75",
    "TYP_GEN_RSA": 0,
    "SOR_MOI": "06",
    "VALO": "1",
    "ACV_ACT": "1",
    "ENT_DAT_DEL": 0,
    "SOC_RAI": "CH FICTIF",
    "STA_ETA": "DGF",
    "REG_ETA": "BRETAGNE",
    "COE_TAU": 1.0,
    "FRACT_COE": 1.0,
}
TYPES = {
    "text": "string",
    "day": "datetime64[us]",
    "integer": "Int64",
    "number": "float64",
}
STAY_TABLES = ("B", "C", "VALO", "E", "D")


class Drawn:
    """A folder of raw tables and the reading of what was drawn in it."""

    def __init__(self, folder: Path, engine: Engine, persons: dict[str, int]) -> None:
        self.folder, self.engine = folder, engine
        self.identities = engine.load(
            pd.DataFrame({"psa": list(persons), "person_id": list(persons.values())}), "identities"
        )
        self.findings = Findings(engine, folder / "events")

    def write(self, table: str, year: int, rows: list[dict[str, object]]) -> None:
        """Writes a yearly table, ``B`` for T_MCOaaB, its other columns being ordinary."""
        declared = layout.table(f"T_MCOaa{table}")
        columns = [column for column in declared.columns if column.collected_in(year)]
        if not columns:
            return  # not collected yet
        frame = pd.DataFrame(
            {
                column.name: pd.Series(
                    [self._value(column, row, year) for row in rows], dtype=TYPES[column.kind]
                )
                for column in columns
            }
        )
        folder = self.folder / "raw" / f"T_MCO{year % 100:02d}{table}"
        folder.mkdir(parents=True, exist_ok=True)
        frame.to_parquet(folder / "0.parquet", index=False)

    @staticmethod
    def _value(column: layout.RawColumn, row: dict[str, object], year: int) -> object:
        default = ORDINARY.get(column.name)
        if column.name.endswith("_RET"):
            default = "0"
        elif column.name == "SOR_ANN":
            default = year
        elif default is None:
            default = {"text": None, "day": None, "integer": 0, "number": 0.0}[column.kind]
        value = row.get(column.name, default)
        if column.kind == "day":
            return pd.NaT if value is None else pd.Timestamp(str(value))
        return None if value is None else str(value) if column.kind == "text" else value

    def stay(self, year: int, *stays: dict[str, object], without: tuple[str, ...] = ()) -> None:
        """Writes the tables of stays of one year; each row may give columns of any of them."""
        full = [
            {"ETA_NUM": "350000014", "MNT_GHS_AM": 1000.0, "NIR_ANO_17": "PSA1", **stay}
            for stay in stays
        ]
        for table in STAY_TABLES:
            if table not in without:
                once = {str(row["ETA_NUM"]): row for row in full}
                senders = list(once.values())
                written = {"E": senders, "D": []}.get(table, full)
                self.write(table, year, written)

    def read(self, table: str) -> pd.DataFrame:
        """An event table, in the order of its persons and days."""
        opened = open_stays(Raw("essai", self.folder / "raw", self.engine), self.identities)
        if table in ("stays", "unlinked_stays"):
            set_aside(opened.raw, opened.base, self.findings)
            note_definitions(opened.raw, self.findings)
            check_departments(opened.raw, opened.kept, self.findings)
        frame = self.engine.collect(part(opened, self.identities, self.findings, table))
        order = [name for name in ("start", "code", "ucd7", "stay_id") if name in frame]
        return frame.sort_values(order, ignore_index=True)

    def rejected(self) -> dict[tuple[str, str], int]:
        """Lines set aside by table and reason, those that occur."""
        table = self.findings.table("rejected")
        found = table[table["lines"] > 0]
        return dict(
            zip(zip(found["table"], found["reason"], strict=True), found["lines"], strict=True)
        )


def day(text: str) -> int:
    """Days since 1970-01-01 of a date."""
    return (date.fromisoformat(text) - date(1970, 1, 1)).days
