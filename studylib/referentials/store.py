"""Versions of referentials, side by side: those shipped, and those kept in the data folders.

A kept version is ``referentials/NAME/YYYY-MM-DD/`` below a data folder: ``table.parquet`` and
``manifest.json`` (what it is, where it comes from, hashes of the file received and of the table).
It is read only when its hash is the one of its manifest.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

import pandas as pd

from studylib import project
from studylib.errors import DataMissing
from studylib.files.layout import sha256_of
from studylib.referentials import shipped
from studylib.referentials.catalogue import how_to_get, known

FOLDER = "referentials"
_TABLE, _MANIFEST = "table.parquet", "manifest.json"


@dataclass(frozen=True)
class Version:
    """One version of a referential: dated, hashed, with its producer, licence and origin.

    ``file_sha256`` is the hash of the producer's file, ``sha256`` that of the table kept;
    ``place`` is ``fourni`` (with studylib) or the folder of the version.
    """

    name: str
    version: str
    title: str
    producer: str
    licence: str
    source: str
    file_sha256: str
    sha256: str
    rows: int
    added: str
    place: str

    @property
    def is_shipped(self) -> bool:
        """True when it came with studylib."""
        return self.place == "fourni"


def versions_of(name: str) -> list[Version]:
    """The versions of a referential that are at hand, oldest first, none when absent."""
    if known(name).is_shipped:
        row = shipped.index().set_index("name").loc[name]
        return [
            Version(
                name=name,
                version=str(row["version"]),
                title=str(row["title"]),
                producer=str(row["producer"]),
                licence=str(row["licence"]),
                source=str(row["source"]),
                file_sha256=str(row["sha256"]),
                sha256=str(row["sha256"]),
                rows=len(shipped.read(name)),
                added=str(row["version"]),
                place="fourni",
            )
        ]
    found: dict[str, Version] = {}
    for folder in project.data_folders():
        for manifest in sorted((folder / FOLDER / name).glob(f"[0-9]*/{_MANIFEST}")):
            found.setdefault(manifest.parent.name, _read_manifest(manifest))
    return [found[version] for version in sorted(found)]


def version_at(name: str, at: date | None = None) -> Version:
    """The latest version not later than ``at`` (the latest one by default).

    DataMissing when there is none, saying how to get one or which ones exist.
    """
    present = versions_of(name)
    if not present:
        raise DataMissing(f"Référentiel « {name} » absent. {how_to_get(name)}")
    kept = [one for one in present if at is None or one.version <= at.isoformat()]
    if not kept:
        raise DataMissing(
            f"Référentiel « {name} » : aucune version au {at:%d/%m/%Y} ou avant ; versions "
            f"présentes : {', '.join(one.version for one in present)}."
        )
    return kept[-1]


def table_of(version: Version) -> pd.DataFrame:
    """The table of a version, once its hash is checked; the caller may change what it gets."""
    if version.is_shipped:
        return shipped.read(version.name).copy()
    file = Path(version.place) / _TABLE
    try:
        stat = file.stat()
        return _read_table(file, stat.st_mtime_ns, stat.st_size, version.sha256).copy()
    except OSError as error:
        raise _damaged(version.name, Path(version.place), "table absente ou illisible") from error


def keep(frame: pd.DataFrame, described: Version) -> Version:
    """The version written below the project's data folder, whole or not at all.

    An existing folder of the same date is replaced: the caller has checked that it may be.
    """
    target = project.writable_data() / FOLDER / described.name / described.version
    draft = target.with_name(f".{target.name}.part")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    frame.to_parquet(draft / _TABLE, index=False)
    written = {
        **asdict(described),
        "rows": len(frame),
        "sha256": sha256_of(draft / _TABLE),
        "place": "",
    }
    text = json.dumps(written, ensure_ascii=False, indent=1) + "\n"
    (draft / _MANIFEST).write_text(text, encoding="utf-8")
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        os.replace(target, old)
    os.replace(draft, target)
    shutil.rmtree(old, ignore_errors=True)
    return _read_manifest(target / _MANIFEST)


@lru_cache(maxsize=32)
def _read_table(file: Path, _changed: int, _size: int, expected: str) -> pd.DataFrame:
    if sha256_of(file) != expected:
        raise _damaged(
            file.parent.parent.name, file.parent, "contenu modifié depuis sa mise à jour"
        )
    return pd.read_parquet(file)


def _read_manifest(file: Path) -> Version:
    try:
        described = json.loads(file.read_text(encoding="utf-8"))
        version = Version(**{**described, "place": str(file.parent)})
    except (OSError, ValueError, TypeError) as error:
        raise _damaged(file.parent.parent.name, file.parent, "manifeste illisible") from error
    if (version.name, version.version) != (file.parent.parent.name, file.parent.name):
        raise _damaged(file.parent.parent.name, file.parent, "manifeste d'une autre version")
    return version


def _damaged(name: str, folder: Path, what: str) -> DataMissing:
    return DataMissing(
        f"Référentiel « {name} », version {folder.name} : {what} ; supprimer le dossier {folder} "
        f"puis : studylib codes update {name} --file FICHIER"
    )
