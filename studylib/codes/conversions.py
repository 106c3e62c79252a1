"""From one spelling of a drug code to another, one code at a time or a whole column.

A presentation is a CIP7 or a CIP13 (``34009``, the CIP7, an EAN-13 key); a dispensing unit is a
UCD7 or a UCD13 (``34008``, the UCD7, the key). The SNDS also pads the UCD7 with zeros, to 9 or 13
characters. The column functions are Narwhals expressions: they run in the engine, and give null
for what is no code rather than a wrong one. The result of a column given by name keeps that name;
that of an expression is to be named with ``alias``.
"""

from __future__ import annotations

import narwhals as nw

from studylib.codes.drugs import CIP13, UCD7, UCD13
from studylib.errors import CodeError

_CIP, _UCD = "34009", "34008"
_FILLER = "0000000"  # a number where there is no code, so that its digits can be read


def cip7_from_cip13(cip13: str) -> str:
    """The CIP7 of a CIP13; CodeError when it is no CIP13.

    >>> cip7_from_cip13("3400949497294")
    '4949729'
    """
    return CIP13.check(cip13)[5:12]


def ucd7_from_ucd13(ucd13: str) -> str:
    """The UCD7 of a UCD13, official or padded with zeros as in the SNDS; CodeError otherwise.

    >>> ucd7_from_ucd13("3400890002943"), ucd7_from_ucd13("0000009000294")
    ('9000294', '9000294')
    """
    if not isinstance(ucd13, str):
        raise CodeError(f"Code UCD {ucd13!r} refusé : un code est du texte et non un nombre.")
    bare = ucd13.lstrip("0")
    if len(ucd13) in (9, 13) and UCD7.is_valid(bare):
        return bare
    return UCD13.check(ucd13)[5:12]


def cip7(column: str | nw.Expr) -> nw.Expr:
    """CIP7 of a column of CIP7 or CIP13 (text); null for anything else.

    The key of a CIP13 is checked: a wrong one gives null.

    >>> import pandas as pd
    >>> frame = nw.from_native(pd.DataFrame({"code": ["3400949497294", "4949729", "34009"]}))
    >>> frame.select(cip7("code"))["code"].fill_null("-").to_list()
    ['4949729', '4949729', '-']
    """
    code = _text(column)
    stem = code.str.slice(5, 7)
    return (
        nw.when(code.str.contains(r"^[0-9]{7}$"))
        .then(code)
        .otherwise(nw.when(_whole(code, _CIP)).then(stem).otherwise(None))
    )


def cip13(column: str | nw.Expr) -> nw.Expr:
    """CIP13 of a column of CIP7 or CIP13 (text); null for anything else.

    >>> import pandas as pd
    >>> frame = nw.from_native(pd.DataFrame({"code": ["4949729", "3400949497290", "12"]}))
    >>> frame.select(cip13("code"))["code"].fill_null("-").to_list()
    ['3400949497294', '-', '-']
    """
    return _named(_with_key(cip7(column), _CIP), column)


def ucd7(column: str | nw.Expr) -> nw.Expr:
    """UCD7 of a column of UCD in any spelling (7, 9 or 13 characters); null for anything else.

    >>> import pandas as pd
    >>> given = ["9000294", "009000294", "0000009000294", "3400890002943", "3400890002940"]
    >>> frame = nw.from_native(pd.DataFrame({"code": given}))
    >>> frame.select(ucd7("code"))["code"].fill_null("-").to_list()
    ['9000294', '9000294', '9000294', '9000294', '-']
    """
    code = _text(column)
    padded = code.str.contains(r"^(?:00|000000)?9[0-9]{6}$")
    whole = _whole(code, _UCD) & code.str.contains("^340089")
    return (
        nw.when(padded)
        .then(code.str.replace_all("^0+", ""))
        .otherwise(nw.when(whole).then(code.str.slice(5, 7)).otherwise(None))
    )


def ucd13(column: str | nw.Expr) -> nw.Expr:
    """Official UCD13 of a column of UCD in any spelling; null for anything else.

    >>> import pandas as pd
    >>> frame = nw.from_native(pd.DataFrame({"code": ["0000009000294", "8000294"]}))
    >>> frame.select(ucd13("code"))["code"].fill_null("-").to_list()
    ['3400890002943', '-']
    """
    return _named(_with_key(ucd7(column), _UCD), column)


def _named(made: nw.Expr, column: str | nw.Expr) -> nw.Expr:
    return made.alias(column) if isinstance(column, str) else made


def _text(column: str | nw.Expr) -> nw.Expr:
    expression = nw.col(column) if isinstance(column, str) else column
    return expression.cast(nw.String).str.strip_chars()


def _digit(code: nw.Expr, rank: int) -> nw.Expr:
    return code.str.slice(rank, 1).cast(nw.Int64)


def _key(seven: nw.Expr, stem: str) -> nw.Expr:
    """EAN-13 key, as text, of the stem and seven digits; ``seven`` is never null."""
    fixed = sum(int(digit) * (3 if rank % 2 else 1) for rank, digit in enumerate(stem))
    total = _digit(seven, 0) * 3
    for rank in range(1, 7):
        total = total + _digit(seven, rank) * (1 if rank % 2 else 3)
    return ((10 - (total + fixed) % 10) % 10).cast(nw.String)


def _with_key(seven: nw.Expr, stem: str) -> nw.Expr:
    digits = seven.fill_null(_FILLER)
    whole = nw.concat_str([nw.lit(stem), digits, _key(digits, stem)])
    return nw.when(~seven.is_null()).then(whole).otherwise(None)


def _whole(code: nw.Expr, stem: str) -> nw.Expr:
    """True where the code has 13 digits, begins with the stem and ends with the right key."""
    formed = code.str.contains(f"^{stem}[0-9]{{8}}$").fill_null(False)
    digits = nw.when(formed).then(code.str.slice(5, 7)).otherwise(nw.lit(_FILLER))
    return formed & (code.str.slice(12, 1) == _key(digits, stem)).fill_null(False)
