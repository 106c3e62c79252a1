"""``studylib run`` killed at random moments: the site never holds half a report.

The command runs in its own process group, forked from a process that has the libraries loaded
(so that twenty of them fit in a test), and the whole group gets SIGKILL.
"""

from __future__ import annotations

import functools
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import toy_project as toy
from bs4 import BeautifulSoup

from studylib.report import page

REQUEST = "2026-001"
KILLS = 20
SEED = 20260302

pytestmark = pytest.mark.skipif(os.name != "posix", reason="process groups and SIGKILL")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STUDYLIB_PROJECT", str(tmp_path))
    return Path(toy.write_project(tmp_path))


@pytest.fixture
def forkserver() -> multiprocessing.context.ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["studylib.cli.main", "studylib.cli.running"])
    return context


def command(root: str, arguments: list[str]) -> None:
    """The command, in a session of its own."""
    os.setsid()
    os.environ["STUDYLIB_PROJECT"] = root
    said = os.open(os.path.join(root, "said.txt"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(said, 1)
    os.dup2(said, 2)
    from studylib.cli import main

    main(arguments)


def run_and_kill(
    context: multiprocessing.context.ForkServerContext, root: Path, after: float | None
) -> tuple[int, float]:
    """The pid of a run killed ``after`` seconds (None: let it end), and how long it lasted."""
    process = context.Process(target=command, args=(str(root), ["run", REQUEST, "--force"]))
    begun = time.monotonic()
    process.start()
    assert process.pid is not None
    process.join(after)
    if process.is_alive():
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:  # killed before it had a group of its own
            process.kill()
        process.join()
    if after is None:
        assert process.exitcode == 0, (root / "said.txt").read_text(encoding="utf-8")
    return process.pid, time.monotonic() - begun


@functools.cache
def faults(html: str) -> list[str]:
    """The faults of a page, looked for once."""
    return page.lint(html)


def assert_site_is_whole(root: Path) -> int:
    """The number of reports of the site, each whole, sound and complete."""
    site = root / "outputs" / "site"
    names = {path.name for path in site.rglob("*")}
    assert not [name for name in names if name.startswith(".") or name.endswith(".part")]
    reports = sorted(site.glob("*/*/report.html"))
    for report in reports:
        html = report.read_text(encoding="utf-8")
        assert html.rstrip().endswith("</html>")
        assert faults(html) == []
        assert (report.parent / "manifest.json").is_file()
        assert (report.parent / "tables" / "effectifs.csv").is_file()
    index = site / "index.html"
    if index.is_file():
        html = index.read_text(encoding="utf-8")
        assert html.rstrip().endswith("</html>")
        links = BeautifulSoup(html, "html.parser").select("main a[href]")
        addresses = [a["href"] for a in links if not str(a["href"]).startswith("#")]
        assert addresses
        assert all((site / str(address)).is_file() for address in addresses)
    return len(reports)


def kernels_of(pids: set[int]) -> list[int]:
    """Kernels started by these processes that are still there."""
    found = []
    for process in psutil.process_iter(["pid", "cmdline"]):
        line = " ".join(process.info["cmdline"] or [])
        if "ipykernel_launcher" in line and any(f"studylib-{pid}-" in line for pid in pids):
            found.append(process.info["pid"])
    return found


def gone(pids: set[int], patience: float = 30.0) -> bool:
    limit = time.monotonic() + patience
    while kernels_of(pids) and time.monotonic() < limit:
        time.sleep(0.2)
    return not kernels_of(pids)


def test_twenty_kills_never_leave_half_a_report(
    project: Path, forkserver: multiprocessing.context.ForkServerContext
) -> None:
    first, _ = run_and_kill(forkserver, project, None)
    second, whole = run_and_kill(forkserver, project, None)
    draws = random.Random(SEED)
    pids = {first, second}
    for _ in range(KILLS):
        pid, _ = run_and_kill(forkserver, project, draws.uniform(0.0, whole))
        pids.add(pid)
        assert assert_site_is_whole(project) >= 2
    last, _ = run_and_kill(forkserver, project, None)
    assert assert_site_is_whole(project) >= 3
    assert list((project / "outputs").rglob("*.part")) == []
    assert gone(pids | {last})


def test_the_keyboard_stops_a_run_and_its_kernel(project: Path) -> None:
    toy.write_notebook(project, extra=["import time\ntime.sleep(120)"])
    process = subprocess.Popen(
        [sys.executable, "-m", "studylib", "run", REQUEST],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # started in the background, a shell makes its children deaf to the keyboard
        preexec_fn=functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "Calcul" in line:
            break
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=240)
    assert process.returncode == 130
    assert "Interrompu." in said
    assert "Traceback" not in said
    assert gone({process.pid})
    records = list((project / "outputs" / REQUEST).glob("[!.]*/run.json"))
    assert ['"status": "interrompu"' in each.read_text("utf-8") for each in records] == [True]
    assert not (project / "outputs" / "site").exists()
