"""Opening a folder of event tables written as Parquet: ``FOLDER/<table>/*.parquet``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw
import pandas as pd

from studylib.errors import DataMissing, StudyError, TableError
from studylib.sources.engine import Engine, Frame
from studylib.sources.schemas import EVENT_TABLES
from studylib.sources.source import Source, check_nulls, check_tables


def open_folder(
    name: str,
    folder: Path,
    *,
    regions: Sequence[str] | None = None,
    engine: Engine | None = None,
    truth: pd.DataFrame | None = None,
    synthetic: bool = False,
) -> Source:
    """The source in ``folder``, its tables checked and restricted to ``regions``.

    DataMissing when the folder or a table it cannot do without is absent or unreadable; StudyError
    when a region asked for has nobody in it.
    """
    if not folder.is_dir():
        raise DataMissing(f"Source « {name} » : le dossier {folder.name} n'existe pas.")
    check_integrity(name, folder)
    chosen = engine or Engine.start()
    tables = {
        table: _read(name, chosen, sorted((folder / table).glob("*.parquet")))
        for table in EVENT_TABLES
        if any((folder / table).glob("*.parquet"))
    }
    check_tables(name, tables)
    check_nulls(name, chosen, tables)
    _check_grain(name, chosen, tables["persons"])
    present = tuple(sorted(chosen.collect(tables["persons"].select("region").unique())["region"]))
    kept = _regions(name, regions, present)
    if set(kept) != set(present):
        tables = restrict(tables, kept)
    span = chosen.collect(tables["observation"].select(nw.col("start").min(), nw.col("end").max()))
    return Source(
        name=name,
        engine=chosen,
        tables=tables,
        days=(int(span["start"].iloc[0]), int(span["end"].iloc[0])),
        regions=kept,
        fingerprint=fingerprint(folder),
        synthetic=synthetic,
        truth=truth,
    )


def restrict(tables: Mapping[str, Frame], regions: Sequence[str]) -> dict[str, Frame]:
    """The tables with only the persons who live in ``regions``."""
    persons = tables["persons"].filter(nw.col("region").is_in(list(regions)))
    return {
        name: persons
        if name == "persons"
        else frame
        if name == "establishments"
        else frame.join(persons.select("person_id"), on="person_id", how="semi")
        for name, frame in tables.items()
    }


def _read(name: str, engine: Engine, files: Sequence[Path]) -> Frame:
    try:
        return engine.read_parquet(files)
    except duckdb.Error as error:
        raise DataMissing(
            f"Source « {name} » : {files[0].parent.name}/{files[0].name} et ses voisins ne se "
            f"lisent pas comme du Parquet d'un même format ; les écrire à nouveau."
        ) from error


def _regions(name: str, asked: Sequence[str] | None, present: Sequence[str]) -> tuple[str, ...]:
    if asked is None:
        return tuple(present)
    absent = [region for region in asked if region not in present]
    if absent:
        raise StudyError(
            f"Source « {name} » : personne dans la région {', '.join(absent)} ; régions présentes "
            f": {', '.join(present)}."
        )
    return tuple(asked)


def _check_grain(name: str, engine: Engine, persons: Frame) -> None:
    counts = engine.collect(
        persons.select(nw.len().alias("rows"), nw.col("person_id").n_unique().alias("different"))
    )
    repeated = int(counts["rows"].iloc[0]) - int(counts["different"].iloc[0])
    if repeated:
        raise TableError(
            f"Source « {name} », table « persons » : {repeated} lignes de trop, "
            "chaque personne doit y figurer une seule fois."
        )


def contents(folder: Path) -> dict[str, str]:
    """The hash (sha256) of each Parquet file of the folder, by its path within it."""
    hashes = {}
    for path in sorted(folder.rglob("*.parquet")):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        hashes[path.relative_to(folder).as_posix()] = digest
    return hashes


def altered(folder: Path) -> list[str]:
    """Files that are no longer what the folder's manifest says; empty without a manifest."""
    declared = _manifest(folder).get("files")
    if declared is None:
        return []
    found = contents(folder)
    return sorted(
        path for path in declared.keys() | found.keys() if declared.get(path) != found.get(path)
    )


def check_integrity(name: str, folder: Path) -> None:
    """DataMissing when a file is absent, added or changed since the folder was made."""
    wrong = altered(folder)
    if wrong:
        raise DataMissing(
            f"Source « {name} » : {', '.join(wrong[:3])} absent, ajouté ou modifié depuis que le "
            f"dossier {folder.name} a été constitué ; le constituer à nouveau."
        )


def fingerprint(folder: Path) -> str:
    """What identifies the folder's data: its manifest's declaration, or a hash of its files."""
    declared = _manifest(folder).get("fingerprint")
    if declared:
        return str(declared)
    listed = json.dumps(contents(folder), sort_keys=True)
    return hashlib.sha256(listed.encode()).hexdigest()


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / "manifest.json"
    if not path.exists():
        return {}
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return manifest
