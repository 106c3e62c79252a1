"""Raw columns turned into whole numbers, days, numbers and text, with what cannot be."""

from __future__ import annotations

from collections.abc import Callable

import narwhals as nw

from studylib.sources.omop.layout import Kind

_WHOLE = r"^\s*-?\d{1,18}(\.0*)?\s*$"
_NUMBER = r"^\s*-?\d+(\.\d*)?([eE][-+]?\d+)?\s*$"
_DAY = r"^\s*\d{4}-?(0[1-9]|1[0-2])-?(0[1-9]|[12]\d|3[01])([ T].*)?\s*$"
_NUMERIC = (nw.Decimal, nw.Float64, nw.Float32)
_INTEGERS = (nw.Int64, nw.Int32, nw.Int16, nw.Int8, nw.UInt64, nw.UInt32, nw.UInt16, nw.UInt8)
_BEFORE_MONTH = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)

Converted = tuple[nw.Expr, nw.Expr | None]


def convert(name: str, stored: nw.dtypes.DType, kind: Kind) -> Converted | None:
    """The column ``name`` as ``kind``, and where it cannot be so; None when its type never can.

    OMOP files keep identifiers as floating numbers and dates as timestamps or text: what is meant
    is kept, and a value that means nothing else is told, not turned into a missing one.
    """
    rules: dict[Kind, Callable[[str, nw.dtypes.DType], Converted | None]] = {
        "integer": _integer,
        "number": _number,
        "day": _day,
        "text": _text,
    }
    return rules[kind](name, stored)


def _integer(name: str, stored: nw.dtypes.DType) -> Converted | None:
    column = nw.col(name)
    if isinstance(stored, _INTEGERS):
        return column.cast(nw.Int64), None
    if isinstance(stored, _NUMERIC):
        filled = _filled(name)
        return filled.cast(nw.Int64), filled.floor() != filled
    if isinstance(stored, nw.String):
        fits = column.str.contains(_WHOLE)
        digits = column.str.strip_chars().str.replace_all(r"\.0*$", "")
        return nw.when(fits).then(digits).cast(nw.Int64), ~fits
    return None


def _number(name: str, stored: nw.dtypes.DType) -> Converted | None:
    if isinstance(stored, _INTEGERS):
        return nw.col(name).cast(nw.Float64), None
    if isinstance(stored, _NUMERIC):
        return _filled(name), None
    if isinstance(stored, nw.String):
        fits = nw.col(name).str.contains(_NUMBER)
        return nw.when(fits).then(nw.col(name).str.strip_chars()).cast(nw.Float64), ~fits
    return None


def _filled(name: str) -> nw.Expr:
    """A floating column whose « not a number » is a missing value, as pandas writes one."""
    value = nw.col(name).cast(nw.Float64)
    return nw.when(~value.is_nan()).then(value)


def _text(name: str, stored: nw.dtypes.DType) -> Converted | None:
    if isinstance(stored, nw.String):
        return nw.col(name).str.strip_chars(), None
    if isinstance(stored, _INTEGERS):
        return nw.col(name).cast(nw.String), None
    if isinstance(stored, _NUMERIC):
        return _filled(name).cast(nw.Int64).cast(nw.String), None
    return None


def _day(name: str, stored: nw.dtypes.DType) -> Converted | None:
    column = nw.col(name)
    if isinstance(stored, nw.Date | nw.Datetime):
        return _whole_days(column), None
    if not isinstance(stored, nw.String):
        return None
    fits = column.str.contains(_DAY)
    digits = column.str.strip_chars().str.replace_all("-", "")
    year, month, day = (
        nw.when(fits).then(digits.str.slice(start, length)).cast(nw.Int64)
        for start, length in ((0, 4), (4, 2), (6, 2))
    )
    too_late = (
        ((day == 31) & month.is_in([4, 6, 9, 11]))
        | ((month == 2) & (day > 29))
        | ((month == 2) & (day == 29) & ~_leap(year))
    )
    written = nw.when(fits).then(digits.str.slice(0, 8)).str.to_date(format="%Y%m%d")
    return _whole_days(written), ~fits | (fits & too_late)


def _whole_days(value: nw.Expr) -> nw.Expr:
    since = _since_epoch(value.dt.year().cast(nw.Int64))
    return since + value.dt.ordinal_day().cast(nw.Int64) - 1


def civil_day(year: nw.Expr, month: nw.Expr, day: nw.Expr) -> nw.Expr:
    """Days from 1970-01-01 to the day of the calendar that these whole numbers write.

    Integer arithmetic, the same on every engine.
    """
    before = nw.lit(_BEFORE_MONTH[0])
    for number, days in enumerate(_BEFORE_MONTH[1:], start=2):
        before = nw.when(month == number).then(nw.lit(days)).otherwise(before)
    longer = nw.when(_leap(year) & (month > 2)).then(1).otherwise(0)
    return (_since_epoch(year) + before + longer + day - 1).cast(nw.Int64)


def _leap(year: nw.Expr) -> nw.Expr:
    return (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))


def _since_epoch(year: nw.Expr) -> nw.Expr:
    """Days from 1970-01-01 to the first of January of ``year`` (of the years 1 and after)."""
    past = year - 1
    fours, hundreds, four_hundreds = (
        (past / span).floor().cast(nw.Int64) for span in (4, 100, 400)
    )
    return (year - 1970) * 365 + fours - hundreds + four_hundreds - 477
