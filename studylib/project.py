"""Where the project's folders are, whatever the working folder.

The root is the first of: the ``STUDYLIB_PROJECT`` variable; the nearest folder, from the given
start upwards, that holds both ``parameters/`` and ``notebooks/``; the folder the package was
installed from. Nothing here changes the working folder.
"""

from __future__ import annotations

import os
from pathlib import Path

ROOT_VARIABLE = "STUDYLIB_PROJECT"
DATA_VARIABLE = "STUDYLIB_DATA"
RUN_FOLDER_VARIABLE = "STUDYLIB_RUN_FOLDER"


def root(start: Path | None = None) -> Path:
    """The project's root folder, found from ``start`` (default: the working folder)."""
    declared = os.environ.get(ROOT_VARIABLE)
    if declared:
        return Path(declared).resolve()
    origin = (start or Path.cwd()).resolve()
    for folder in (origin, *origin.parents):
        if (folder / "parameters").is_dir() and (folder / "notebooks").is_dir():
            return folder
    return Path(__file__).resolve().parents[1]


def data_folders() -> list[Path]:
    """Folders where open data is looked for, first to last.

    The ``STUDYLIB_DATA`` setting, the project's ``data/``, then ``../shared/data``.
    """
    declared = os.environ.get(DATA_VARIABLE)
    folders = [Path(declared).resolve()] if declared else []
    return [*folders, root() / "data", root().parent / "shared" / "data"]


def writable_data() -> Path:
    """The folder where data that studylib makes or fetches is written."""
    return data_folders()[0]


def outputs() -> Path:
    """The folder of runs and of the published site."""
    return root() / "outputs"


def run_folder() -> Path | None:
    """The folder of the run in progress, or None when a notebook is run by hand."""
    declared = os.environ.get(RUN_FOLDER_VARIABLE)
    return Path(declared) if declared else None
