"""A small world recorded with chosen traps, and what its reading is compared with."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd

from studylib.sources import Engine
from studylib.sources.engine import Frame
from studylib.sources.simulated.generation import create_world
from studylib.sources.simulated.settings import Settings
from studylib.sources.snds.findings import Findings
from studylib.sources.snds.finess import read_establishments
from studylib.sources.snds.hospital import (
    OpenedStays,
    open_stays,
    read_diagnoses,
    read_procedures,
    read_stays,
    read_unlinked_stays,
)
from studylib.sources.snds.hospital_drugs import read_hospital_drugs
from studylib.sources.snds.liste_en_sus import ListeEnSus
from studylib.sources.snds.raw import Raw
from studylib.sources.snds.simulation import traps
from studylib.sources.snds.simulation.hospital import write_hospital
from studylib.sources.snds.simulation.identities import create_identities

SETTINGS = Settings(
    persons=3_000, first_year=2017, last_year=2018, regions=("11", "84", "94", "01"), seed=11
)
STAY = ["person_id", "start", "end", "ghm", "cost", "establishment", "emergency", "died"]
DIAGNOSIS = ["person_id", "start", "end", "code", "position"]
DRUG = ["person_id", "start", "ucd7", "quantity", "cost", "establishment"]
COLUMNS = {
    "stays": [*STAY, "department"],
    "unlinked_stays": [*STAY[1:], "department"],
    "diagnoses": DIAGNOSIS,
    "procedures": ["person_id", "code", "start"],
    "hospital_drugs": DRUG,
}


def part(opened: OpenedStays, identities: Frame, findings: Findings, table: str) -> Frame:
    """One event table, without the others: readings are many and each costs."""
    if table == "stays":
        return read_stays(opened)
    if table == "unlinked_stays":
        return read_unlinked_stays(opened)
    if table == "diagnoses":
        return read_diagnoses(opened, findings)
    if table == "procedures":
        return read_procedures(opened, findings)
    if table == "establishments":
        return read_establishments(opened.raw, findings, opened.senders)
    read = read_hospital_drugs(
        opened.raw, opened.base, identities, opened.sent, findings, ListeEnSus.shipped()
    )
    assert read is not None
    return read


class World:
    """The persons of some settings; ``recorded`` writes them with the traps named."""

    def __init__(self, settings: Settings, folder: Path, engine: Engine) -> None:
        self.settings, self.folder, self.engine = settings, folder, engine
        self.connection = duckdb.connect(config={"threads": 1})
        self.made: dict[tuple[str, ...], Recorded] = {}
        create_world(self.connection, settings, 0, settings.persons)
        create_identities(self.connection, settings, traps.nothing())

    def recorded(self, *keys: str) -> Recorded:
        """The raw tables with the traps of those keys and no other."""
        if keys not in self.made:
            folder = self.folder / ("-".join(keys) or "none")
            write_hospital(self.connection, self.settings, traps.only(keys), folder, 0)
            self.made[keys] = Recorded(folder, self.engine)
        return self.made[keys]


class Recorded:
    """Raw tables, the reading of each event table, and the truth in the same columns."""

    def __init__(self, folder: Path, engine: Engine) -> None:
        self.folder, self.engine = folder, engine
        self.raw = Raw("essai", folder, engine)
        self._opened: OpenedStays | None = None
        known = self._truth("stay").groupby("psa", as_index=False)["id"].min()
        self.identities = engine.load(
            known.rename(columns={"id": "person_id"}).astype({"psa": "object"}), "identities"
        )

    def findings(self) -> Findings:
        """A collector for one reading."""
        return Findings(self.engine, self.folder.parent / f"{self.folder.name}-events")

    def opened(self, *, again: bool = False) -> OpenedStays:
        """The stays with their rules applied; ``again`` applies them anew, for a mutated rule."""
        if again:
            return open_stays(self.raw, self.identities)
        if self._opened is None:
            self._opened = open_stays(self.raw, self.identities)
        return self._opened

    def read(self, table: str, *, again: bool = False) -> list[tuple[object, ...]]:
        """Rows of an event table, in the columns of ``true``."""
        opened = self.opened(again=again)
        frame = part(opened, self.identities, self.findings(), table)
        return rows(self.engine.collect(frame), COLUMNS[table])

    def true(self, table: str) -> list[tuple[object, ...]]:
        """What happened, in the columns of ``read``."""
        stays = self._truth("stay").rename(columns={"id": "person_id"})
        linked = stays[stays["linked"]]
        named = linked[["stay", "person_id", "start", "end"]]
        if table == "stays":
            return rows(linked, COLUMNS[table])
        if table == "unlinked_stays":
            return rows(stays[~stays["linked"]], COLUMNS[table])
        if table == "diagnoses":
            return rows(self._truth("diagnosis").merge(named, on="stay"), DIAGNOSIS)
        if table == "procedures":
            acts = self._truth("procedure").merge(named[["stay", "person_id"]], on="stay")
            return rows(acts, COLUMNS[table])
        drugs = self._truth("hospital_drug").rename(
            columns={"id": "person_id", "day": "start", "amount": "cost"}
        )
        return rows(drugs.assign(person_id=drugs["person_id"].where(drugs["linked"])), DRUG)

    def _truth(self, name: str) -> pd.DataFrame:
        return pd.read_parquet(self.folder / "truth" / name)


def rows(frame: pd.DataFrame, columns: list[str]) -> list[tuple[object, ...]]:
    """Sorted rows, amounts to the cent; a missing person is -1."""
    shown = frame[columns].copy()
    for name in ("cost", "quantity"):
        if name in shown:
            shown[name] = shown[name].round(2)
    if "person_id" in shown:
        shown["person_id"] = shown["person_id"].fillna(-1).astype("int64")
    return sorted(shown.itertuples(index=False, name=None))
