"""What a notebook does, and the status it gets: each way of failing is seen as a failure."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import psutil
import pyarrow
import pyarrow.parquet
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from studylib.runs import kernel, status
from studylib.runs.execute import Execution, Session, execute
from studylib.runs.record import Failure

WRITE = (
    "import os, pyarrow, pyarrow.parquet\n"
    "folder = os.path.join(os.environ['STUDYLIB_RUN_FOLDER'], 'results')\n"
    "os.makedirs(folder, exist_ok=True)\n"
    "flow = pyarrow.table({'step': ['a']})\n"
    "pyarrow.parquet.write_table(flow, os.path.join(folder, 'flow.parquet'))"
)
CELLS: Mapping[str, list[str]] = {
    "good": ["value = who", WRITE],
    "raising": ["a = 1\nb = 2\nc = a / 0\nd = 4", WRITE],
    "leaving": [WRITE, "import sys\nsys.exit(0)"],
    "dying": ["import os\nos._exit(0)"],
    "endless": ["import time\ntime.sleep(600)"],
    "writing nothing": ["a = 1"],
    "environment": [
        "import os, sys",
        "sorted(name for name in os.environ if name.startswith('STUDYLIB_'))",
        "e = os.environ\n(e['MPLBACKEND'], e['STUDYLIB_THREADS'], sys.executable, '' in sys.path)",
    ],
    "stray module": ["import random\nrandom.random() < 1"],
}
SOMEBODY_S_KERNEL = {"name": "no-such-kernel", "display_name": "Other"}
TIMEOUTS = {"endless": 3.0}


def run(name: str, folder: Path) -> Execution:
    file = folder / "executed.ipynb"
    cells = [
        new_markdown_cell("# Titre"),
        new_code_cell("who = 'default'", metadata={"tags": ["parameters"]}),
        new_markdown_cell("## Calcul"),
        *(new_code_cell(source) for source in CELLS[name]),
    ]
    made = new_notebook(cells=cells, metadata={"kernelspec": SOMEBODY_S_KERNEL})
    nbformat.write(made, str(file))
    if name == "stray module":
        (folder / "random.py").write_text("raise RuntimeError('shadowed')")
    seen: list[tuple[str, int, int]] = []
    share = kernel.Share(3, 1.0)
    log = (folder / "run.log").open("w", encoding="utf-8")
    session = Session(folder, log, share, lambda *place: seen.append(place))
    if name in TIMEOUTS:
        session.deadline = time.monotonic() + TIMEOUTS[name]
    with log:
        ended = execute(file, {"who": name}, session)
    assert [heading for heading, _, _ in seen[:1]] == ["Titre"]
    return ended


@pytest.fixture(scope="module")
def executions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Execution, Path]]:
    folders = {name: tmp_path_factory.mktemp(f"run {{{name}}}") for name in CELLS}
    with ThreadPoolExecutor(3) as pool:
        ended = dict(
            zip(CELLS, pool.map(lambda name: run(name, folders[name]), CELLS), strict=True)
        )
    return {name: (ended[name], folders[name]) for name in CELLS}


def failure_of(
    executions: dict[str, tuple[Execution, Path]],
    name: str,
    columns: tuple[str, ...] = ("step",),
) -> Failure | None:
    execution, folder = executions[name]
    return status.failure(execution, "notebooks/x.ipynb", {"flow": columns}, folder / "results")


def test_a_good_run_has_no_failure(executions: dict[str, tuple[Execution, Path]]) -> None:
    assert failure_of(executions, "good") is None


def test_parameters_reach_the_notebook(executions: dict[str, tuple[Execution, Path]]) -> None:
    document = executions["good"][0].notebook
    injected = [c for c in document.cells if "injected-parameters" in c.metadata.get("tags", [])]
    assert "'good'" in injected[0].source.replace('"', "'")


def test_a_raising_cell_is_located(executions: dict[str, tuple[Execution, Path]]) -> None:
    failure = failure_of(executions, "raising")
    assert failure is not None
    assert failure.exception == "ZeroDivisionError"
    assert failure.section == "Calcul"
    assert failure.cell == 4  # as its author counts, the injected cell left out
    assert failure.source == ("b = 2", "c = a / 0", "d = 4")


def test_leaving_with_zero_is_a_failure(executions: dict[str, tuple[Execution, Path]]) -> None:
    failure = failure_of(executions, "leaving")
    assert failure is not None
    assert failure.kind == "sortie prématurée"
    assert failure.cell == 5


def test_a_dead_kernel_is_a_failure(executions: dict[str, tuple[Execution, Path]]) -> None:
    failure = failure_of(executions, "dying")
    assert failure is not None
    assert failure.kind == "noyau arrêté"
    assert failure.source == ("import os", "os._exit(0)")


def test_a_timeout_is_a_failure(executions: dict[str, tuple[Execution, Path]]) -> None:
    failure = failure_of(executions, "endless")
    assert failure is not None
    assert failure.kind == "délai dépassé"
    assert failure.section == "Calcul"


def test_a_missing_result_is_a_failure(executions: dict[str, tuple[Execution, Path]]) -> None:
    failure = failure_of(executions, "writing nothing")
    assert failure is not None
    assert failure.kind == "résultat manquant"
    assert "flow" in failure.message


def test_a_result_without_its_columns_is_a_failure(
    executions: dict[str, tuple[Execution, Path]],
) -> None:
    failure = failure_of(executions, "good", ("step", "persons"))
    assert failure is not None
    assert "persons" in failure.message


def test_an_empty_result_is_a_failure(
    executions: dict[str, tuple[Execution, Path]], tmp_path: Path
) -> None:
    empty = pyarrow.table({"step": pyarrow.array([], pyarrow.string())})
    pyarrow.parquet.write_table(empty, tmp_path / "flow.parquet")
    failure = status.failure(executions["good"][0], "n", {"flow": ("step",)}, tmp_path)
    assert failure is not None
    assert "vide" in failure.message
    withheld = status.failure(
        executions["good"][0], "n", {"flow": ("step",)}, tmp_path, may_be_empty={"flow"}
    )
    assert withheld is None


def test_cells_left_unexecuted_are_a_failure(
    executions: dict[str, tuple[Execution, Path]],
) -> None:
    execution, folder = executions["good"]
    document = nbformat.from_dict(execution.notebook)
    document.cells[-1].execution_count = None
    skipped = Execution(document, None, None)
    failure = status.failure(skipped, "n", {"flow": ("step",)}, folder / "results")
    assert failure is not None
    assert failure.kind == "exécution incomplète"


def test_the_kernel_has_our_environment_and_interpreter(
    executions: dict[str, tuple[Execution, Path]],
) -> None:
    cells = executions["environment"][0].notebook.cells
    names, settings = (cell.outputs[0].data["text/plain"] for cell in cells[-2:])
    assert {"STUDYLIB_PROJECT", "STUDYLIB_RUN_FOLDER", "STUDYLIB_THREADS"} <= set(eval(names))
    assert eval(settings) == ("agg", "3", sys.executable, False)


def test_a_file_named_like_a_standard_module_does_no_harm(
    executions: dict[str, tuple[Execution, Path]],
) -> None:
    assert executions["stray module"][0].notebook.cells[-1].outputs[0].data["text/plain"] == "True"


def test_no_kernel_is_left(executions: dict[str, tuple[Execution, Path]]) -> None:
    left = [p for p in psutil.Process().children(recursive=True) if "ipykernel" in _command(p)]
    assert left == []


def test_a_kernel_that_does_not_start_is_tried_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, tries = kernel.manager, []

    def failing_first(private: Path) -> object:
        tries.append(private)
        manager = made(private)
        if len(tries) == 1:
            manager._kernel_spec.argv = ["/bin/false", "{connection_file}"]
        return manager

    monkeypatch.setattr(kernel, "manager", failing_first)
    assert run("good", tmp_path).error is None
    assert len(tries) == 2
    assert not any(private.exists() for private in tries)


def test_folders_of_dead_processes_are_removed() -> None:
    dead = max(psutil.pids()) + 100_000
    folder = Path(tempfile.mkdtemp(prefix=f"studylib-{dead}-"))
    with kernel.private_folder() as mine:
        assert mine.stat().st_mode & 0o077 == 0
        kernel.remove_abandoned_folders()
        assert mine.is_dir()
    assert not folder.exists()
    assert not mine.exists()


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
