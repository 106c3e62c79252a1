"""Where the files of a data set are, among the project's data folders."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from studylib import project
from studylib.errors import DataMissing
from studylib.sources.open_data.catalogue import DataSet, dataset


def _files_below(folder: Path) -> Iterator[Path]:
    """Files under ``folder`` in a stable order, hidden ones and simulated data left out."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                yield Path(parent) / name


def files_of(entry: DataSet, *, folders: Iterable[Path] | None = None) -> list[Path]:
    """Files of a data set, oldest period first; the first folder holding a period wins.

    A period present twice (``.csv`` and ``.csv.gz``, or in two data folders) is read once.
    """
    searched = project.data_folders() if folders is None else list(folders)
    by_period: dict[str, Path] = {}
    for folder in searched:
        for path in _files_below(folder):
            if entry.match(path.name):
                by_period.setdefault(entry.period(path.name), path)
    return [by_period[period] for period in sorted(by_period)]


def how_to_get(names: Iterable[str]) -> str:
    """One French line per data set: its title, its producer's page, how to get it."""
    lines = []
    for name in names:
        entry = dataset(name)
        lines.append(f"- {name} ({entry.title}, {entry.page}) : {entry.obtain}")
    return "\n".join(lines)


def absent(
    names: Iterable[str], *, folders: Iterable[Path], drug_year: int | None = None
) -> DataMissing:
    """The error that names absent data sets, where they were looked for, and how to get each."""
    wanted = list(names)
    places = ", ".join(str(folder) for folder in folders)
    year = f" (année {drug_year})" if drug_year else ""
    named = ", ".join(name + (year if name == "open_medic" else "") for name in wanted)
    return DataMissing(
        f"Données ouvertes absentes : {named} ; cherchées dans {places}.\n{how_to_get(wanted)}"
    )
