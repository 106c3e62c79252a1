"""One execution of one notebook through papermill, with our kernel and our progress.

papermill injects the parameters and keeps the executed notebook; the client below gives the
kernel its environment, watches sections and the deadline, and stops a failed kernel at once.
papermill's ``cwd`` is never used: it changes the folder of the whole process, threads included.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import psutil
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.execute import execute_notebook

from studylib.runs import kernel, notebooks

_ENGINE = "studylib"
_START_TIMEOUT = 60
SectionHook = Callable[[str, int, int], None]


@dataclass
class Session:
    """What happens to one execution while it lasts: the cell it is at, the time of each section."""

    run_folder: Path
    log: IO[str]
    share: kernel.Share
    on_section: SectionHook
    deadline: float | None = None
    cell: int | None = None
    executed: int = 0
    section: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    entered: float = 0.0
    kernel_pid: int | None = None
    stopped: threading.Event = field(default_factory=threading.Event)

    def write(self, text: str) -> None:
        """Add a dated line to the run's log."""
        self.log.write(f"{time.strftime('%H:%M:%S')} {text.rstrip()}\n")
        self.log.flush()

    def enter(self, section: str, position: int, total: int) -> None:
        """Note that the execution reached ``section``; the time of the one before is closed."""
        now = time.monotonic()
        if section != self.section or not self.entered:
            self._close_section(now)
            self.section, self.entered = section, now
            self.write(f"section : {section}")
        self.on_section(section, position, total)

    def leave(self) -> None:
        """Close the time of the last section; the kernel is gone and its number may serve again."""
        self._close_section(time.monotonic())
        self.kernel_pid = None

    def stop(self) -> None:
        """Kill the kernel: the person asked to stop. The execution then ends by itself."""
        self.stopped.set()
        if self.kernel_pid is not None:
            with suppress(psutil.Error):
                psutil.Process(self.kernel_pid).kill()

    def _close_section(self, now: float) -> None:
        if self.entered:
            spent = self.seconds.get(self.section, 0.0) + now - self.entered
            self.seconds[self.section] = round(spent, 2)


@dataclass(frozen=True)
class Execution:
    """How an execution ended: the notebook as it stands, and what came out of the runner."""

    notebook: NotebookNode
    error: BaseException | None
    cell: int | None
    timed_out: bool = False
    kernel_died: bool = False


class _Client(PapermillNotebookClient):  # type: ignore[misc]
    """papermill's client, with the kernel, the hooks and the deadline of a session."""

    def __init__(self, nb_man: Any, *, session: Session, private: Path, **settings: Any) -> None:
        super().__init__(nb_man, **settings)
        self._session = session
        self._private = private
        self._sections = notebooks.section_of_cells(self.nb)
        self.on_cell_start = self._cell_started
        self.on_cell_executed = self._cell_executed
        self.on_notebook_start = self._kernel_ready
        self.timeout_func = self._seconds_left
        self.force_raise_errors = True
        # Results are on disk once a cell has ended; a polite goodbye lasts seconds at times.
        self.shutdown_kernel = "immediate"

    def create_kernel_manager(self) -> Any:
        self.km = kernel.manager(self._private)
        return self.km

    def execute(self, **settings: Any) -> NotebookNode:
        environment = kernel.environment(
            self._session.run_folder, self._private, self._session.share
        )
        try:
            executed: NotebookNode = super().execute(
                env=environment,
                cwd=str(self._session.run_folder),
                stdout=self._session.log,
                stderr=self._session.log,
                **settings,
            )
            return executed
        finally:
            self._session.leave()

    def _kernel_ready(self, notebook: Any) -> None:
        provisioner = getattr(self.km, "provisioner", None)
        self._session.kernel_pid = getattr(provisioner, "pid", None)
        if self._session.stopped.is_set():
            self._session.stop()

    def _cell_started(self, cell: Any, cell_index: int) -> None:
        self._session.enter(self._sections[cell_index], cell_index, len(self.nb.cells))
        if cell.cell_type == "code" and cell.source.strip():
            self._session.cell = cell_index

    def _cell_executed(self, cell: Any, cell_index: int, execute_reply: Any) -> None:
        if execute_reply["content"]["status"] == "ok":
            self._session.cell = None
            self._session.executed += 1

    def _seconds_left(self, cell: Any) -> Any:  # float | None, where nbclient declares int
        if self._session.deadline is None:
            return None
        return max(0.1, self._session.deadline - time.monotonic())


class _Engine(NBClientEngine):  # type: ignore[misc]
    """papermill's engine around ``_Client``."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, *_unused: Any, **settings: Any
    ) -> NotebookNode:
        """The notebook executed by a session's client."""
        session: Session = settings["session"]
        client = _Client(
            nb_man,
            session=session,
            private=settings["private"],
            kernel_name=kernel_name,
            startup_timeout=settings.get("start_timeout", _START_TIMEOUT),
            log=logging.getLogger("studylib.runs.nbclient"),
            stderr_file=session.log,
            stdout_file=session.log,
        )
        return client.execute()


def execute(notebook: Path, parameters: Mapping[str, Any], session: Session) -> Execution:
    """Execute ``notebook`` in place with ``parameters``; never raises for what the notebook does.

    The notebook file is rewritten at each cell, so that a failed run keeps what it reached. A
    kernel that dies before the first cell is started once more.
    """
    papermill_engines.register(_ENGINE, _Engine)
    _quieten()
    original = notebook.read_bytes()
    error = _attempt(notebook, parameters, session)
    died_at_start = isinstance(error, (RuntimeError, OSError)) and not session.entered
    if died_at_start and not session.stopped.is_set():
        session.write(f"le noyau n'a pas démarré ({error}) : second essai")
        notebook.write_bytes(original)
        error = _attempt(notebook, parameters, session)
    return Execution(
        notebook=notebooks.read(notebook),
        error=error,
        cell=session.cell,
        timed_out=isinstance(error, CellTimeoutError),
        kernel_died=isinstance(error, DeadKernelError)
        or (isinstance(error, RuntimeError) and not session.entered),
    )


def _attempt(notebook: Path, parameters: Mapping[str, Any], session: Session) -> Exception | None:
    path = str(notebook).replace("{", "{{").replace("}", "}}")  # papermill formats its paths
    try:
        with kernel.private_folder() as private:
            execute_notebook(
                path,
                path,
                parameters=dict(parameters),
                engine_name=_ENGINE,
                kernel_name="python3",
                language="python",
                progress_bar=False,
                start_timeout=_START_TIMEOUT,
                autosave_cell_every=0,
                session=session,
                private=private,
            )
    except Exception as error:
        session.write(f"{type(error).__name__} : {error}")
        return error
    return None


def _quieten() -> None:
    """Keep the libraries' own English lines off the terminal; the run's log says the same."""
    for name in ("papermill", "studylib.runs.nbclient", "traitlets"):
        logger = logging.getLogger(name)
        if not any(isinstance(each, logging.NullHandler) for each in logger.handlers):
            logger.addHandler(logging.NullHandler())
        logger.propagate = False
