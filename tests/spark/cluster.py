"""A Spark cluster of this machine: a standalone master and worker processes, each of its own.

Not ``local[*]``: rows travel between processes, and a worker can be killed.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil

from studylib.sources import EngineSettings

LOOPBACK = "127.0.0.1"
PR_SET_PDEATHSIG = 1
START_SECONDS = 300  # processes start slowly beside a whole test run


class Cluster:
    """A master and two workers of one core and 1 GB each, on free ports of the loopback address."""

    def __init__(self, folder: Path, workers: int = 2) -> None:
        self.folder = folder
        found = importlib.util.find_spec("pyspark")
        assert found is not None
        assert found.origin is not None
        self._home = Path(found.origin).parent
        self.port, self._page = _free_port(), _free_port()
        master = "org.apache.spark.deploy.master.Master"
        ports = ["--host", LOOPBACK, "--port", str(self.port), "--webui-port", str(self._page)]
        self._master = self._launch("master", master, *ports)
        self.workers = [self.add_worker() for _ in range(workers)]
        self._wait_for(workers)

    @property
    def url(self) -> str:
        return f"spark://{LOOPBACK}:{self.port}"

    def settings(self, checkpoints: Path) -> EngineSettings:
        """An engine on this cluster, with executors and driver of 1 GB."""
        conf = {
            "spark.driver.memory": "1g",
            "spark.driver.host": LOOPBACK,
            "spark.driver.bindAddress": LOOPBACK,
            "spark.sql.shuffle.partitions": "4",
        }
        return EngineSettings(
            kind="spark", master=self.url, memory_gb=1, temp_folder=checkpoints, conf=conf
        )

    def add_worker(self) -> subprocess.Popen[bytes]:
        """Starts one more worker; does not wait for it."""
        given = ["--host", LOOPBACK, "--port", "0", "--webui-port", "0", "--cores", "1"]
        name = f"worker-{time.monotonic_ns()}"
        where = ["--memory", "1g", "--work-dir", str(self.folder / name)]
        worker = "org.apache.spark.deploy.worker.Worker"
        return self._launch(name, worker, *given, *where, self.url)

    def kill_worker(self) -> None:
        """Kills the first worker and its executor, as a machine that loses power."""
        os.killpg(self.workers.pop(0).pid, signal.SIGKILL)

    def alive(self) -> int:
        """Workers the master knows to be alive."""
        try:
            with urllib.request.urlopen(f"http://{LOOPBACK}:{self._page}/json/", timeout=5) as page:
                return page.read().decode().count('"ALIVE"') - 1  # the master says so of itself
        except (urllib.error.URLError, OSError):
            return 0

    def stop(self) -> None:
        for process in [*self.workers, self._master]:
            if psutil.pid_exists(process.pid):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _launch(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "SPARK_HOME": str(self._home),
            "SPARK_LOCAL_IP": LOOPBACK,
            "SPARK_DAEMON_MEMORY": "512m",
            "SPARK_NO_DAEMONIZE": "1",
        }
        with (self.folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                [str(self._home / "bin" / "spark-class"), *command],
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,  # a group of its own, killed with its executor
                preexec_fn=_die_with_parent,
            )

    def _wait_for(self, workers: int) -> None:
        limit = time.monotonic() + START_SECONDS
        while self.alive() < workers:
            if time.monotonic() > limit or self._master.poll() is not None:
                self.stop()
                raise RuntimeError(f"cluster not up: see the logs in {self.folder}")
            time.sleep(0.3)


def _die_with_parent() -> None:
    """Asks Linux to kill this process when the tests are killed, with no time to stop it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind((LOOPBACK, 0))
        return int(found.getsockname()[1])
