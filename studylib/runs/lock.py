"""One run at a time for each scope of a request, and one writer of the site at a time.

The locks are held by the system on an open file: they vanish with their process, killed or not.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO

from studylib.errors import StudyError

_SITE_PATIENCE = 60.0


class AlreadyRunningError(StudyError):
    """Another process is running the same scope of the same request."""


@contextmanager
def hold(file: Path, refusal: str, *, patience: float = 0.0) -> Iterator[None]:
    """Hold the lock on ``file``, or ``AlreadyRunningError`` after ``patience`` seconds.

    ``refusal`` may contain ``{holder}``: the number of the process that holds the lock.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a+", encoding="ascii") as stream:
        limit = time.monotonic() + patience
        while not _take(stream):
            if time.monotonic() >= limit:
                stream.seek(0)
                holder = stream.read().strip() or "?"
                raise AlreadyRunningError(refusal.replace("{holder}", holder))
            time.sleep(0.05)
        stream.seek(0)
        stream.truncate()
        stream.write(str(os.getpid()))
        stream.flush()
        try:
            yield
        finally:
            _release(stream)


def on_scope(folder: Path, request: str, scope: str) -> AbstractContextManager[None]:
    """The lock of one scope of one request, whose runs are in ``folder``."""
    refusal = (
        f"La demande {request} (portée {scope}) est déjà en cours d'exécution par le "
        "processus {holder} : attendez qu'il finisse ou arrêtez-le."
    )
    return hold(folder / f".{scope}.lock", refusal)


def on_site(outputs: Path) -> AbstractContextManager[None]:
    """The lock of whoever writes the site; waits for the one who has it."""
    refusal = (
        "Le site est en cours d'écriture par le processus {holder} depuis plus d'une minute : "
        "relancez « studylib site » quand il aura fini."
    )
    return hold(outputs / ".site.lock", refusal, patience=_SITE_PATIENCE)


if sys.platform != "win32":
    import fcntl

    def _take(stream: IO[str]) -> bool:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def _release(stream: IO[str]) -> None:
        fcntl.flock(stream, fcntl.LOCK_UN)

else:
    import msvcrt

    def _take(stream: IO[str]) -> bool:
        try:
            stream.seek(1000)
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _release(stream: IO[str]) -> None:
        stream.seek(1000)
        msvcrt.locking(stream.fileno(), msvcrt.LK_UNLCK, 1)
