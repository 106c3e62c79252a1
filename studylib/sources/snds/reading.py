"""Reading raw tables once into a folder of event tables, whole or not at all.

The reading goes by steps (town, conditions, hospital). A step that is done leaves its tables and
what it found; an interrupted reading goes on from there. The folder takes its name once whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from studylib import project, referentials
from studylib.sources import integrity
from studylib.sources.engine import Engine, Frame
from studylib.sources.made_once import made_once
from studylib.sources.schemas import EVENT_TABLES
from studylib.sources.snds import assembly, damaged, layout
from studylib.sources.snds.calendar import Period, period, within_hospital_years
from studylib.sources.snds.filled import check_filled
from studylib.sources.snds.findings import Findings
from studylib.sources.snds.landed import check_landed
from studylib.sources.snds.naming import check_folder
from studylib.sources.snds.presence import check_presence
from studylib.sources.snds.raw import Raw
from studylib.sources.snds.remarks import note_absent_columns, note_remarks

STEPS: Mapping[str, Callable[[assembly.Reading], dict[str, Frame]]] = {
    "town": assembly.town,
    "conditions": assembly.conditions,
    "hospital": assembly.hospital,
}
_SORTED = {
    "dispensings": ("atc", "person_id", "start"),
    "persons": ("person_id",),
    "establishments": ("code",),
}
_CODE = Path(__file__).parent
_MARKS = ".steps"


def fingerprint(
    location: Path, *, cut_off: date | None = None, flow_lag_months: int | None = None
) -> str:
    """What identifies the event tables: raw files, period, referentials and the code that reads.

    DataMissing when the folder is absent.
    """
    check_folder("snds", location)
    period_asked = f"{cut_off}/{flow_lag_months}"
    digest = hashlib.sha256(f"{integrity.fingerprint(location)}/{period_asked}".encode())
    for path in sorted([*_CODE.glob("*.py"), *_CODE.glob("*/*.csv")]):
        digest.update(path.read_bytes())
    digest.update(json.dumps(list(referentials.versions("liste_en_sus")["sha256"])).encode())
    return digest.hexdigest()


def event_folder_of(
    name: str,
    location: Path,
    *,
    engine: Engine | None = None,
    cut_off: date | None = None,
    flow_lag_months: int | None = None,
) -> Path:
    """The folder of event tables of the raw tables in ``location``, made first if not there.

    ``name`` is the source's, for messages; ``cut_off`` the last day of care that counts (by
    default, that of the last month seen through ``flow_lag_months`` months of flow, six unless
    told). DataMissing when a table or a year is absent or a file unreadable, TableError when a
    column or a type is not right.
    """
    mark = fingerprint(location, cut_off=cut_off, flow_lag_months=flow_lag_months)
    folder = project.writable_data() / "events" / f"snds-{mark[:16]}"

    def make(part: Path) -> None:
        read(
            name,
            location,
            part,
            engine=engine,
            cut_off=cut_off,
            flow_lag_months=flow_lag_months,
            mark=mark,
        )

    return made_once(folder, make, goes_on=True)


def read(
    name: str,
    location: Path,
    folder: Path,
    *,
    engine: Engine | None = None,
    cut_off: date | None = None,
    flow_lag_months: int | None = None,
    mark: str = "",
) -> None:
    """Reads the raw tables of ``location`` into ``folder``; steps already done there are kept."""
    chosen = engine or Engine.start()
    raw = Raw(name, location, chosen)
    try:
        with damaged.named(raw):
            opened = Findings(chosen, folder)
            check_tables(raw, opened)
            seen = period(raw, cut_off=cut_off, lag_months=flow_lag_months)
            seen = within_hospital_years(raw, seen, opened)
            findings = Findings(chosen, folder)
            _run(raw, folder, findings, seen)
            findings.add(opened.rows())
            note_remarks(findings)
            findings.write()
    finally:
        if engine is None:
            chosen.stop()
    shutil.rmtree(folder / _MARKS, ignore_errors=True)
    manifest = _manifest(folder, seen, cut_off, mark)
    text = json.dumps(manifest, ensure_ascii=False, indent=1)
    (folder / "manifest.json").write_text(text, encoding="utf-8")


def check_tables(raw: Raw, findings: Findings) -> None:
    """Everything that files and columns tell before a line is read; absences go to ``findings``.

    DataMissing or TableError, the first that is found.
    """
    check_landed(raw, findings)
    for table in layout.tables():
        if raw.has(table):
            raw.table(table, archive=True)  # names, types and years of its columns
    check_filled(raw)
    check_presence(raw, findings)
    note_absent_columns(raw, findings)
    findings.coding(raw.codings())


def _run(raw: Raw, folder: Path, findings: Findings, seen: Period) -> None:
    """Each step in turn; what it found is kept beside its tables until all are done."""
    reading = assembly.Reading(raw, seen, findings)
    done: list[dict[str, Any]] = []
    for step, work in STEPS.items():
        mark = folder / _MARKS / f"{step}.json"
        if not mark.exists():
            findings.begin(step)
            for table, frame in work(reading).items():
                if table in EVENT_TABLES:
                    write(raw.engine, table, frame, folder / table / f"{step}.parquet")
            mark.parent.mkdir(parents=True, exist_ok=True)
            part = mark.with_suffix(".part")
            part.write_text(json.dumps(findings.rows()), encoding="utf-8")
            os.replace(part, mark)
        done.append(json.loads(mark.read_text(encoding="utf-8")))
    findings.begin("all")
    for rows in done:
        findings.add(rows)


def write(engine: Engine, table: str, frame: Frame, file: Path) -> int:
    """Writes an event table, sorted, as ``file``, which appears once whole; number of rows."""
    names = engine.columns(frame)
    order = [name for name in _SORTED.get(table, ("person_id", "start", "code")) if name in names]
    part = file.with_name(f".{file.name}.part")
    rows = engine.write_parquet(frame, part, sort_by=order)
    os.replace(part, file)
    return rows


def _manifest(folder: Path, seen: Period, cut_off: date | None, mark: str) -> dict[str, Any]:
    return {
        "kind": "snds",
        "files": integrity.contents(folder),
        "fingerprint": mark,
        "cut_off": None if cut_off is None else cut_off.isoformat(),
        "days": [seen.start, seen.end],
        "complete_to": seen.complete_to,
        "flows": [seen.first_flow.isoformat(), seen.last_flow.isoformat()],
    }
