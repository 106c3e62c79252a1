"""Which code, which versions, which machine kind: the part of ``run.json`` about how."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import studylib
from studylib import project
from studylib.runs import hashing
from studylib.runs.kernel import Share
from studylib.runs.staleness import LOCK_FILE

_DIRECT = ("duckdb", "lifelines", "narwhals", "numpy", "pandas", "papermill", "scipy")


@dataclass(frozen=True)
class Commit:
    """The state of the project's repository; empty outside one.

    ``difference`` is the hash of what differs from the commit, empty when nothing does.
    """

    sha: str = ""
    dirty: bool = False
    difference: str = ""

    def __str__(self) -> str:
        """The commit as shown."""
        if not self.sha:
            return "hors dépôt git" if not self.dirty else "aucun commit"
        return self.sha[:10] + (" avec modifications locales" if self.dirty else "")


def commit(root: Path | None = None) -> Commit:
    """The commit the project is at, and whether files differ from it."""
    folder = root or project.root()
    status = _git(folder, "status", "--porcelain")
    if status is None:
        return Commit()
    sha = _git(folder, "rev-parse", "--verify", "HEAD") or ""
    if not status.strip():
        return Commit(sha.strip())
    difference = _git(folder, "diff", "HEAD") or ""
    return Commit(sha.strip(), True, hashing.of_text(status + difference))


def environment(share: Share) -> dict[str, Any]:
    """Versions and settings a result may depend on; no name of user or machine."""
    lock = project.root() / LOCK_FILE
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "threads": share.threads,
        "memory_gb": share.memory_gb,
        "time_zone": time.strftime("%z"),
        "lock_sha256": hashing.of_file(lock) if lock.is_file() else "",
        "versions": {name: _version(name) for name in _DIRECT},
    }


def code(notebook: Path, notebook_sha256: str, library_sha256: str) -> dict[str, Any]:
    """Notebook, library and commit a run is made with."""
    state = commit()
    return {
        "notebook": relative(notebook),
        "notebook_sha256": notebook_sha256,
        "studylib": studylib.__version__,
        "library_sha256": library_sha256,
        "commit": state.sha,
        "dirty": state.dirty,
        "difference_sha256": state.difference,
    }


def relative(file: Path) -> str:
    """A path as the project knows it; only the name of a file that lies elsewhere."""
    try:
        return file.resolve().relative_to(project.root()).as_posix()
    except ValueError:
        return file.name


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _git(folder: Path, *command: str) -> str | None:
    settings = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *command],
            capture_output=True,
            text=True,
            errors="replace",
            env=settings,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
