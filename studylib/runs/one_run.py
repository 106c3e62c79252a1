"""One run from start to finish, in a hidden folder that takes its name when all is written."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from studylib import project
from studylib.report import french
from studylib.requests import STUDIES, StudyRequest
from studylib.runs import (
    atomic,
    data,
    hashing,
    kernel,
    lock,
    notebooks,
    provenance,
    publish,
    record,
    render,
    siblings,
    staleness,
    status,
)
from studylib.runs.execute import SectionHook, Session, execute
from studylib.runs.plan import PlannedRun
from studylib.runs.record import Failure, RunRecord


@dataclass(frozen=True)
class Conditions:
    """What a run may use: its share of the machine and the seconds it may last."""

    share: kernel.Share
    timeout: float | None = None


def carry_out(
    item: PlannedRun,
    conditions: Conditions,
    on_section: SectionHook,
    on_session: Callable[[Session], None],
) -> RunRecord:
    """Execute one scope of a request and write its run folder; its final record comes back.

    ``on_session`` receives the session, through which another thread may stop the kernel. Raises
    ``AlreadyRunningError`` when another process has this scope.
    """
    request, scope = item.request.id, item.scope.name
    folder = record.runs_folder(request)
    folder.mkdir(parents=True, exist_ok=True)
    with lock.on_scope(folder, request, scope):
        _remove_leftovers(folder, scope)
        begun = _begun(item, conditions)
        work = folder / f".{begun.run}.part"
        work.mkdir()
        record.write(begun, work)
        clock = time.monotonic()
        with (work / record.LOG).open("a", encoding="utf-8") as log:
            session = Session(work, log, conditions.share, on_section)
            if conditions.timeout is not None:
                session.deadline = clock + conditions.timeout
            on_session(session)
            ended = _executed(item, begun, session)
        for scratch in work.glob(".*"):  # where the engine spills what memory cannot hold
            atomic.remove_folder(scratch)
        ended = ended.replace(end=_now(), seconds=round(time.monotonic() - clock, 2))
        record.write(_judged(ended, work), work)
        os.rename(work, folder / begun.run)
    finished = record.read(folder / begun.run)
    assert finished is not None
    return finished


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="milliseconds")


def _remove_leftovers(folder: Path, scope: str) -> None:
    """Remove unfinished folders of this scope: under its lock, their process is dead."""
    for left in folder.glob(f".{scope}-*.part"):
        atomic.remove_folder(left)


def _begun(item: PlannedRun, conditions: Conditions) -> RunRecord:
    request, scope = item.request, item.scope
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    resolved = request.resolved()
    return RunRecord(
        run=f"{scope.name}-{stamp}-{secrets.token_hex(2)}",
        request=request.id,
        title=request.title,
        scope=scope.name,
        scope_label=item.scope_label,
        period=period(request),
        regions=tuple(scope.regions),
        study=request.study,
        status=record.RUNNING,
        start=_now(),
        key=item.key,
        components=dict(item.components),
        process=record.this_process(),
        predecessor=item.previous.run if item.previous else "",
        parameters={
            "resolved": resolved,
            "sha256": hashing.of_value(resolved),
            "file": provenance.relative(request.file),
            "file_sha256": request.file_sha256,
            "overrides": dict(item.overrides),
        },
        code=provenance.code(
            staleness.notebook_file(request.study),
            item.components["notebook"],
            item.components["library"],
        ),
        data=data.read(request),
        references=staleness.codelists(request),
        environment=provenance.environment(conditions.share),
        obstacles=tuple(request.publication_obstacles()),
        threshold=request.disclosure_threshold,
        late_days=request.days_late(date.today()) or 0,
    )


def period(request: StudyRequest[Any]) -> str:
    """The months or days a request bears on, in words; empty when its study has no such period."""
    for name in ("inclusion", "comparison"):
        span = getattr(request.parameters, name, None)
        if span is not None:
            ends = (span.start, span.end)
            first, last = (
                french.day(end) if isinstance(end, date) else french.month(end) for end in ends
            )
            return f"{first} – {last}"
    return ""


def _executed(item: PlannedRun, begun: RunRecord, session: Session) -> RunRecord:
    study, work = STUDIES[item.request.study], session.run_folder
    source = staleness.notebook_file(item.request.study)
    notebook = work / record.NOTEBOOK
    siblings.tell(begun, work)
    atomic.write_notebook(notebooks.stripped(notebooks.read(source)), notebook)
    parameters = {
        "request_file": _given_path(item.request.file),
        "overrides": dict(item.overrides),
    }
    execution = execute(notebook, parameters, session)
    name = provenance.relative(source)
    columns = {name: tuple(table.names) for name, table in study.artefacts.items()}
    may_be_empty = {name for name, table in study.artefacts.items() if table.may_be_empty}
    failure = status.failure(
        execution, name, columns, work / record.RESULTS, may_be_empty=may_be_empty
    )
    return begun.replace(
        status=_status(session, failure),
        failure=failure,
        sections=dict(session.seconds),
        data=data.read(item.request, work),
    )


def _given_path(file: Path) -> str:
    """The request's path as the notebook receives it: from the root where it can be."""
    relative = provenance.relative(file)
    return relative if (project.root() / relative).resolve() == file.resolve() else str(file)


def _status(session: Session, failure: Failure | None) -> str:
    if failure is None:
        return record.GOOD
    if session.stopped.is_set():
        return record.INTERRUPTED
    return record.NO_DATA if failure.exception == status.NO_DATA_EXCEPTION else record.FAILED


def _judged(ended: RunRecord, work: Path) -> RunRecord:
    """The record with the page made: a report for a good run, an error page for another."""
    if ended.good:
        return publish.finish(ended, work)
    try:
        html = render.error_page(ended, notebooks.read(work / record.NOTEBOOK))
        atomic.replace_text(work / record.ERROR_PAGE, html)
    except Exception as error:  # the failure itself must be told, whatever its page does
        with (work / record.LOG).open("a", encoding="utf-8") as log:
            log.write(f"la page d'erreur n'a pas pu être produite : {error!r}\n")
    return ended.replace(artefacts=publish.artefacts(work, publishable=False))
