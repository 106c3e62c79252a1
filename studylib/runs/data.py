"""Which data a run reads: what the staleness key and ``run.json`` say of it.

Files are hashed once; the hash is kept as long as size and date of the file stay the same. What a
notebook truly read may be told by the source in ``data.json`` of the run folder.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from studylib import project, sources
from studylib.requests import STUDIES, StudyRequest
from studylib.runs import atomic, hashing
from studylib.sources.open_data import datasets, locate

OPEN_DATA = "open_data"
_HASHES = ".hashes.json"


def identity(request: StudyRequest[Any]) -> str:
    """A hash that changes when the data a request reads change.

    A source of persons has a fingerprint of its own; open data, one hash per file.
    """
    return hashing.of_value(
        {
            "source": request.source,
            "fingerprint": _fingerprint(request),
            "files": _open_files() if _reads_open_data(request) else {},
            **_given_files(request),
        }
    )


def read(request: StudyRequest[Any], run_folder: Path | None = None) -> dict[str, Any]:
    """What is known of the data a run read: source, synthetic or not, files and their hashes."""
    known: dict[str, Any] = {
        "source": request.source,
        "synthetic": sources.is_synthetic(request.source),
    }
    if _reads_open_data(request):
        known["files"] = _open_files()
    known |= _given_files(request)
    if fingerprint := _fingerprint(request):
        known["fingerprint"] = fingerprint
    if run_folder is None:
        return known
    try:
        told = json.loads((run_folder / sources.RUN_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return known
    return {**known, **told} if isinstance(told, dict) else known


def _fingerprint(request: StudyRequest[Any]) -> str:
    """The fingerprint of a source of persons; empty for one that this site does not know."""
    return sources.fingerprint(request.source) if request.source in sources.names() else ""


def _given_files(request: StudyRequest[Any]) -> dict[str, dict[str, str]]:
    """Hash of each file that the request itself names, by name; nothing when it names none."""
    named = getattr(request.parameters, "files", None)
    files = named() if callable(named) else ()
    return {"given": {file.name: hashing.of_file(file) for file in files}} if files else {}


def _reads_open_data(request: StudyRequest[Any]) -> bool:
    return OPEN_DATA in (request.source, *STUDIES[request.study].sources)


def _open_files() -> dict[str, str]:
    """Hash of each open data file present, by name."""
    files = [file for entry in datasets() for file in locate.files_of(entry)]
    cache_file = project.outputs() / _HASHES
    known = _known_hashes(cache_file)
    current = {str(file): _remembered(file, known.get(str(file))) for file in files}
    if current != known:
        cache_file.parent.mkdir(parents=True, exist_ok=True)
        atomic.replace_text(cache_file, json.dumps(current))
    return {Path(name).name: str(sha256) for name, (_, _, sha256) in sorted(current.items())}


def _remembered(file: Path, known: list[Any] | None) -> list[Any]:
    state = file.stat()
    if known and known[:2] == [state.st_size, state.st_mtime_ns]:
        return known
    return [state.st_size, state.st_mtime_ns, hashing.of_file(file)]


def _known_hashes(cache_file: Path) -> dict[str, list[Any]]:
    try:
        known = json.loads(cache_file.read_text(encoding="utf-8"))
        return {name: list(each) for name, each in known.items() if len(each) == 3}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}
