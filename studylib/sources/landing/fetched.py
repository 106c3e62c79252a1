"""Rows fetched from a database as Arrow: types settled once, by the layout or the cursor."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa

from studylib.sources.landing.casting import ARROW_TYPES
from studylib.sources.landing.known import known
from studylib.sources.landing.recognition import Target

_WIDEST_INTEGER = 18


def schema_of(
    columns: Sequence[str], described: Sequence[Sequence[Any]], target: Target
) -> pa.Schema:
    """The types of the columns: the layout's where it knows them, else those of the cursor.

    ``described`` is a DB-API description: name, type, display size, internal size, precision,
    scale, null. A number without precision is a double, whole numbers of 18 digits are integers.
    """
    kinds = known(target).kinds
    return pa.schema(
        [
            (name, ARROW_TYPES[kinds[name]] if name in kinds else _of_cursor(column))
            for name, column in zip(columns, described, strict=True)
        ]
    )


def _of_cursor(column: Sequence[Any]) -> pa.DataType:
    kind = str(getattr(column[1], "name", column[1])).upper()
    if "DATE" in kind or "TIMESTAMP" in kind:
        return pa.timestamp("us")
    if "NUMBER" in kind or "BINARY_" in kind or "INT" in kind:
        precision, scale = column[4], column[5]
        whole = scale == 0 and precision and precision <= _WIDEST_INTEGER
        return pa.int64() if whole else pa.float64()
    return pa.string()


def table_of(rows: Sequence[Sequence[Any]], schema: pa.Schema) -> pa.Table:
    """The rows as an Arrow table of that schema; ValueError or TypeError for a wrong value."""
    arrays = []
    for position, field in enumerate(schema):
        convert = _CONVERSIONS[_kind(field.type)]
        values = [row[position] for row in rows]
        arrays.append(
            pa.array([None if v is None else convert(v) for v in values], type=field.type)
        )
    return pa.Table.from_arrays(arrays, schema=schema)


def _kind(kind: pa.DataType) -> str:
    return next(
        name
        for name, test in (
            ("text", pa.types.is_string),
            ("integer", pa.types.is_integer),
            ("number", pa.types.is_floating),
            ("day", pa.types.is_date),
            ("moment", pa.types.is_timestamp),
        )
        if test(kind)
    )


def _text(value: Any) -> str:
    """A code as text: a number keeps no decimal point."""
    if isinstance(value, float | Decimal) and value == int(value):
        return str(int(value))
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def _whole(value: Any) -> int:
    number = Decimal(str(value).strip())
    if number != int(number):
        raise ValueError(f"{value} n'est pas entier")
    return int(number)


def _number(value: Any) -> float:
    return float(str(value).replace(",", ".")) if isinstance(value, str) else float(value)


def _day(value: Any) -> dt.date:
    if isinstance(value, dt.datetime):
        return value.date()
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value)[:10])


def _moment(value: Any) -> dt.datetime:
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=None)
    return dt.datetime.combine(value, dt.time())


_CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "text": _text,
    "integer": _whole,
    "number": _number,
    "day": _day,
    "moment": _moment,
}
