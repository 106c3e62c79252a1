"""Event tables held against their contracts: tables, columns, types, missing values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals as nw

from studylib.errors import DataMissing, TableError
from studylib.sources.engine import Engine, Frame
from studylib.sources.schemas import EVENT_TABLES
from studylib.tables import Table, missing_columns

_EXPECTED: Mapping[str, tuple[type[nw.dtypes.DType], ...]] = {
    "text": (nw.String,),
    "integer": (nw.Int64, nw.Int32, nw.Int16, nw.Int8),
    "day": (nw.Int64, nw.Int32, nw.Int16),
    "number": (nw.Float64, nw.Float32, nw.Decimal, nw.Int64, nw.Int32),
    "flag": (nw.Boolean,),
}


def check_layout(name: str, columns: Mapping[str, Any], table: Table) -> None:
    """Raises TableError unless ``columns`` (name → type) has what the contract declares."""
    absent = missing_columns(columns, table)
    if absent:
        raise TableError(
            f"Source « {name} », table « {table.name} » : colonnes absentes "
            f"{', '.join(absent)} ; reçu {', '.join(columns)}."
        )
    for column in table.columns:
        if column.name not in columns:
            continue
        if not isinstance(columns[column.name], _EXPECTED[column.kind]):
            raise TableError(
                f"Source « {name} », table « {table.name} », colonne {column.name} : type "
                f"{columns[column.name]}, attendu {column.kind} ; convertir à l'écriture."
            )


def check_tables(name: str, tables: Mapping[str, Frame]) -> None:
    """Checks every table against its contract; DataMissing names the tables that are not there."""
    absent = [table for table in ("persons", "observation", "dispensings") if table not in tables]
    if absent:
        raise DataMissing(f"Source « {name} » : tables absentes {', '.join(absent)}.")
    for table_name, frame in tables.items():
        check_layout(name, frame.collect_schema(), EVENT_TABLES[table_name])


def check_nulls(
    name: str,
    engine: Engine,
    tables: Mapping[str, Frame],
    known: Mapping[str, Mapping[str, int]],
) -> None:
    """Raises TableError when a column that must be filled has missing values.

    ``known`` holds the missing values already counted, by table and column; others are counted.
    """
    for table_name, frame in tables.items():
        needed = [column.name for column in EVENT_TABLES[table_name].columns if not column.nullable]
        counts = dict(known.get(table_name, {}))
        untold = [column for column in needed if column not in counts]
        if untold:
            nulls = frame.select(*[nw.col(each).is_null().sum().alias(each) for each in untold])
            found = engine.collect(nulls).iloc[0]
            counts |= {each: int(found[each] or 0) for each in untold}
        for column in needed:
            if counts[column]:
                raise TableError(
                    f"Source « {name} », table « {table_name} », colonne {column} : "
                    f"{counts[column]} valeurs manquantes ; compléter ou écarter ces lignes."
                )
