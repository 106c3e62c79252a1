"""Reading a notebook file: its source as a hash, its sections, its injected cell."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from studylib.errors import StudyError
from studylib.runs.hashing import of_text

_INJECTED = "injected-parameters"
_PAPERMILL_ERROR = ("papermill-error-cell-tag", "papermill-error-cell")
_HEADING = re.compile(r"^ {0,3}#{1,6}\s+(?P<title>.*?)\s*#*\s*$")


def read(file: Path) -> NotebookNode:
    """The notebook in ``file``; ``StudyError`` when it is absent or is not a notebook."""
    try:
        return _typed(nbformat.read(file, as_version=4))
    except FileNotFoundError as error:
        raise StudyError(f"Le notebook {file.name} est introuvable dans {file.parent}.") from error
    except Exception as error:
        raise StudyError(
            f"Le fichier {file.name} n'est pas un notebook lisible ({error}) : "
            "ouvrez-le dans JupyterLab pour le réparer."
        ) from error


def source_sha256(notebook: NotebookNode) -> str:
    """The hash of what a notebook says: type, tags and text of each cell, in order.

    Outputs, execution counts, cell ids and metadata that editors rewrite do not count.
    """
    parts = []
    for cell in notebook.cells:
        tags = sorted(cell.get("metadata", {}).get("tags", []))
        parts.append("\x1f".join([cell.cell_type, ",".join(tags), cell.source]))
    return of_text("\x1e".join(parts))


def stripped(notebook: NotebookNode) -> NotebookNode:
    """A copy without outputs, counts, nor the kernel its author had."""
    made = _copied(notebook)
    made.metadata.pop("kernelspec", None)
    made.metadata.pop("papermill", None)
    for cell in made.cells:
        cell.metadata.pop("papermill", None)
        if cell.cell_type == "code":
            cell.outputs = []
            cell.execution_count = None
    return made


def section_of_cells(notebook: NotebookNode) -> list[str]:
    """For each cell, the last markdown heading at or above it."""
    found, current = [], ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for line in cell.source.splitlines():
                match = _HEADING.match(line)
                current = match["title"] if match else current
        found.append(current)
    return found


def is_injected(cell: Any) -> bool:
    """Whether papermill added this cell to give the parameters."""
    return _INJECTED in cell.get("metadata", {}).get("tags", [])


def is_papermill_error(cell: Any) -> bool:
    """Whether papermill added this cell to tell of an error, in English."""
    tags = cell.get("metadata", {}).get("tags", [])
    return any(tag in _PAPERMILL_ERROR for tag in tags)


def authored_number(notebook: NotebookNode, index: int) -> int:
    """The place (from 1) that the cell at ``index`` has in the notebook its author wrote."""
    added = sum(is_injected(cell) or is_papermill_error(cell) for cell in notebook.cells[:index])
    return index - added + 1


def without_papermill_errors(notebook: NotebookNode) -> NotebookNode:
    """A copy without the cells papermill inserted around an error."""
    made = _copied(notebook)
    made.cells = [cell for cell in made.cells if not is_papermill_error(cell)]
    return made


def _copied(notebook: NotebookNode) -> NotebookNode:
    return _typed(nbformat.from_dict(notebook))


def _typed(notebook: Any) -> NotebookNode:
    assert isinstance(notebook, NotebookNode)
    return notebook
