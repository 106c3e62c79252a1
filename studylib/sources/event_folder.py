"""Opening a folder of event tables written as Parquet: ``FOLDER/<table>/*.parquet``."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import narwhals as nw
import pandas as pd
from pyarrow import parquet

from studylib.errors import DataMissing, DataNotice, StudyError, TableError
from studylib.sources.engine import Engine, Frame
from studylib.sources.integrity import check_integrity, fingerprint, found_once
from studylib.sources.quality import QUALITY_TABLES
from studylib.sources.schemas import EVENT_TABLES
from studylib.sources.source import Source
from studylib.sources.table_checks import check_nulls, check_tables
from studylib.tables import check

_CODE = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()


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

    What its reading has to say first is told as warnings (``DataNotice``). DataMissing when the
    folder or a table it cannot do without is absent or unreadable; StudyError when a region asked
    for has nobody in it.
    """
    if not folder.is_dir():
        raise DataMissing(f"Source « {name} » : le dossier {folder.name} n'existe pas.")
    check_integrity(name, folder)
    chosen = engine or Engine.start()
    files = {table: sorted((folder / table).glob("*.parquet")) for table in EVENT_TABLES}
    tables = {table: _read(name, chosen, found) for table, found in files.items() if found}
    check_tables(name, tables)
    check_nulls(name, chosen, tables, {table: _nulls(name, files[table]) for table in tables})
    extent = found_once(folder, lambda: _extent(name, chosen, tables), by=_CODE)
    kept = _regions(name, regions, extent["regions"])
    if set(kept) != set(extent["regions"]):
        tables = restrict(tables, kept)
        extent["days"] = _days(chosen, tables["observation"])
    _tell(name, quality := read_quality(name, folder))
    return Source(
        name=name,
        engine=chosen,
        tables=tables,
        days=tuple(extent["days"]),
        regions=kept,
        fingerprint=fingerprint(folder),
        synthetic=synthetic,
        truth=truth,
        quality=quality,
    )


def read_quality(name: str, folder: Path) -> dict[str, pd.DataFrame]:
    """What the reading of raw data kept about itself, by table; empty when the folder has none."""
    found = {}
    for table in QUALITY_TABLES.values():
        file = folder / "quality" / f"{table.name}.parquet"
        if file.exists():
            try:
                found[table.name] = check(pd.read_parquet(file), table)
            except (OSError, ValueError) as error:
                raise DataMissing(
                    f"Source « {name} » : quality/{file.name} ne se lit pas ; lire à nouveau les "
                    "données brutes."
                ) from error
    return found


def _tell(name: str, quality: Mapping[str, pd.DataFrame]) -> None:
    """The notices of the reading, as warnings that point at whoever opens the source."""
    if "notices" in quality:
        for table, sentence in quality["notices"][["table", "sentence"]].to_numpy():
            place = f"Source « {name} », table {table}" if table else f"Source « {name} »"
            told = f"{place} : {sentence}."
            warnings.warn(told, DataNotice, stacklevel=4)


def restrict(tables: Mapping[str, Frame], regions: Sequence[str]) -> dict[str, Frame]:
    """The tables with only the persons who live in ``regions``, and stays of people who do."""
    persons = tables["persons"].filter(nw.col("region").is_in(list(regions)))
    return {
        name: frame.filter(nw.col("region").is_in(list(regions)))
        if name in ("persons", "unlinked_stays")
        else frame
        if name in ("establishments", "concept_codes")
        else frame.join(persons.select("person_id"), on="person_id", how="semi")
        for name, frame in tables.items()
    }


def _read(name: str, engine: Engine, files: Sequence[Path]) -> Frame:
    try:
        return engine.read_parquet(files)
    except DataMissing as error:
        raise DataMissing(f"Source « {name} » : {error}") from error


def _unreadable(name: str, file: Path) -> DataMissing:
    return DataMissing(
        f"Source « {name} » : {file.parent.name}/{file.name} ou ses voisins ne se lisent pas "
        "comme du Parquet d'un même format ; les écrire à nouveau."
    )


def _nulls(name: str, files: Sequence[Path]) -> dict[str, int]:
    """Missing values of the columns whose count every file's footer tells."""
    counts: dict[str, int] = {}
    untold: set[str] = set()
    for file in files:
        try:
            footer = parquet.read_metadata(file)
        except (OSError, ValueError) as error:
            raise _unreadable(name, file) from error
        for group in range(footer.num_row_groups):
            for number in range(footer.num_columns):
                column = footer.row_group(group).column(number)
                told = column.statistics
                if told is None or not told.has_null_count:
                    untold.add(column.path_in_schema)
                else:
                    name = column.path_in_schema
                    counts[name] = counts.get(name, 0) + int(told.null_count)
    return {name: count for name, count in counts.items() if name not in untold}


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


def _extent(name: str, engine: Engine, tables: Mapping[str, Frame]) -> dict[str, Any]:
    """The regions and days of the folder, each person being told once."""
    persons = tables["persons"]
    _check_grain(name, engine, persons)
    regions = engine.collect(persons.select("region").unique())["region"]
    return {"regions": sorted(regions), "days": _days(engine, tables["observation"])}


def _days(engine: Engine, observation: Frame) -> list[int]:
    """The first day observed, and the one after the last."""
    span = engine.collect(observation.select(nw.col("start").min(), nw.col("end").max()))
    return [int(span["start"].iloc[0]), int(span["end"].iloc[0])]


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
