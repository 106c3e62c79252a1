"""The register of open data files: what came in, from where, when, with which hash.

``registry.json`` stands in the folder where studylib writes data. A file enters whole or not at
all: it is checked, copied beside its final place under another name, then renamed.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from studylib import project
from studylib.errors import DataMissing
from studylib.files import layout
from studylib.files.layout import sha256_of
from studylib.referentials import bdpm
from studylib.sources.open_data import damir, locate, open_medic, population
from studylib.sources.open_data.catalogue import DataSet, dataset_of, datasets

REGISTRY = "registry.json"


@dataclass(frozen=True)
class Entry:
    """One registered file: data set, place below the data folder, hash, size, date, origin."""

    dataset: str
    file: str
    sha256: str
    bytes: int
    added: str
    origin: str


def check_layout(entry: DataSet, path: Path) -> None:
    """Nothing when the file has the layout of its data set; else DataMissing or TableError."""
    checks: dict[str, Callable[[Path], object]] = {
        "open_damir": damir.check_monthly,
        "open_damir_by_month": damir.read_aggregate,
        "open_medic": open_medic.check_complete,
        "open_medic_by_cip": open_medic.read_aggregate,
        "open_medic_descriptor": open_medic.read_descriptor,
        "insee_population": lambda file: population.read_yearly(file, year_end=2000),
        "insee_population_five_year": population.read_five_year,
        "bdpm_presentations": bdpm.presentations,
        "bdpm_compositions": bdpm.substances,
        "bdpm_generic_groups": bdpm.generic_groups,
        "bdpm_essential_drugs": bdpm.essential_atc,
        "bdpm_specialities": lambda file: bdpm.read("bdpm_specialities", file),
    }
    checks[entry.name](path)


def recognised(path: Path) -> DataSet:
    """The data set a hand-downloaded file belongs to, by its name; DataMissing when none.

    When the name says nothing but the header does, the error tells the name to give the file.
    """
    if path.suffix.lower() == ".zip":
        raise DataMissing(
            f"Fichier {path.name} : archive .zip ; en extraire le fichier, puis l'ajouter."
        )
    named = dataset_of(path.name)
    if named is not None:
        return named
    likely = _by_header(path)
    if likely is not None:
        raise DataMissing(
            f"Fichier {path.name} : son contenu est celui de « {likely.name} » mais pas son nom ; "
            f"le renommer comme {likely.example}, puis l'ajouter à nouveau."
        )
    known = ", ".join(entry.example for entry in datasets())
    raise DataMissing(
        f"Fichier {path.name} : jeu de données non reconnu ; noms acceptés, comme {known}."
    )


def add(file: str | Path, *, today: date, origin: str = "fichier ajouté à la main") -> Entry:
    """The register entry of a file, once recognised, checked and copied into the data folder.

    DataMissing when it is absent, unreadable or unknown; TableError when its layout is not the
    one declared. The given file is left where it is.
    """
    path = Path(file).expanduser()
    if not path.is_file():
        what = "est un dossier" if path.is_dir() else "absent"
        raise DataMissing(f"Fichier {path} {what} : donner le chemin du fichier téléchargé.")
    entry = recognised(path)
    layout.require_whole(path)
    check_layout(entry, path)
    target = folder_of(entry) / path.name
    if path.resolve() != target.resolve():
        copy = target.with_name(f".{target.name}.copy")
        shutil.copyfile(path, copy)
        os.replace(copy, target)
    return record(entry, target, today=today, origin=origin)


def folder_of(entry: DataSet) -> Path:
    """The folder where files of a data set are written, made when needed."""
    folder = project.writable_data() / entry.folder
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def record(entry: DataSet, path: Path, *, today: date, origin: str) -> Entry:
    """The entry of a file in place, written to the register (an older one of it replaced)."""
    root = project.writable_data()
    written = Entry(
        dataset=entry.name,
        file=path.relative_to(root).as_posix(),
        sha256=sha256_of(path),
        bytes=path.stat().st_size,
        added=today.isoformat(),
        origin=origin,
    )
    kept = [old for old in registered() if old.file != written.file]
    lines = [asdict(line) for line in sorted([*kept, written], key=lambda line: line.file)]
    draft = root / f".{REGISTRY}.part"
    draft.write_text(json.dumps(lines, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    os.replace(draft, root / REGISTRY)
    return written


def registered() -> list[Entry]:
    """Entries of the register, empty when there is none yet."""
    path = project.writable_data() / REGISTRY
    if not path.is_file():
        return []
    try:
        return [Entry(**line) for line in json.loads(path.read_text(encoding="utf-8"))]
    except (ValueError, TypeError) as error:
        raise DataMissing(
            f"Registre {path} illisible ({error}) : le supprimer, puis ajouter les fichiers."
        ) from error


def status() -> pd.DataFrame:
    """One row per data set known, for ``studylib data list``.

    Columns: dataset, title, producer, present (bool), required (bool), files, period, registered
    (files of the register that still have their size), licence, page, obtain.
    """
    entries = {Path(line.file).name: line for line in registered()}
    rows = []
    for entry in datasets():
        paths = locate.files_of(entry)
        periods = [period for path in paths if (period := entry.period(path.name))]
        known = [
            path
            for path in paths
            if path.name in entries and entries[path.name].bytes == path.stat().st_size
        ]
        rows.append(
            {
                "dataset": entry.name,
                "title": entry.title,
                "producer": entry.producer,
                "present": bool(paths),
                "required": entry.required,
                "files": ", ".join(path.name for path in paths),
                "period": ", ".join(periods),
                "registered": len(known),
                "licence": entry.licence,
                "page": entry.page,
                "obtain": entry.obtain,
            }
        )
    return pd.DataFrame(rows)


def _by_header(path: Path) -> DataSet | None:
    """The data set whose header a file of another name carries, for files that have one."""
    signatures = {
        "open_damir": {"FLX_ANN_MOI", "SOI_ANN", "FLT_PAI_MNT"},
        "open_damir_by_month": {"SOI_ANN", "BEN_RES_REG", "RAC"},
        "open_medic": {"ATC5", "CIP13", "BOITES", "REM"},
        "open_medic_by_cip": {"CIP13", "REMBOURSEMENT_TOTAL"},
        "insee_population": {"RÉGIONS", "ENSEMBLE", "HOMMES", "FEMMES"},
    }
    first = layout.read_bytes(path, size=1 << 14).decode("utf-8-sig", errors="replace")
    names = {cell.strip().strip('"').upper() for cell in first.splitlines()[0].split(";")}
    names |= {cell.strip().strip('"').upper() for cell in first.splitlines()[0].split(",")}
    known = {entry.name: entry for entry in datasets()}
    return next((known[name] for name, wanted in signatures.items() if wanted <= names), None)
