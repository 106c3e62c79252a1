"""The published site: whole folders that appear by rename, and an index made of them alone.

``outputs/site/<request>/<run>/`` holds a report, its tables and ``manifest.json``. Nothing
temporary is ever written inside ``outputs/site``.
"""

from __future__ import annotations

import dataclasses
import json
import os
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studylib import project
from studylib.report import french, page
from studylib.runs import atomic
from studylib.runs.record import REPORT, TABLES, RunRecord

INDEX = "index.html"
_MANIFEST = "manifest.json"
_SCHEMA = 1


@dataclass(frozen=True)
class Entry:
    """A published report, as the index lists it. Links are relative to the index.

    ``superseded_by`` is the run that replaces it, empty for the version in force.
    """

    request: str
    title: str
    kind: str
    study: str
    scope: str
    scope_label: str
    period: str
    run: str
    date: str
    source: str
    extracted: str
    synthetic: bool
    commit: str
    report: str
    tables: str = ""
    superseded_by: str = ""
    late_days: int = 0
    schema: int = _SCHEMA


def folder() -> Path:
    """The site's folder."""
    return project.outputs() / "site"


def index() -> Path:
    """The site's first page."""
    return folder() / INDEX


def place_of(record: RunRecord) -> Path:
    """Where the report of a run is published."""
    return folder() / record.request / record.run


def add(record: RunRecord, run_folder: Path, html: str, kind: str) -> None:
    """Publish a page with the run's masked tables; a page already there is replaced by rename."""
    place = place_of(record)
    entry = _entry(record, run_folder, kind)
    manifest = json.dumps(dataclasses.asdict(entry), ensure_ascii=False, indent=1)
    if place.is_dir():
        atomic.replace_text_from(place / REPORT, html, project.outputs())
        atomic.replace_text_from(place / _MANIFEST, manifest, project.outputs())
        return
    workshop = project.outputs() / f".site-{record.run}-{secrets.token_hex(4)}.part"
    workshop.mkdir(parents=True)
    (workshop / REPORT).write_text(html, encoding="utf-8")
    (workshop / _MANIFEST).write_text(manifest, encoding="utf-8")
    if entry.tables:
        shutil.copytree(run_folder / TABLES, workshop / TABLES)
        shutil.make_archive(str(workshop / TABLES), "zip", workshop, TABLES)
    place.parent.mkdir(parents=True, exist_ok=True)
    os.rename(workshop, place)


def withdraw(record: RunRecord, notice: str, kind: str) -> None:
    """Leave only a notice where a version was: its page and its tables are gone from the site."""
    place = place_of(record)
    entry = dataclasses.replace(_entry(record, place, kind), tables="")
    manifest = json.dumps(dataclasses.asdict(entry), ensure_ascii=False, indent=1)
    atomic.replace_text_from(place / REPORT, notice, project.outputs())
    atomic.replace_text_from(place / _MANIFEST, manifest, project.outputs())
    shutil.rmtree(place / TABLES, ignore_errors=True)
    (place / f"{TABLES}.zip").unlink(missing_ok=True)


def entries() -> list[Entry]:
    """What is published, from the manifests alone: by request, scope, then latest first."""
    found = []
    for manifest in folder().glob(f"*/*/{_MANIFEST}"):
        entry = _read(manifest)
        if entry is not None and (manifest.parent / REPORT).is_file():
            found.append(entry)
    found.sort(key=lambda entry: (entry.date, entry.run), reverse=True)
    found.sort(key=lambda entry: (entry.request, entry.scope == "ensemble", entry.scope))
    in_force: dict[tuple[str, str], str] = {}
    return [_marked(entry, in_force) for entry in found]


def write_index() -> Path:
    """Rebuild the index from what is published; its path comes back."""
    folder().mkdir(parents=True, exist_ok=True)
    atomic.replace_text_from(index(), page.index(_lines(entries())), project.outputs())
    return index()


def _lines(published: Sequence[Entry]) -> list[dict[str, Any]]:
    """The lines of the index: versions in force, each with those it replaces."""
    return [
        {
            "request": entry.request,
            "title": entry.title,
            "kind": entry.kind,
            "region": entry.scope_label,
            "period": entry.period,
            "date": entry.date,
            "status": f"publié, {french.plural(entry.late_days, 'jour')} de retard"
            if entry.late_days
            else "publié",
            "href": entry.report,
            "tables": entry.tables,
            "synthetic": entry.synthetic,
            "superseded": [
                {"date": old.date, "href": old.report}
                for old in published
                if old.superseded_by == entry.run
            ],
        }
        for entry in published
        if not entry.superseded_by
    ]


def remove_leftovers() -> None:
    """Remove what killed processes left beside the site. To be called under the site's lock."""
    for left in project.outputs().glob(".*.part"):
        if left.is_dir():
            atomic.remove_folder(left)
        else:
            left.unlink(missing_ok=True)


def _entry(record: RunRecord, run_folder: Path, kind: str) -> Entry:
    base = f"{record.request}/{record.run}"
    has_tables = any((run_folder / TABLES).glob("*.csv"))
    return Entry(
        request=record.request,
        title=record.title,
        kind=kind,
        study=record.study,
        scope=record.scope,
        scope_label=record.scope_label,
        period=record.period,
        run=record.run,
        date=record.start,
        source=str(record.data.get("source", "")),
        extracted=str(record.data.get("extracted", "")),
        synthetic=record.synthetic,
        late_days=record.late_days,
        commit=str(record.code.get("commit", ""))[:10],
        report=f"{base}/{REPORT}",
        tables=f"{base}/{TABLES}.zip" if has_tables else "",
    )


def _read(manifest: Path) -> Entry | None:
    try:
        fields = json.loads(manifest.read_text(encoding="utf-8"))
        if fields.get("schema") != _SCHEMA:
            return None
        return Entry(**fields)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _marked(entry: Entry, in_force: dict[tuple[str, str], str]) -> Entry:
    """The entry, saying which run replaces it; entries come latest first within a scope."""
    latest = in_force.setdefault((entry.request, entry.scope), entry.run)
    return dataclasses.replace(entry, superseded_by="" if latest == entry.run else latest)
