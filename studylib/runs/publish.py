"""From a good run to the site: what refuses publication, and what publication writes."""

from __future__ import annotations

from pathlib import Path

from studylib import project
from studylib.runs import (
    atomic,
    hashing,
    lock,
    notebooks,
    record,
    render,
    site,
    staleness,
    versions,
)
from studylib.runs.record import Artefact, RunRecord

_SENSITIVE, _OPEN = "sensible", "diffusable"


def finish(run: RunRecord, folder: Path) -> RunRecord:
    """Render the page of a good run in ``folder`` and judge it; the completed record comes back.

    The page is written even when publication is refused: the run is kept, with its banners.
    """
    made = render.report(run, notebooks.read(folder / record.NOTEBOOK), folder / record.TABLES)
    atomic.replace_text(folder / record.REPORT, made.html)
    judged = run.replace(gate=made.gate, template_sha256=staleness.template_sha256())
    return judged.replace(artefacts=artefacts(folder, publishable=not judged.refusals))


def artefacts(folder: Path, *, publishable: bool) -> tuple[Artefact, ...]:
    """The files of a run with their hashes; only the page and masked tables may ever leave."""
    found = []
    for file in sorted(folder.rglob("*")):
        path = file.relative_to(folder).as_posix()
        if not file.is_file() or path == record.FILE or file.name.startswith("."):
            continue
        may_leave = path == record.REPORT or path.startswith(f"{record.TABLES}/")
        kind = _OPEN if may_leave and publishable else _SENSITIVE
        found.append(Artefact(path, hashing.of_file(file), file.stat().st_size, kind))
    return tuple(found)


def render_again(run: RunRecord) -> RunRecord:
    """Make the page of a finished run anew, without executing; the new record is written."""
    folder = record.folder_of(run)
    with lock.on_scope(record.runs_folder(run.request), run.request, run.scope):
        finished = finish(run, folder)
        record.write(finished, folder)
    return finished


def publish(run: RunRecord, kind: str) -> bool:
    """Put a good run on the site and mark the versions it replaces; False when refused."""
    if not run.good or run.refusals:
        return False
    folder = record.folder_of(run)
    html = (folder / record.REPORT).read_text(encoding="utf-8")
    with lock.on_site(project.outputs()):
        site.remove_leftovers()
        if not _is_published(run, html):
            site.add(run, folder, html, kind)
        _mark_superseded(run.request, kind)
        site.write_index()
    return True


def rebuild() -> Path:
    """Rebuild the site's index and the marks of replaced versions; the index's path comes back."""
    with lock.on_site(project.outputs()):
        site.remove_leftovers()
        for request, kind in {(entry.request, entry.kind) for entry in site.entries()}:
            _mark_superseded(request, kind)
        return site.write_index()


def _is_published(run: RunRecord, html: str) -> bool:
    page = site.place_of(run) / record.REPORT
    return page.is_file() and page.read_text(encoding="utf-8") == html


def _mark_superseded(request: str, kind: str) -> None:
    """Write « Version remplacée par … » on the pages of replaced versions, once.

    A version that differs from the one in force by a few persons is withdrawn: a reader of both
    would learn who they are.
    """
    for entry in site.entries():
        if entry.request != request or not entry.superseded_by:
            continue
        folder = record.runs_folder(request) / entry.run
        old, page = record.read(folder), site.folder() / entry.report
        if old is None or entry.superseded_by in page.read_text(encoding="utf-8"):
            continue
        successor = record.runs_folder(request) / entry.superseded_by / record.TABLES
        if versions.tell_apart_few(folder / record.TABLES, successor, old.threshold):
            site.withdraw(old, versions.notice(old, entry.superseded_by), kind)
            continue
        notebook = notebooks.read(folder / record.NOTEBOOK)
        marked = render.report(
            old, notebook, folder / record.TABLES, superseded_by=entry.superseded_by
        )
        site.add(old, folder, marked.html, kind)
