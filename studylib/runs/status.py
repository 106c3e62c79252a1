"""Whether a run is good: decided here, from four rules, never from papermill's own marks.

papermill marks every cell « completed » after a killed kernel or a timeout, and leaves with 0
after ``sys.exit(0)`` in a cell. A run is good only if (1) no exception came out of the runner,
(2) every code cell was executed once, in order, (3) no cell raised, (4) every declared artefact
is there, is not empty and has its columns.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import nbformat
import pyarrow.parquet
from papermill.exceptions import PapermillExecutionError

from studylib import project
from studylib.runs import notebooks
from studylib.runs.execute import Execution
from studylib.runs.record import Failure

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_ARROW = re.compile(r"^-+>\s*(\d+)\s", re.MULTILINE)
_CELL_FRAME = re.compile(r"^Cell In\[\d+\], line (\d+)", re.MULTILINE)
_SHOWN_LINES = 3
NO_DATA_EXCEPTION = "DataMissing"
_LONGEST_MESSAGE = 400


def failure(
    execution: Execution,
    notebook: str,
    declared: Mapping[str, tuple[str, ...]],
    results: Path,
    *,
    may_be_empty: Collection[str] = (),
) -> Failure | None:
    """The first rule a run breaks, or None when the run is good.

    ``declared`` gives, for each artefact the study declares, the columns it must have;
    ``results`` is the folder the notebook wrote them in. Those of ``may_be_empty`` may have no row.
    """
    return (
        _raised(execution, notebook)
        or _not_all_executed(execution.notebook, notebook)
        or _artefact_fault(notebook, declared, results, may_be_empty)
    )


def _raised(execution: Execution, notebook: str) -> Failure | None:
    """Rules 1 and 3."""
    document = execution.notebook
    if execution.timed_out:
        message = "la durée accordée à l'exécution est dépassée"
        return _at(document, execution.cell, notebook, "délai dépassé", message)
    if execution.kernel_died:
        message = (
            "le noyau s'est arrêté brutalement (souvent par manque de mémoire : "
            "essayez --jobs 1, ou une machine qui en a davantage)"
        )
        return _at(document, execution.cell, notebook, "noyau arrêté", message)
    for index, cell in enumerate(document.cells):
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                return _cell_failure(document, index, notebook, output)
    if execution.error is not None and not isinstance(execution.error, PapermillExecutionError):
        message = str(execution.error) or "sans message"
        kind = type(execution.error).__name__
        return _at(document, execution.cell, notebook, "exécution arrêtée", message, kind)
    if document.metadata.get("papermill", {}).get("exception"):
        return _at(document, execution.cell, notebook, "exception", "une cellule a échoué")
    return None


def _cell_failure(document: Any, index: int, notebook: str, output: Any) -> Failure:
    if output.ename == "SystemExit":
        message = "une cellule a quitté l'exécution avant la fin (sys.exit) : retirez cet appel"
        return _at(document, index, notebook, "sortie prématurée", message, output.ename)
    trace = _ANSI.sub("", "\n".join(output.get("traceback", [])))
    found = _CELL_FRAME.search(trace) or _ARROW.search(trace)
    line = int(found[1]) if found else 1
    return _at(document, index, notebook, "exception", output.evalue, output.ename, line=line)


def _not_all_executed(document: nbformat.NotebookNode, notebook: str) -> Failure | None:
    """Rule 2."""
    code = [
        index
        for index, cell in enumerate(document.cells)
        if cell.cell_type == "code" and cell.source.strip()
    ]
    for expected, index in enumerate(code, start=1):
        if document.cells[index].get("execution_count") != expected:
            message = "cette cellule n'a pas été exécutée à son tour"
            return _at(document, index, notebook, "exécution incomplète", message)
    return None


def _artefact_fault(
    notebook: str,
    declared: Mapping[str, tuple[str, ...]],
    results: Path,
    may_be_empty: Collection[str],
) -> Failure | None:
    """Rule 4."""
    for name, columns in declared.items():
        fault = _parquet_fault(results / f"{name}.parquet", columns, empty=name in may_be_empty)
        if fault:
            message = f"le résultat déclaré « {name} » {fault}"
            return Failure("résultat manquant", message, notebook=notebook)
    return None


def _parquet_fault(file: Path, columns: tuple[str, ...], *, empty: bool) -> str:
    if not file.is_file():
        return "n'a pas été écrit (appel à report.keep absent du notebook ?)"
    try:
        read = pyarrow.parquet.ParquetFile(file)
    except (OSError, ValueError) as error:
        return f"est illisible ({error})"
    with read:
        if read.metadata.num_rows == 0 and not empty:
            return "est vide"
        missing = [name for name in columns if name not in read.schema_arrow.names]
    return f"n'a pas la colonne {', '.join(missing)}" if missing else ""


def _at(
    document: Any,
    index: int | None,
    notebook: str,
    kind: str,
    message: str,
    exception: str = "",
    *,
    line: int = 1,
) -> Failure:
    message = message.replace(f"{project.root()}{os.sep}", "")
    if exception != NO_DATA_EXCEPTION:  # that one says, line by line, how to get the data
        message = " ".join(message.split())[:_LONGEST_MESSAGE]
    if index is None:
        return Failure(kind, message, notebook=notebook, exception=exception)
    lines = document.cells[index].source.splitlines()
    first = max(0, min(line - 2, len(lines) - _SHOWN_LINES))
    return Failure(
        kind,
        message,
        notebook=notebook,
        cell=notebooks.authored_number(document, index),
        section=notebooks.section_of_cells(document)[index],
        exception=exception,
        source=tuple(lines[first : first + _SHOWN_LINES]),
    )
