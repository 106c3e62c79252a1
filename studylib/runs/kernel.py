"""The kernel a run gets: this interpreter, Unix sockets in a private folder, its own environment.

Ports of kernels started together sometimes collide and may be read by other users of a shared
host; Unix sockets in a fresh 0700 folder do neither. The folder path is short because a socket
name holds about 100 characters. ``-P`` keeps the kernel's folder off ``sys.path``, so that a file
called ``types.py`` lying beside a notebook cannot kill it.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager

from studylib import project

_PREFIX = "studylib-"
_SOCKET_LIMIT = 80
_HAS_UNIX_SOCKETS = os.name == "posix"


@dataclass(frozen=True)
class Share:
    """What one kernel may use of the machine: threads, and memory in gigabytes."""

    threads: int
    memory_gb: float


@contextmanager
def private_folder() -> Iterator[Path]:
    """A fresh, absolute, short folder only its owner can open; removed on the way out."""
    parent = tempfile.gettempdir()
    if len(parent) > _SOCKET_LIMIT and Path("/tmp").is_dir():
        parent = "/tmp"
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=parent)).resolve()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_abandoned_folders() -> None:
    """Remove the private folders of processes that no longer exist."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        owner = folder.name.removeprefix(_PREFIX).split("-")[0]
        with suppress(OSError):
            mine = not _HAS_UNIX_SOCKETS or folder.stat().st_uid == os.getuid()
            if owner.isdigit() and mine and not psutil.pid_exists(int(owner)):
                shutil.rmtree(folder, ignore_errors=True)


def environment(run_folder: Path, private: Path, share: Share) -> dict[str, str]:
    """The environment variables of a kernel: ours, then what libraries read to share a machine.

    Figures are drawn without a display, hashes are reproducible, and IPython finds no start-up
    file of the user, whose effect no record would show.
    """
    threads = str(share.threads)
    settings = {
        project.ROOT_VARIABLE: str(project.root()),
        project.RUN_FOLDER_VARIABLE: str(run_folder),
        "STUDYLIB_THREADS": threads,
        "STUDYLIB_MEMORY_GB": f"{share.memory_gb:.2f}",
        "OMP_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
        "MPLBACKEND": "agg",
        "PYTHONHASHSEED": "0",
        "PYTHONNOUSERSITE": "1",
        "IPYTHONDIR": str(private / "ipython"),
    }
    return {**os.environ, **settings}


def manager(private: Path) -> AsyncKernelManager:
    """A kernel manager over Unix sockets in ``private``, whatever kernel the notebook names."""
    made = AsyncKernelManager(kernel_name="python3")
    if _HAS_UNIX_SOCKETS:
        made.transport = "ipc"
        made.ip = str(private / "k")
    else:
        made.transport_encryption = "required"
    made.connection_file = str(private / "kernel.json")
    command = [sys.executable, "-P", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    made._kernel_spec = KernelSpec(argv=command, language="python", display_name="studylib")
    return made


def shares(jobs: int, *, cores: int | None = None, memory_gb: float | None = None) -> Share:
    """The part of the machine each of ``jobs`` kernels may use.

    >>> shares(2, cores=4, memory_gb=8.0)
    Share(threads=2, memory_gb=3.2)
    """
    cores = cores or os.cpu_count() or 1
    free = psutil.virtual_memory().available / 1e9 if memory_gb is None else memory_gb
    return Share(max(1, cores // jobs), round(max(0.5, 0.8 * free / jobs), 2))


def sensible_jobs(
    memory_needed_gb: float, runs: int, *, cores: int | None = None, memory_gb: float | None = None
) -> int:
    """How many runs to carry out at once: cores, free memory and work to do, the least of them.

    >>> sensible_jobs(2.0, 13, cores=4, memory_gb=5.0)
    2
    """
    cores = cores or os.cpu_count() or 1
    free = psutil.virtual_memory().available / 1e9 if memory_gb is None else memory_gb
    by_memory = int(free // memory_needed_gb) if memory_needed_gb > 0 else runs
    return max(1, min(cores, by_memory, runs))
