"""Carry out a plan: runs in threads, each with its own kernel, then publication.

A kernel is a process already, so threads suffice. An interruption from the keyboard kills the
kernels, lets each run write that it was interrupted, and goes on to the caller.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from studylib.errors import StudyError, system_fault
from studylib.requests import STUDIES
from studylib.runs import kernel, one_run, publish, record, siblings, site
from studylib.runs.execute import Session
from studylib.runs.plan import Plan, PlannedRun
from studylib.runs.progress import Progress, Silent
from studylib.runs.record import GOOD, NO_DATA, Failure, RunRecord

Publication = Literal["publié", "refusé", "sans objet"]
UP_TO_DATE = "à jour"
_OWN_FAULT = "défaut de studylib"


@dataclass(frozen=True)
class Outcome:
    """What became of one item of a plan.

    ``record`` is None when nothing could be started, and then ``problem`` says why.
    """

    item: PlannedRun
    record: RunRecord | None
    executed: bool
    publication: Publication
    problem: str = ""
    trace: str = ""

    @property
    def status(self) -> str:
        """The status as shown: that of the run, or that it was up to date."""
        if self.record is None:
            return record.FAILED
        return self.record.status if self.executed or not self.record.good else UP_TO_DATE

    @property
    def exit_code(self) -> int:
        """What this item alone would make the command leave with."""
        if self.record is None:
            return 1
        codes = {GOOD: 0, NO_DATA: 3, record.INTERRUPTED: 130}
        code = codes.get(self.record.status, 1)
        return 4 if code == 0 and self.publication == "refusé" else code

    @property
    def report(self) -> Path | None:
        """The page to open: the published report, the kept one, or the error page."""
        if self.record is None:
            return None
        if self.publication == "publié":
            return site.place_of(self.record) / record.REPORT
        folder = record.folder_of(self.record)
        page = folder / (record.REPORT if self.record.good else record.ERROR_PAGE)
        return page if page.is_file() else None

    @property
    def log(self) -> Path | None:
        """The log of the run."""
        return None if self.record is None else record.folder_of(self.record) / record.LOG


class Sessions:
    """The executions in progress, so that they can be stopped together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: list[Session] = []
        self._stopped = False

    @property
    def stopped(self) -> bool:
        """Whether everything is asked to stop."""
        return self._stopped

    def add(self, session: Session) -> None:
        """Count one more execution, stopped at once when everything is."""
        with self._lock:
            self._open.append(session)
            if self._stopped:
                session.stop()

    def stop(self) -> None:
        """Kill every kernel."""
        with self._lock:
            self._stopped = True
            for session in self._open:
                session.stop()


def carry_out(
    plan: Plan,
    *,
    jobs: int | None = None,
    timeout: float | None = None,
    progress: Progress | None = None,
) -> tuple[Outcome, ...]:
    """Run what a plan calls for, publish what may be; one outcome for each item, in order.

    ``jobs`` runs are carried out at once (default: what cores and memory allow); ``timeout`` is
    in seconds, for one run. ``KeyboardInterrupt`` goes through, after kernels are stopped.
    """
    to_execute = [item for item in plan.items if item.action == "execute"]
    jobs = jobs or kernel.sensible_jobs(_memory(to_execute), max(1, len(to_execute)))
    shares = kernel.shares(min(jobs, max(1, len(to_execute))))
    conditions = one_run.Conditions(shares, timeout)
    sessions, listener = Sessions(), progress or Silent()
    kernel.remove_abandoned_folders()
    with ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="studylib") as pool:
        futures: dict[int, Future[Outcome]] = {}
        try:
            for phase in _phases(plan.items):
                for place in phase:
                    futures[place] = pool.submit(
                        _item, plan.items[place], conditions, sessions, listener
                    )
                _wait([futures[place] for place in phase])
        except BaseException:
            sessions.stop()
            for future in futures.values():
                future.cancel()
            raise
    return tuple(_judged_again(futures[place].result()) for place in sorted(futures))


def _judged_again(outcome: Outcome) -> Outcome:
    """A region refused beside the synthesis of before is judged beside the one just made."""
    run = outcome.record
    if run is None or outcome.publication != "refusé":
        return outcome
    if any(rule.rule == siblings.RULE and not rule.passed for rule in run.gate):
        run = publish.render_again(run)
        if publish.publish(run, outcome.item.request.kind):
            return replace(outcome, record=run, publication="publié")
    return outcome


def _phases(items: Sequence[PlannedRun]) -> tuple[list[int], list[int]]:
    """Places of the regions, then of the syntheses, which must know what the regions show."""
    whole = [place for place, item in enumerate(items) if item.scope.name == siblings.WHOLE]
    return [place for place in range(len(items)) if place not in whole], whole


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """The exit code of a command: failures first, then absent data, then refused publications."""
    codes = {outcome.exit_code for outcome in outcomes}
    return next((code for code in (130, 1, 3, 4) if code in codes), 0)


def _wait(futures: Sequence[Future[Outcome]]) -> None:
    """Wait in short steps: a signal is only noticed between them on some systems."""
    pending = set(futures)
    while pending:
        _, pending = wait(pending, timeout=0.5)


def _memory(items: Sequence[PlannedRun]) -> float:
    return max((float(STUDIES[item.request.study].memory_gb) for item in items), default=0.0)


def _item(
    item: PlannedRun, conditions: one_run.Conditions, sessions: Sessions, progress: Progress
) -> Outcome:
    if sessions.stopped:
        return Outcome(item, None, False, "sans objet", "interrompu avant de commencer")
    progress.started(item)
    outcome = _guarded(item, conditions, sessions, progress)
    progress.finished(item, outcome)
    return outcome


def _guarded(
    item: PlannedRun, conditions: one_run.Conditions, sessions: Sessions, progress: Progress
) -> Outcome:
    try:
        run = _run(item, conditions, sessions, progress)
        published = publish.publish(run, item.request.kind)
    except StudyError as error:
        return Outcome(item, None, False, "sans objet", str(error))
    except Exception as error:
        refused = system_fault(error) if isinstance(error, OSError) else None
        if refused:
            return Outcome(item, None, False, "sans objet", refused)
        problem = f"{_OWN_FAULT} ({type(error).__name__} : {error})"
        return Outcome(item, None, False, "sans objet", problem, traceback.format_exc())
    publication: Publication = "sans objet" if not run.good else "refusé"
    return Outcome(item, run, item.action == "execute", "publié" if published else publication)


def _run(
    item: PlannedRun, conditions: one_run.Conditions, sessions: Sessions, progress: Progress
) -> RunRecord:
    if item.action == "execute":

        def on_section(heading: str, position: int, total: int) -> None:
            progress.section(item, heading, position, total)

        return one_run.carry_out(item, conditions, on_section, sessions.add)
    assert item.previous is not None
    return publish.render_again(item.previous) if item.action == "render" else item.previous


def describe(failure: Failure) -> str:
    """Where and why a run failed, on one line."""
    place = failure.notebook
    if failure.cell is not None:
        place += f", cellule {failure.cell}"
    if failure.section:
        place += f", section « {failure.section} »"
    raised = f"{failure.exception} : " if failure.exception else ""
    return f"{place} · {failure.kind} · {raised}{failure.message}"
