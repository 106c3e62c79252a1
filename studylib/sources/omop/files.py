"""Where the tables of a CDM are in its folder, and CSV exports copied to Parquet as text."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyarrow import csv as arrow_csv
from pyarrow import parquet

from studylib.errors import DataMissing, TableError
from studylib.sources.omop import layout

_FORMS = (".parquet", ".csv")
_BLOCK = 16 * 2**20  # bytes of CSV read at once


def locate(name: str, folder: Path) -> dict[str, list[Path]]:
    """The files of each known table below ``folder``, whatever the case of their names.

    ``TABLE.parquet``, ``TABLE.csv``, or a folder ``TABLE`` of such files. DataMissing when the
    folder is absent, or when a table is there in two forms.
    """
    if not folder.is_dir():
        raise DataMissing(f"Source « {name} » : le dossier {folder.name} n'existe pas.")
    known, found = layout.tables(), dict[str, list[Path]]()
    for path in sorted(folder.iterdir()):
        inside = path.is_dir()
        table = (path.name if inside else path.stem).lower()
        files = sorted(path.iterdir()) if inside else [path]
        files = [file for file in files if file.suffix.lower() in _FORMS]
        if table not in known or not files:
            continue
        forms = {file.suffix.lower() for file in (*files, *found.get(table, ()))}
        if table in found or len(forms) > 1:
            raise DataMissing(
                f"Source « {name} », table « {table} » : elle est présente sous deux formes "
                f"({files[0].name} et une autre) ; n'en garder qu'une."
            )
        found[table] = files
    return found


def require(name: str, found: Mapping[str, Sequence[Path]], tables: Sequence[str]) -> None:
    """DataMissing naming the tables that are needed and absent."""
    absent = [table for table in tables if table not in found]
    if absent:
        raise DataMissing(
            f"Source « {name} » : tables OMOP absentes {', '.join(absent)} ; attendues comme "
            f"{absent[0]}.parquet, {absent[0]}/*.parquet ou {absent[0]}.csv."
        )


def columns(name: str, table: str, files: Sequence[Path]) -> list[str]:
    """The columns the table's files share; TableError or DataMissing when they cannot be read."""
    return list(alike(name, table, files)[0].columns)


@dataclass(frozen=True)
class Alike:
    """Files of one table written alike: their columns, each with its stored type."""

    files: tuple[Path, ...]
    columns: Mapping[str, str]

    @property
    def without_values(self) -> set[str]:
        """Columns that hold nothing in these files, and so have no type of their own."""
        return {column for column, stored in self.columns.items() if stored == "null"}


def alike(name: str, table: str, files: Sequence[Path]) -> list[Alike]:
    """The files of a table, those whose columns have the same types together.

    A column without values is written without type, so that parts of one table may differ.
    TableError when they do not have the same columns, DataMissing when one cannot be read.
    """
    groups: dict[tuple[tuple[str, str], ...], list[Path]] = {}
    for file in files:
        read = _header(name, file) if file.suffix.lower() == ".csv" else _footer(name, file)
        if groups and sorted(read) != sorted(dict(next(iter(groups)))):
            raise TableError(
                f"Source « {name} », table « {table} » : {file.name} n'a pas les colonnes de "
                f"{files[0].name} ; écrire tous les fichiers de la table de la même façon."
            )
        groups.setdefault(tuple(sorted(read.items())), []).append(file)
    return [Alike(tuple(found), dict(read)) for read, found in groups.items()]


def _footer(name: str, file: Path) -> dict[str, str]:
    try:
        schema = parquet.read_schema(file)
    except (OSError, ValueError) as error:
        raise unreadable(name, file) from error
    return {column.name: str(column.type) for column in schema}


def unreadable(name: str, file: Path) -> DataMissing:
    """The refusal of a file that is not Parquet, or no longer."""
    return DataMissing(
        f"Source « {name} » : {file.parent.name}/{file.name} ne se lit pas comme du Parquet ; le "
        "fichier est coupé ou abîmé, l'exporter à nouveau."
    )


def _header(name: str, file: Path) -> dict[str, str]:
    with file.open("rb") as opened:
        line = opened.readline()
    try:
        text = line.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        raise _not_utf8(name, file) from None
    if not text:
        raise DataMissing(f"Source « {name} » : {file.name} est vide, sans même un en-tête.")
    return dict.fromkeys(next(csv.reader([text], delimiter=_separator(text))), "string")


def _separator(header: str) -> str:
    """OHDSI exports use commas; vocabularies downloaded from Athena use tabs."""
    return max("\t,;", key=header.count)


def _not_utf8(name: str, file: Path) -> TableError:
    return TableError(
        f"Source « {name} » : {file.name} n'est pas en UTF-8 ; l'exporter dans cet encodage."
    )


def as_parquet(name: str, file: Path, target: Path, wanted: Sequence[str]) -> Path:
    """Copies the columns ``wanted`` of a CSV file to ``target`` as text, block by block.

    TableError naming the file when a line does not have its columns or is not UTF-8.
    """
    header = list(_header(name, file))
    kept = [column for column in header if column.lower() in wanted]
    try:
        reader = _batches(file, header, kept)
        with parquet.ParquetWriter(target, reader.schema, compression="zstd") as writer:
            for batch in reader:
                writer.write_batch(batch)
    except pa.ArrowInvalid as error:
        if "UTF8" in str(error):
            raise _not_utf8(name, file) from error
        if "Empty CSV" in str(error):  # a header alone: a table without lines
            empty = pa.table({column: pa.array([], pa.string()) for column in kept})
            parquet.write_table(empty, target)
            return target
        raise TableError(
            f"Source « {name} » : {file.name} ne se lit pas comme du CSV{_place(str(error))} ; une "
            f"ligne n'a pas les {len(header)} colonnes de l'en-tête, exporter le fichier à nouveau."
        ) from error
    return target


def _batches(file: Path, header: list[str], kept: list[str]) -> arrow_csv.CSVStreamingReader:
    """The columns ``kept`` as text, by blocks."""
    with file.open("rb") as opened:
        separator = _separator(opened.readline().decode("utf-8-sig"))
    from_athena = separator == "\t"  # never quoted: a lone quote is part of a name
    return arrow_csv.open_csv(
        file,
        arrow_csv.ReadOptions(
            use_threads=False, block_size=_BLOCK, column_names=header, skip_rows=1
        ),
        arrow_csv.ParseOptions(
            delimiter=separator,
            quote_char=False if from_athena else '"',
            newlines_in_values=not from_athena,
        ),
        arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(kept, pa.string()),
            include_columns=kept,
            null_values=["", "NULL", "NA", "\\N"],
            strings_can_be_null=True,
        ),
    )


def _place(message: str) -> str:
    """Where pyarrow stopped, without the line itself: it is a person's."""
    found = re.search(r"Row #(\d+): Expected (\d+) columns, got (\d+)", message)
    return f", ligne {int(found[1])} ({found[3]} valeurs)" if found else ""
