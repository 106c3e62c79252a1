"""Whether a folder still holds what its manifest says, and what identifies its data.

Hashing gigabytes at each opening would cost more than the study: a file's hash is kept with its
size and its time of writing, and computed again when either of them changes.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from studylib import project
from studylib.errors import DataMissing

_HASHES, _FOUND = ".hashes.json", ".found.json"


def contents(folder: Path) -> dict[str, str]:
    """The hash (sha256) of each Parquet file of the folder, by its path within it."""
    found = sorted(folder.rglob("*.parquet"))
    return {path.relative_to(folder).as_posix(): hash_of(path) for path in found}


def hash_of(path: Path) -> str:
    """The sha256 of one file, read whole."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def altered(folder: Path) -> list[str]:
    """Files that are no longer what the folder's manifest says; empty without a manifest."""
    declared = manifest(folder).get("files")
    if declared is None:
        return []
    found = _remembered_contents(folder)
    return sorted(
        path for path in declared.keys() | found.keys() if declared.get(path) != found.get(path)
    )


def changed(folder: Path, declared: Mapping[str, str]) -> list[str]:
    """Files whose hash is not, or no longer, the one declared; those absent too."""
    found = _remembered_contents(folder)
    return sorted(path for path, mark in declared.items() if found.get(path) != mark)


def check_integrity(name: str, folder: Path) -> None:
    """DataMissing when a file is absent, added or changed since the folder was made."""
    wrong = altered(folder)
    if wrong:
        raise DataMissing(
            f"Source « {name} » : {', '.join(wrong[:3])} absent, ajouté ou modifié depuis que le "
            f"dossier {folder.name} a été constitué ; le constituer à nouveau."
        )


def fingerprint(folder: Path) -> str:
    """What identifies the folder's data: its manifest's declaration, or a hash of its files."""
    declared = manifest(folder).get("fingerprint")
    if declared:
        return str(declared)
    listed = json.dumps(_remembered_contents(folder), sort_keys=True)
    return hashlib.sha256(listed.encode()).hexdigest()


def manifest(folder: Path) -> dict[str, Any]:
    """The folder's ``manifest.json``; empty when there is none."""
    path = folder / "manifest.json"
    if not path.exists():
        return {}
    declared: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return declared


def found_once(folder: Path, look: Callable[[], dict[str, Any]], *, by: str) -> dict[str, Any]:
    """What ``look`` finds in the folder's data, looked for once for one state of its files.

    ``by`` identifies the way of looking: another one looks again. What ``look`` gives must survive
    JSON; what it raises is raised each time.
    """
    whole = str(folder.resolve())
    state = json.dumps([by, _remembered_contents(folder)], sort_keys=True)
    mark = hashlib.sha256(state.encode()).hexdigest()
    known = _known(_FOUND).get(whole, {})
    if known.get("mark") == mark:
        return dict(known["found"])
    found = look()
    _remember(_FOUND, whole, {"mark": mark, "found": found})
    return found


def _remembered_contents(folder: Path) -> dict[str, str]:
    """As ``contents``, each file hashed anew only when its size or time of writing changed."""
    whole = folder.resolve()
    known = _known(_HASHES).get(str(whole), {})
    current = {}
    for path in sorted(whole.rglob("*.parquet")):
        name, state = path.relative_to(whole).as_posix(), path.stat()
        seen = [state.st_size, state.st_mtime_ns]
        kept = known.get(name)
        current[name] = kept if kept and kept[:2] == seen else [*seen, hash_of(path)]
    if current != known:
        _remember(_HASHES, str(whole), current)
    return {name: str(kept[2]) for name, kept in current.items()}


def _known(kept_in: str) -> dict[str, Mapping[str, Any]]:
    try:
        known = json.loads((project.writable_data() / kept_in).read_text(encoding="utf-8"))
        return known if isinstance(known, dict) else {}
    except (OSError, ValueError):
        return {}


def _remember(kept_in: str, folder: str, current: Mapping[str, Any]) -> None:
    """Keeps it for the folder; a place that cannot be written to only means looking again."""
    place = project.writable_data()
    with suppress(OSError):
        place.mkdir(parents=True, exist_ok=True)
        known = {name: kept for name, kept in _known(kept_in).items() if Path(name).is_dir()}
        descriptor, part = tempfile.mkstemp(prefix=".part-", dir=place)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({**known, folder: current}, file)
        os.replace(part, place / kept_in)
