"""How a table is declared and checked: its columns, their kinds, and what small cells need.

A ``Table`` declares its columns once: kind, unit, meaning, and what small-cell control needs to
know. Checks, documentation and disclosure control all derive from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd
from pandas.api import types as dtypes

from studylib.errors import TableError

Kind = Literal["text", "integer", "number", "flag", "day"]


@dataclass(frozen=True)
class Column:
    """One column: what it holds and how it may be shown.

    ``counts`` names what a count column counts (persons, events, stays…); such a column is masked
    when small. ``from_counts`` names the count columns a value can be worked back to; the value is
    withheld whenever one of them is. An ``optional`` column may be absent from the table.
    """

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    nullable: bool = False
    counts: str = ""
    from_counts: tuple[str, ...] = ()
    optional: bool = False


@dataclass(frozen=True)
class Table:
    """The contract of a table: its columns in order and the key that is unique in it.

    A result without any row is a failure, except where it ``may_be_empty``: nothing to release.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    may_be_empty: bool = False

    @property
    def names(self) -> list[str]:
        """Column names in declared order."""
        return [column.name for column in self.columns]

    def column(self, name: str) -> Column:
        """The declared column called ``name``; KeyError when it is not declared."""
        return {column.name: column for column in self.columns}[name]


def _kind_matches(values: pd.Series, kind: Kind) -> bool:
    if kind in ("integer", "day"):
        return dtypes.is_integer_dtype(values.dtype)
    if kind == "number":
        other = dtypes.is_bool_dtype(values.dtype) or dtypes.is_complex_dtype(values.dtype)
        return dtypes.is_numeric_dtype(values.dtype) and not other
    if kind == "flag":
        return dtypes.is_bool_dtype(values.dtype)
    return all(isinstance(value, str) for value in values.dropna())


def missing_columns(names: Iterable[str], table: Table) -> list[str]:
    """The declared columns that are not among ``names``, optional ones apart."""
    present = set(names)
    return [each.name for each in table.columns if each.name not in present and not each.optional]


def check(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """``frame`` with the declared columns first, or a ``TableError`` naming what is wrong.

    >>> steps = Table("steps", (Column("step", "text", "name of the step"),))
    >>> list(check(pd.DataFrame({"persons": [120], "step": ["Population"]}), steps).columns)
    ['step', 'persons']
    """
    absent = missing_columns(frame.columns, table)
    if absent:
        raise TableError(
            f"Table « {table.name} » : colonnes absentes {', '.join(absent)} ; "
            f"reçu {', '.join(map(str, frame.columns))}."
        )
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise TableError(f"Table « {table.name} » : deux colonnes {twice} ; n'en garder qu'une.")
    present = [column for column in table.columns if column.name in frame.columns]
    for column in present:
        values = frame[column.name]
        if not column.nullable and values.isna().any():
            raise TableError(f"Table « {table.name} », colonne {column.name} : valeur manquante.")
        if values.notna().any() and not _kind_matches(values, column.kind):
            raise TableError(
                f"Table « {table.name} », colonne {column.name} : type {values.dtype}, "
                f"attendu {column.kind}."
            )
    if table.key and frame.duplicated(list(table.key)).any():
        raise TableError(f"Table « {table.name} » : la clé {', '.join(table.key)} se répète.")
    extra = [name for name in frame.columns if name not in table.names]
    return frame[[*(column.name for column in present), *extra]]


def empty(table: Table) -> pd.DataFrame:
    """A frame with the declared columns and no row."""
    numpy_types = {"text": "object", "integer": "int64", "day": "int64", "number": "float64"}
    return pd.DataFrame(
        {c.name: pd.Series(dtype=numpy_types.get(c.kind, "bool")) for c in table.columns}
    )


def stack(named: Mapping[str, pd.DataFrame], column: str = "analysis") -> pd.DataFrame:
    """The frames one under the other, each carrying its name in ``column``.

    >>> stack({"primary": pd.DataFrame({"estimate": [0.8]})}).loc[0, "analysis"]
    'primary'
    """
    parts = [frame.assign(**{column: name}) for name, frame in named.items()]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


@dataclass(frozen=True)
class CheckResult:
    """A diagnostic: it passes, fails, or only informs (``passed`` is None), in a sentence.

    A diagnostic that could not be run is not ``evaluated``: neither passed nor failed, and not to
    be taken for either.
    """

    name: str
    passed: bool | None
    table: pd.DataFrame
    text: str
    evaluated: bool = True
