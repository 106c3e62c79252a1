"""Running one piece of work in a process of its own, and reading what it cost."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time


def measure(module: str, *arguments: str) -> dict[str, float | str]:
    """CPU seconds, wall seconds, peak memory (GB) and the result's hash of ``python -m module``."""
    begun, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", module, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        return {"wall": float("nan"), "cpu": float("nan"), "failure": done.stderr[-200:]}
    told = json.loads(done.stdout.strip().splitlines()[-1])
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall": time.perf_counter() - begun, "cpu": cpu} | told


def told(result: object) -> None:
    """Prints what ``measure`` reads: this process's peak memory and the hash of its result."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps({"memory": peak, "hash": str(result)}))
