"""Folders made once: by one process while others wait, whole or not at all."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from studylib.sources import integrity

if sys.platform != "win32":
    import fcntl


def is_whole(folder: Path) -> bool:
    """Whether the folder has its manifest, and every file the manifest declares."""
    return (folder / "manifest.json").exists() and not integrity.altered(folder)


def made_once(
    folder: Path,
    make: Callable[[Path], object],
    *,
    whole: Callable[[Path], bool] = is_whole,
    goes_on: bool = False,
) -> Path:
    """``folder``, filled by ``make`` first when it is not whole.

    ``make`` fills another folder, which takes the name once done: what is interrupted is never
    taken for whole. With ``goes_on``, ``make`` finds again what an interrupted one left. Of several
    processes that want the folder at once, one makes it and the others wait.
    """
    if whole(folder):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _alone(folder.with_name(f".{folder.name}.lock")):
        if not whole(folder):
            part = folder.with_name(f".part-{folder.name}")
            if not goes_on:
                shutil.rmtree(part, ignore_errors=True)  # left by a process killed meanwhile
            part.mkdir(exist_ok=True)
            try:
                make(part)
                shutil.rmtree(folder, ignore_errors=True)
                os.rename(part, folder)
            finally:
                if not goes_on:
                    shutil.rmtree(part, ignore_errors=True)
    return folder


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Holds the lock file; the system lets it go when the process ends, however it ends."""
    if sys.platform == "win32":
        yield
        return
    with lock.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
