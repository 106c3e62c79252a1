"""Raw tables of the SNDS as lazy frames: found, united over years and archives, typed, checked.

``LOCATION/<TABLE>/**/*.parquet``: ``ER_PRS_F_2021`` holds an archived year of flows and
``ER_PRS_F`` those after the last archive; ``T_MCO21B`` holds a year of the PMSI.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import narwhals as nw
import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from studylib.errors import DataMissing, TableError
from studylib.sources.engine import Engine, Frame
from studylib.sources.snds import layout
from studylib.sources.snds.columns import EMPTY, typed
from studylib.sources.snds.layout import RawTable
from studylib.sources.snds.naming import (
    BESIDE,
    among,
    check_folder,
    check_magic,
    folder_pattern,
    is_stray,
    shown,
)

CENTURY = 2000


@dataclass(frozen=True)
class Part:
    """Files of one table that share a year (None when the table has none) and a layout."""

    folder: str
    year: int | None
    files: tuple[Path, ...]
    columns: tuple[str, ...]


@dataclass
class Raw:
    """The raw tables below a folder.

    ``name`` is the source's, for messages. ``absent_columns`` fills as tables are read: one row
    per declared column that a year does not have (table, column, year, form, lines).
    """

    name: str
    folder: Path
    engine: Engine
    absent_columns: dict[tuple[str, str, int], str] = field(default_factory=dict)
    flow_cells: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False)
    _found: dict[str, list[Part]] = field(default_factory=dict, repr=False)

    @cached_property
    def _folders(self) -> dict[str, list[Path]]:
        """Folders that hold a table, by table name in capitals."""
        check_folder(self.name, self.folder)
        found: dict[str, list[Path]] = defaultdict(list)
        for path in sorted(self.folder.iterdir()):
            if path.is_dir():
                found[path.name.upper()].append(path)
        return found

    def has(self, table: str) -> bool:
        """Whether the table is there, for at least one year."""
        return bool(self._parts(layout.table(table)))

    def years(self, table: str) -> tuple[int, ...]:
        """Years of a PMSI table, or of the archives of a table of flows; in order."""
        years = {part.year for part in self._parts(layout.table(table))}
        return tuple(sorted(year for year in years if year is not None))

    def collected(self, table: str, column: str, year: int) -> bool:
        """Whether the column existed in that year, whatever the files hold."""
        return layout.table(table).column(column).collected_in(year)

    def parts(self, table: str) -> list[Part]:
        """The files of the table by year and layout; empty when it is not there."""
        return self._parts(layout.table(table))

    def strangers(self) -> list[str]:
        """What is there and is not read: folders of no known table, files that are no Parquet."""
        known = [folder_pattern(declared) for declared in layout.tables().values()]
        found = [file.name for file in sorted(self.folder.glob("*.parquet"))]
        for name, folders in self._folders.items():
            if not any(pattern.fullmatch(name) for pattern in known):
                found += [] if name in BESIDE or name.startswith(".") else [folders[0].name]
                continue
            files = sorted(path for folder in folders for path in folder.rglob("*.*"))
            found += [f"{folders[0].name}/{file.name}" for file in files if is_stray(file)]
        return found

    def files(self, table: str) -> list[Path]:
        """Every file of the table, in order."""
        return [file for part in self._parts(layout.table(table)) for file in part.files]

    def table(
        self, name: str, columns: Sequence[str] | None = None, *, archive: bool = False
    ) -> Frame:
        """All years and archives of a table: columns in capitals, typed as the layout says.

        Days are integers since 1970-01-01 (times of day are cut off; 1600-01-01 stays -135140),
        text is trimmed and empty text is null. Tables of the PMSI have a column YEAR. A column not
        collected in a year is null there. ``columns`` restricts to those named; ``archive`` adds
        the column ARCHIVE to a table of flows, the year its archive has in its name (0 for none).

        DataMissing when the table, or a year between two others, is absent, or a file cannot be
        read; TableError when a required column is absent or has a type that cannot be understood.
        """
        declared = layout.table(name)
        parts = self._parts(declared)
        if not parts:
            raise DataMissing(
                f"Source « {self.name} » : la table {name} est absente de {self.folder.name} ; "
                f"attendu un dossier {shown(declared)} de fichiers Parquet."
            )
        self._check_years(declared, parts)
        chosen = [column for column in declared.names if columns is None or column in columns]
        alike = _stored_alike(parts)
        if not archive:
            merged = _merged(declared, parts)
            return nw.concat([self._typed(declared, part, chosen, alike) for part in merged])
        return nw.concat(
            [
                self._typed(declared, part, chosen, alike).with_columns(
                    nw.lit(part.year or 0, nw.Int64()).alias("ARCHIVE")
                )
                for part in parts
            ]
        )

    def codings(self) -> pd.DataFrame:
        """Columns found absent by the readings so far, as rows of the table ``codings``."""
        rows = [
            (table, column, year, form, 0)
            for (table, column, year), form in sorted(self.absent_columns.items())
        ]
        return pd.DataFrame(rows, columns=["table", "column", "year", "form", "lines"])

    def _parts(self, declared: RawTable) -> list[Part]:
        """The parts of a table; each file's schema is read once."""
        if declared.name not in self._found:
            self._found[declared.name] = self._look_for(declared)
        return self._found[declared.name]

    def _look_for(self, declared: RawTable) -> list[Part]:
        pattern = folder_pattern(declared)
        parts = []
        for folder_name, folders in self._folders.items():
            match = pattern.fullmatch(folder_name)
            if not match:
                continue
            found = match.groupdict().get("year")
            year = None if found is None else int(found) + (CENTURY if len(found) == 2 else 0)
            for folder in folders:
                parts += self._parts_of(folder, year)
        return parts

    def _parts_of(self, folder: Path, year: int | None) -> list[Part]:
        """The files of a folder, put together when they have the same columns and types."""
        groups: dict[tuple[str, ...], list[Path]] = defaultdict(list)
        for file in sorted(folder.rglob("*.parquet")):
            schema = self._schema(folder.name, file)
            groups[tuple(f"{f.name}:{f.type}" for f in schema)].append(file)
        return [Part(folder.name, year, tuple(files), key) for key, files in groups.items()]

    def _schema(self, table: str, file: Path) -> pa.Schema:
        try:
            check_magic(file)
            schema: pa.Schema = parquet.read_schema(file)
            schema.names  # noqa: B018 - names that are no text are told here too
        except (pa.ArrowException, OSError, ValueError) as error:
            raise DataMissing(
                f"Source « {self.name} », table {table} : le fichier {file.name} ne se lit pas "
                "comme du Parquet (tronqué, ou d'un autre format) ; l'extraire à nouveau."
            ) from error
        return schema

    def _check_years(self, declared: RawTable, parts: Sequence[Part]) -> None:
        years = sorted({part.year for part in parts if part.year is not None})
        gaps = [year for year in range(years[0], years[-1]) if year not in years] if years else []
        if gaps:
            raise DataMissing(
                f"Source « {self.name} », table {declared.name} : année "
                f"{', '.join(map(str, gaps))} absente entre {years[0]} et {years[-1]} ; "
                "la déposer, ou déclarer une source par période continue."
            )

    def _typed(
        self, declared: RawTable, part: Part, chosen: Sequence[str], alike: frozenset[str]
    ) -> Frame:
        frame = self.engine.read_parquet(part.files)
        schema = self.engine.columns(frame)
        stored = {column.upper(): column for column in schema}
        year = part.year or 0
        expressions = []
        for name in chosen:
            column = declared.column(name)
            if name in stored:
                place = f"Source « {self.name} », table {part.folder}, colonne {name}"
                kind = schema[stored[name]]
                value = typed(stored[name], kind, column, place, alike=name in alike)
                expressions.append(value.alias(name))
                continue
            collected = part.year is None or column.collected_in(part.year)
            if column.required and collected:
                raise TableError(
                    f"Source « {self.name} », table {part.folder} ({part.files[0].name}) : "
                    f"colonne {name} absente {among(name, stored)} ; l'extraire à nouveau."
                )
            form = "absent" if collected else "not_collected"
            self.absent_columns[declared.name, name, year] = form
            expressions.append(nw.lit(None, EMPTY[column.kind]).alias(name))
        if declared.partition == "year":
            expressions.append(nw.lit(year, nw.Int64()).alias("YEAR"))
        return frame.select(*expressions)


def _stored_alike(parts: Sequence[Part]) -> frozenset[str]:
    """Columns that every part has, under one same type."""
    types: dict[str, set[str]] = defaultdict(set)
    for part in parts:
        for column in part.columns:
            name, _, kind = column.partition(":")
            types[name.upper()].add(kind)
    everywhere = (set(name.partition(":")[0].upper() for name in part.columns) for part in parts)
    common = frozenset.intersection(*map(frozenset, everywhere))
    return frozenset(name for name in common if len(types[name]) == 1)


def _merged(declared: RawTable, parts: Sequence[Part]) -> list[Part]:
    """Archives of one same layout read together: fewer branches to plan than one per year."""
    if declared.partition == "year":
        return list(parts)
    groups: dict[tuple[str, ...], list[Part]] = defaultdict(list)
    for part in parts:
        groups[part.columns].append(part)
    return [
        Part(same[0].folder, same[0].year, tuple(f for p in same for f in p.files), columns)
        for columns, same in groups.items()
    ]
