"""A folder of one session: what memory cannot hold, and checkpoints. It goes with the session."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from studylib import project
from studylib.errors import StudyError

if sys.platform != "win32":
    import fcntl

PREFIX = ".scratch-"
_LOCK = "in_use"


class Scratch:
    """A private folder (0700), held by a lock that the system drops when the process dies.

    So that a killed session leaves nothing for long, the next one made beside it sweeps it away.
    """

    def __init__(self, base: Path) -> None:
        self._process = os.getpid()
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
        self._lock: IO[bytes] = (self.path / _LOCK).open("wb")
        _hold(self._lock)

    def remove(self) -> None:
        """Removes the folder; a process forked from the one that made it leaves it alone."""
        if os.getpid() == self._process:
            self._lock.close()
            shutil.rmtree(self.path, ignore_errors=True)


def open_scratch(given: Path | None) -> Scratch:
    """A new scratch folder: inside ``given``, else the run's folder, the data's, the system's.

    StudyError when the folder given cannot be written, or none can.
    """
    for base in [given] if given else _usual():
        with suppress(OSError):
            if given:
                base.mkdir(parents=True, exist_ok=True)
            _sweep(base)
            return Scratch(base)
    where = given or tempfile.gettempdir()
    raise StudyError(
        f"Dossier temporaire {where} : rien ne peut y être écrit ; en désigner un autre par "
        "STUDYLIB_TEMP."
    )


def _usual() -> Iterator[Path]:
    """Folders that exist already: a session makes no folder of its own in a project."""
    for folder in (project.run_folder(), project.writable_data()):
        if folder is not None and folder.is_dir():
            yield folder
    yield Path(tempfile.gettempdir())


def _sweep(base: Path) -> None:
    """Removes the folders of sessions whose process is dead."""
    for left in base.glob(f"{PREFIX}*"):
        with suppress(OSError):
            if not (left / _LOCK).exists():  # just being made, or not ours
                continue
            with (left / _LOCK).open("rb+") as lock:
                held = _hold(lock)
            if held:
                shutil.rmtree(left, ignore_errors=True)


def _hold(lock: IO[bytes]) -> bool:
    """Whether the lock was free. Without locks (Windows) nothing is ever taken for free."""
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
