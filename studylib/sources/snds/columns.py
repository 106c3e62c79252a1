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
# Compared, never shown nor computed with: left as stored where every file stores them alike, for
# each of them costs more to convert than to read. One padded in a table only would match nothing,
# which the links of the quality tables tell.
AS_STORED = frozenset(
    {
        "FLX_EMT_TYP",
        "FLX_EMT_NUM",
        "FLX_EMT_ORD",
        "ORG_CLE_NUM",
        "DCT_ORD_NUM",
        "PRS_ORD_NUM",
        "REM_TYP_AFF",
        "PHA_ORD_NUM",
        "UCD_ORD_NUM",
        "BEN_NIR_PSA",
        "BEN_IDT_ANO",
        "BEN_NIR_ANO",
    }
)
_WANTED = {
    "text": "un texte (ou un entier)",
    "day": "une date",
    "integer": "un entier",
    "number": "un nombre",
}


def typed(
    stored: str, kind: nw.dtypes.DType, column: RawColumn, place: str, *, alike: bool = False
) -> nw.Expr:
    """The expression that types the stored column; TableError when its type has no meaning here.

    ``place`` names source, table and column in the message; ``alike`` says that every file of the
    table stores the column under that type.
    """
    value = nw.col(stored)
    if alike and column.name in AS_STORED and _is_right(kind, column.kind):
        return value
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


def _is_right(kind: nw.dtypes.DType, wanted: str) -> bool:
    return isinstance(kind, nw.String) if wanted == "text" else kind.is_integer()


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
    """A number; what is none (NaN, infinite, a fraction where a whole one is due) is missing."""
    if not (kind.is_numeric() or isinstance(kind, nw.Boolean)):
        return None
    if kind.is_float():
        sound = value.is_finite() & (value == value.floor()) if whole else value.is_finite()
        value = nw.when(sound).then(value)
    return value.cast(nw.Int64() if whole else nw.Float64())


def digits(column: str) -> nw.Expr:
    """A whole number from a text of digits; null for any other text."""
    written = nw.col(column)
    return nw.when(written.str.contains("^[0-9]{1,18}$")).then(written).cast(nw.Int64())
