"""Opening a folder of event tables written as Parquet: ``FOLDER/<table>/*.parquet``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import narwhals as nw
import pandas as pd

from studylib.errors import DataMissing, StudyError, TableError
from studylib.sources.engine import Engine, Frame
from studylib.sources.schemas import EVENT_TABLES
from studylib.sources.source import Source, check_tables


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
    chosen = engine or Engine.start()
    tables = {
        table: _read(name, chosen, sorted((folder / table).glob("*.parquet")))
        for table in EVENT_TABLES
        if any((folder / table).glob("*.parquet"))
    }
    check_tables(name, tables)
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


def fingerprint(folder: Path) -> str:
    """The fingerprint the folder declares, or a hash of names and contents when it has none."""
    manifest = folder / "manifest.json"
    if manifest.exists():
        return str(json.loads(manifest.read_text(encoding="utf-8"))["fingerprint"])
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.parquet")):
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
