"""One stored column as the type that the layout fixes, or a sentence on why it cannot be."""

from __future__ import annotations

from datetime import date

import narwhals as nw

from studylib.errors import TableError
from studylib.sources.snds.layout import RawColumn

EPOCH = date(1970, 1, 1)
EMPTY: dict[str, nw.dtypes.DType] = {
    "text": nw.String(),
    "day": nw.Int64(),
    "integer": nw.Int64(),
    "number": nw.Float64(),
}
_WANTED = {
    "text": "un texte (ou un entier)",
    "day": "une date",
    "integer": "un entier",
    "number": "un nombre",
}


def typed(stored: str, kind: nw.dtypes.DType, column: RawColumn, place: str) -> nw.Expr:
    """The expression that types the stored column; TableError when its type has no meaning here.

    ``place`` names source, table and column in the message.
    """
    value = nw.col(stored)
    if isinstance(kind, nw.Unknown):  # a column without any value has no type in the file
        return nw.lit(None, EMPTY[column.kind])
    if column.kind == "text":
        converted = _text(value, kind, column.width)
    elif column.kind == "day":
        converted = _day(value, kind)
    else:
        converted = _number(value, kind, whole=column.kind == "integer")
    if converted is None:
        raise TableError(
            f"{place} : type {kind}, attendu {_WANTED[column.kind]} ; "
            "convertir à l'extraction, ou reprendre les fichiers avec « studylib import »."
        )
    return converted


def _text(value: nw.Expr, kind: nw.dtypes.DType, width: int | None) -> nw.Expr | None:
    """Trimmed text; a code kept as a number gets back the zeros it lost at the left."""
    if isinstance(kind, nw.String | nw.Categorical):
        trimmed = value.str.strip_chars()
        return nw.when(trimmed != "").then(trimmed)
    if isinstance(kind, nw.Boolean):
        return value.cast(nw.Int64()).cast(nw.String())
    if not kind.is_numeric():
        return None
    written = value.cast(nw.Int64()).cast(nw.String())
    return written.str.zfill(width) if width else written


def _day(value: nw.Expr, kind: nw.dtypes.DType) -> nw.Expr | None:
    """Days since 1970-01-01; a time of day is cut off."""
    if isinstance(kind, nw.Datetime):
        value = value.dt.date()
    elif not isinstance(kind, nw.Date):
        return None
    return (value - nw.lit(EPOCH)).cast(nw.Int64())


def _number(value: nw.Expr, kind: nw.dtypes.DType, *, whole: bool) -> nw.Expr | None:
    if not (kind.is_numeric() or isinstance(kind, nw.Boolean)):
        return None
    return value.cast(nw.Int64() if whole else nw.Float64())
