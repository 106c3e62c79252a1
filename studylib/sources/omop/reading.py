"""Reading a CDM once into a folder of event tables, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path

from studylib import project
from studylib.sources import integrity
from studylib.sources.engine import Engine
from studylib.sources.made_once import made_once
from studylib.sources.omop import files, layout
from studylib.sources.omop.assembly import event_tables
from studylib.sources.omop.findings import Findings
from studylib.sources.omop.raw import Cdm
from studylib.sources.omop.settings import Settings

VERSION = 1  # of the reading: event folders made by an earlier one are made again
_SORTED = {
    "unlinked_stays": ("stay_id",),
    "dispensings": ("atc", "person_id", "start"),
    "concepts": ("code", "person_id", "start"),
    "concept_codes": ("system", "code", "concept"),
    "establishments": ("code",),
    "persons": ("person_id",),
}


def event_folder_of(
    name: str,
    location: Path,
    *,
    engine: Engine | None = None,
    region: str | None = None,
    settings: Settings | None = None,
) -> Path:
    """The folder of event tables of the CDM in ``location``, made first when it is not there.

    ``region`` is short for ``Settings(region=…)``. DataMissing when a table is absent or
    unreadable, TableError when a column, a type or a version does not hold. The folder appears by
    rename once whole.
    """
    chosen = settings or Settings(region=region)
    mark = fingerprint(location, settings=chosen)
    folder = project.writable_data() / "events" / f"omop-{mark[:16]}"

    def make(part: Path) -> None:
        files.require(
            name,
            files.locate(name, location),
            layout.required_tables(chosen.drugs, chosen.conditions),
        )
        with tempfile.TemporaryDirectory(prefix=".csv-", dir=part.parent) as scratch:
            _make(name, location, part, Path(scratch), chosen, engine, mark)

    return made_once(folder, make)


def fingerprint(
    location: Path, *, region: str | None = None, settings: Settings | None = None
) -> str:
    """What identifies the event tables: the CDM's files, the settings, the version of the reading.

    DataMissing when the folder is absent.
    """
    chosen = settings or Settings(region=region)
    found = files.locate(location.name, location)
    exported = [file for each in found.values() for file in each if file.suffix.lower() == ".csv"]
    content = {
        "reading": VERSION,
        "settings": chosen.written(),
        "parquet": integrity.fingerprint(location),
        "csv": [[file.name.lower(), integrity.hash_of(file)] for file in sorted(exported)],
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _make(
    name: str,
    location: Path,
    folder: Path,
    scratch: Path,
    settings: Settings,
    engine: Engine | None,
    mark: str,
) -> None:
    chosen = engine or Engine.start()
    try:
        cdm = Cdm.open(name, location, chosen, scratch)
        findings = Findings(chosen)
        tables = event_tables(cdm, findings, settings)
        rows = {
            table: chosen.write_parquet(
                frame,
                folder / table / "0000.parquet",
                sort_by=_SORTED.get(table, ("person_id", "start")),
            )
            for table, frame in tables.items()
        }
        findings.write(folder)
    finally:
        if engine is None:
            chosen.stop()
    manifest = {
        "kind": "omop",
        "files": integrity.contents(folder),
        "settings": settings.written(),
        "fingerprint": mark,
        "rows": rows,
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=1)
    (folder / "manifest.json").write_text(text, encoding="utf-8")
