"""What a run is made from, as hashes: the same key means the same result.

The page template is kept apart: when it alone changed, the page is rendered again without
executing anything.
"""

from __future__ import annotations

import functools
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import studylib
from studylib import project
from studylib.requests import STUDIES, Scope, StudyRequest
from studylib.runs import data, hashing, notebooks

LOCK_FILE = "requirements.lock"
_PACKAGE = Path(studylib.__file__).resolve().parent
_TEMPLATE = ("report/page", "report/template")
_NOT_IN_RESULTS = ("cli", "runs", *_TEMPLATE)
_SUFFIXES = (".py", ".csv", ".yaml", ".json", ".j2", ".css")

CHANGES: Mapping[str, str] = {
    "parameters": "la demande ou ses paramètres ont changé",
    "notebook": "le notebook a changé",
    "library": "la bibliothèque studylib a changé",
    "data": "les données ont changé",
    "codelists": "les listes de codes ont changé",
    "lock": "les versions des dépendances ont changé",
    "python": "la version de Python a changé",
}


def notebook_file(study: str) -> Path:
    """The notebook of a study type, in the project."""
    return project.root() / Path(STUDIES[study].notebook)


def components(request: StudyRequest[Any], scope: Scope) -> dict[str, str]:
    """One hash for each thing a run of ``scope`` is made from; the keys are those of CHANGES."""
    lock = project.root() / LOCK_FILE
    return {
        "parameters": hashing.of_value({"scope": scope.name, "request": request.resolved()}),
        "notebook": notebooks.source_sha256(notebooks.read(notebook_file(request.study))),
        "library": library_sha256(),
        "data": data.identity(request),
        "codelists": hashing.of_value(codelists(request)),
        "lock": hashing.of_file(lock) if lock.is_file() else "",
        "python": ".".join(platform.python_version_tuple()[:2]),
    }


def key(parts: Mapping[str, str]) -> str:
    """The staleness key over components."""
    return hashing.of_value(dict(parts))


def changed(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """What changed between two sets of components, in words.

    >>> changed({"notebook": "a", "lock": "b"}, {"notebook": "c", "lock": "b"})
    ('le notebook a changé',)
    """
    differing = [name for name in now if before.get(name) != now[name]]
    return tuple(CHANGES.get(name, f"« {name} » a changé") for name in differing)


def codelists(request: StudyRequest[Any]) -> dict[str, Any]:
    """Name, version and content hash of each code list the request's parameters use."""
    used = getattr(request.parameters, "codelists", None)
    found: Iterable[Any] = used() if callable(used) else ()
    return {
        each.name: {
            "system": each.system,
            "version": str(each.version),
            "sha256": hashing.of_value(list(each.codes)),
        }
        for each in found
    }


@functools.cache
def library_sha256() -> str:
    """The hash of the part of studylib that results depend on."""
    files = [file for file in _package_files() if not _is_in(file, _NOT_IN_RESULTS)]
    return hashing.of_files(files, _PACKAGE)


@functools.cache
def template_sha256() -> str:
    """The hash of what turns an executed notebook into a page."""
    files = [file for file in _package_files() if _is_in(file, (*_TEMPLATE, "runs/render.py"))]
    return hashing.of_files(files, _PACKAGE)


def _package_files() -> list[Path]:
    return [file for file in _PACKAGE.rglob("*") if file.suffix in _SUFFIXES and file.is_file()]


def _is_in(file: Path, places: Iterable[str]) -> bool:
    relative = file.relative_to(_PACKAGE).as_posix()
    return any(relative == place or relative.startswith(f"{place}/") for place in places)
