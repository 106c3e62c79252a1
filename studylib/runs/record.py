"""``run.json``: everything that went into and came out of a run, and the truth about it.

Written « en cours » when the run starts, with the process that does it, and replaced whole at the
end. An « en cours » whose process is gone was interrupted.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from studylib import project
from studylib.runs.atomic import replace_text

SCHEMA_VERSION = 1
RUNNING = "en cours"
GOOD = "réussi"
FAILED = "échec"
INTERRUPTED = "interrompu"
NO_DATA = "données absentes"

FILE = "run.json"
NOTEBOOK = "executed.ipynb"
REPORT = "report.html"
ERROR_PAGE = "error.html"
LOG = "run.log"
RESULTS = "results"
TABLES = "tables"


@dataclass(frozen=True)
class Failure:
    """Why a run is not good: where in the notebook, what was raised, the lines around it."""

    kind: str
    message: str
    notebook: str = ""
    cell: int | None = None
    section: str = ""
    exception: str = ""
    source: tuple[str, ...] = ()


@dataclass(frozen=True)
class Artefact:
    """A file of a run. ``sensible`` ones never leave; ``diffusable`` ones passed the gate."""

    path: str
    sha256: str
    bytes: int
    kind: str


@dataclass(frozen=True)
class GateOutcome:
    """A rule of the publication gate, and whether the report keeps it."""

    rule: str
    passed: bool
    detail: str = ""


@dataclass(frozen=True)
class RunRecord:
    """One run of one notebook for one request and one scope. No personal value, no absolute path.

    ``key`` and ``components`` say what the run was made from; ``obstacles`` why it may not be
    published; ``process`` is the process that carries the run out, with its start time since a
    process number is used again.
    """

    run: str
    request: str
    title: str
    scope: str
    scope_label: str
    period: str
    regions: tuple[str, ...]
    study: str
    status: str
    start: str
    key: str
    components: Mapping[str, str]
    process: Mapping[str, float]
    end: str = ""
    seconds: float = 0.0
    sections: Mapping[str, float] = field(default_factory=dict)
    predecessor: str = ""
    failure: Failure | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    code: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    references: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    artefacts: tuple[Artefact, ...] = ()
    gate: tuple[GateOutcome, ...] = ()
    obstacles: tuple[str, ...] = ()
    threshold: int = 11
    late_days: int = 0
    template_sha256: str = ""
    schema: int = SCHEMA_VERSION

    @property
    def good(self) -> bool:
        """Whether the run may be shown as a result."""
        return self.status == GOOD

    @property
    def refusals(self) -> tuple[str, ...]:
        """Why the report may not be published: obstacles of the request, then rules broken."""
        broken = (f"{each.rule} : {each.detail}" for each in self.gate if not each.passed)
        return (*self.obstacles, *broken)

    @property
    def synthetic(self) -> bool:
        """Whether the data are simulated."""
        return bool(self.data.get("synthetic"))

    def replace(self, **changes: Any) -> RunRecord:
        """The same record with some fields changed."""
        return dataclasses.replace(self, **changes)


def this_process() -> dict[str, float]:
    """The present process, recognisable later even when its number has been used again."""
    return {"pid": os.getpid(), "started": psutil.Process().create_time()}


def is_alive(process: Mapping[str, float]) -> bool:
    """Whether the process of a record still exists."""
    try:
        found = psutil.Process(int(process["pid"]))
        return bool(abs(found.create_time() - process["started"]) < 1.0)
    except (psutil.NoSuchProcess, KeyError, ValueError):
        return False
    except psutil.AccessDenied:
        return True


def write(record: RunRecord, folder: Path) -> None:
    """Write ``run.json`` in ``folder``, whole or not at all."""
    text = json.dumps(dataclasses.asdict(record), ensure_ascii=False, indent=1)
    replace_text(folder / FILE, text + "\n")


def read(folder: Path) -> RunRecord | None:
    """The record of the run in ``folder``; None when there is none that this version can read.

    « En cours » with no living process comes back as « interrompu ».
    """
    try:
        fields = json.loads((folder / FILE).read_text(encoding="utf-8"))
        if fields.get("schema") != SCHEMA_VERSION:
            return None
        record = _typed(fields)
    except (OSError, ValueError, TypeError, KeyError):
        return None
    if record.status == RUNNING and not is_alive(record.process):
        return record.replace(status=INTERRUPTED)
    return record


def _typed(fields: dict[str, Any]) -> RunRecord:
    failure = fields.get("failure")
    if failure:
        failure = Failure(**{**failure, "source": tuple(failure["source"])})
    return RunRecord(
        **{
            **fields,
            "regions": tuple(fields["regions"]),
            "failure": failure,
            "artefacts": tuple(Artefact(**each) for each in fields["artefacts"]),
            "gate": tuple(GateOutcome(**each) for each in fields["gate"]),
            "obstacles": tuple(fields["obstacles"]),
        }
    )


def runs_folder(request: str) -> Path:
    """Where the runs of a request are."""
    return project.outputs() / request


def folder_of(record: RunRecord) -> Path:
    """The folder of a finished run."""
    return runs_folder(record.request) / record.run


def history(request: str, scope: str) -> list[RunRecord]:
    """The runs of one scope of a request, latest first, unfinished ones included."""
    found = [record for record in _records(request) if record.scope == scope]
    return sorted(found, key=lambda record: (record.start, record.run), reverse=True)


def _records(request: str) -> Iterator[RunRecord]:
    folder = runs_folder(request)
    if folder.is_dir():
        for child in folder.iterdir():
            record = read(child) if child.is_dir() else None
            if record is None or record.request != request:
                continue
            unfinished = child.name.startswith(".") and record.status != RUNNING
            yield record.replace(status=INTERRUPTED) if unfinished else record
