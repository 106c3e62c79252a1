"""Writing and moving so that a reader sees the old thing or the new one, never half of it."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

import nbformat
from nbformat import NotebookNode


def replace_text(file: Path, text: str) -> None:
    """Write ``text`` to ``file`` through a hidden sibling that then takes its name."""
    replace_text_from(file, text, file.parent)


def replace_text_from(file: Path, text: str, workshop: Path) -> None:
    """Write ``text`` to ``file`` through a temporary file of ``workshop``, on the same disk.

    For files of the site, whose folder holds nothing temporary even after a power cut.
    """
    temporary = workshop / f".{file.name}.{os.getpid()}-{secrets.token_hex(4)}.part"
    try:
        with temporary.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, file)
    finally:
        temporary.unlink(missing_ok=True)


def remove_folder(folder: Path) -> None:
    """Remove a folder even while a dying kernel still writes in it."""
    for _ in range(3):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return


def write_notebook(notebook: NotebookNode, file: Path) -> None:
    """Write a notebook as text that differs little from one run to the next."""
    text: str = nbformat.writes(notebook)
    file.write_text(text, encoding="utf-8")
