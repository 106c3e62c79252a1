"""The rules of a line of hospital drugs: its code, its number, its price, and when it counts.

Sources: documentation of the SNDS (liste en sus), table descriptions of December 2020.
"""

from __future__ import annotations

import narwhals as nw

from studylib.sources.snds.columns import digits

EARLY_ACCESS = "T_MCOaaMEDATU"
OLDEST = 2  # years before that of the table: an older administration is an error of date


def ucd7(column: str) -> nw.Expr:
    """UCD7 of a code in any of its forms; null when it has none.

    Six zeros and the UCD7, the official thirteen characters (34008, UCD7, key), nine characters
    filled with zeros, or the seven.
    """
    bare = nw.col(column).str.replace_all("[^0-9]", "").str.replace_all("^0+", "")
    official = bare.str.starts_with("34008") & (bare.str.len_chars() == 13)
    return (
        nw.when(official)
        .then(bare.str.slice(5, 7))
        .when(bare.str.len_chars() == 7)
        .then(bare)
        .otherwise(nw.lit(None, nw.String()))
    )


def ucd_form(column: str) -> nw.Expr:
    """How a code is written: UCD7, UCD9, UCD13 (official), six_zeros, or other."""
    length = nw.col(column).str.len_chars()
    return (
        nw.when(length == 7)
        .then(nw.lit("UCD7"))
        .when(length == 9)
        .then(nw.lit("UCD9"))
        .when((length == 13) & nw.col(column).str.starts_with("34008"))
        .then(nw.lit("UCD13"))
        .when((length == 13) & nw.col(column).str.starts_with("000000"))
        .then(nw.lit("six_zeros"))
        .otherwise(nw.lit("other"))
    )


def month_of(year: str, month: str) -> nw.Expr:
    """A month as YYYYMM from a year and a two-character month."""
    return nw.col(year) * 100 + digits(month)


def shares(column: str) -> nw.Expr:
    """Stays the line is written on, each with the total: number and amount are divided by it."""
    return nw.when(nw.col(column) > 1).then(nw.col(column)).otherwise(nw.lit(1)).cast(nw.Float64())


def has_no_number() -> nw.Expr:
    """Corrections and empty lines: a number that is not above zero."""
    return ~(nw.col("number") > 0).fill_null(False)


def is_too_old() -> nw.Expr:
    """Administered more than two years before the year of the table."""
    return (nw.col("month") < (nw.col("YEAR") - OLDEST) * 100).fill_null(False)


def is_off_list() -> nw.Expr:
    """Not on the liste en sus in the month of administration."""
    return nw.col("listed").is_null()


def is_early_access() -> nw.Expr:
    """Lines of early access, which the list does not rule."""
    return nw.col("table") == EARLY_ACCESS


def line_reason() -> nw.Expr:
    """Why a line is set aside, that of its stay first; null when it is kept."""
    tests = (
        (has_no_number(), "nonpositive_number"),
        (is_too_old(), "old_year"),
        (nw.col("ucd7").is_null(), "unknown_code"),
        (nw.col("day").is_null(), "impossible_date"),
        (is_off_list() & ~is_early_access(), "off_list"),
    )
    reason = nw.lit(None, nw.String())
    for test, key in reversed(tests):
        reason = nw.when(test).then(nw.lit(key)).otherwise(reason)
    return nw.coalesce(nw.col("reason"), reason)


def tariff() -> nw.Expr:
    """Responsibility tariff in force on the day; null without one."""
    later = (nw.col("day") >= nw.col("change_day")).fill_null(False)
    return nw.when(later).then(nw.col("next_tariff")).otherwise(nw.col("tariff"))


def capped() -> nw.Expr:
    """What is paid for the line: its price, at most its number at the responsibility tariff."""
    most = nw.col("number") * nw.col("tariff")
    return nw.when(nw.col("price") > most).then(most).otherwise(nw.col("price"))
