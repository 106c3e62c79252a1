"""Numbers, amounts, intervals and dates as a French reader expects them.

A narrow no-break space (U+202F) stands between thousands, a comma before decimals, a no-break
space (U+00A0) before ``%``, ``€`` and ``:``. Formats come from Babel's French locale.
"""

from __future__ import annotations

import math
import re
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, localcontext
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal

NBSP = "\u00a0"
THIN = "\u202f"
MISSING = "–"
_EPOCH = date(1970, 1, 1)


def absent(value: Any) -> bool:
    """Whether ``value`` is missing: None, NaN or pandas' NA.

    >>> absent(float("nan")), absent(0)
    (True, False)
    """
    if value is None:
        return True
    try:
        return bool(value != value)
    except TypeError:  # pandas' NA has no truth value
        return True


def number(value: float | None, *, decimals: int = 0) -> str:
    """``value`` with exactly ``decimals`` figures after the comma, or a dash when missing.

    >>> number(1234567.891, decimals=1)
    '1\u202f234\u202f567,9'
    """
    if absent(value):
        return MISSING
    assert value is not None
    if math.isinf(value):
        return "+∞" if value > 0 else "−∞"
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    with localcontext(rounding=ROUND_HALF_UP):  # as one rounds by hand, not to even
        text = str(format_decimal(value, format=pattern, locale="fr"))
    return _without_minus_zero(text.replace("-", "−"))


def _without_minus_zero(text: str) -> str:
    return text.lstrip("−") if not any(figure in text for figure in "123456789") else text


def significant(value: float | None, *, figures: int = 3) -> str:
    """``value`` with about ``figures`` significant figures and no exponent.

    >>> significant(0.01234), significant(1234.5)
    ('0,0123', '1\u202f235')
    """
    if absent(value):
        return MISSING
    assert value is not None
    if value == 0 or math.isinf(value):
        return number(value)
    decimals = figures - 1 - math.floor(math.log10(abs(value)))
    return number(value, decimals=min(max(decimals, 0), 6))


def percent(share: float | None, *, decimals: int = 1) -> str:
    r"""A share (0 to 1) as a percentage.

    >>> percent(0.1234)
    '12,3\xa0%'
    """
    if absent(share):
        return MISSING
    assert share is not None
    return f"{number(100 * share, decimals=decimals)}{NBSP}%"


def euros(amount: float | None, *, decimals: int | None = None, like: float | None = None) -> str:
    r"""An amount of euros, in millions or billions when it is large.

    ``like`` is the amount that chooses the unit, for amounts written one under the other.

    >>> euros(12_971_000_000), euros(1234.5), euros(8_360_000)
    ('12,97\xa0Md€', '1\u202f235\xa0€', '8,36\xa0M€')
    """
    if absent(amount):
        return MISSING
    assert amount is not None
    chosen = abs(amount) if like is None else like
    for size, unit in ((1e9, "Md€"), (1e6, "M€")):
        if chosen >= size:
            return (
                f"{number(amount / size, decimals=2 if decimals is None else decimals)}{NBSP}{unit}"
            )
    if decimals is None:
        decimals = 0 if chosen >= 100 else 2
    return f"{number(amount, decimals=decimals)}{NBSP}€"


def p_value(value: float | None) -> str:
    r"""A p-value in words: never « 0,000 ».

    >>> p_value(0.00004), p_value(0.0412), p_value(0.43)
    ('p\xa0<\xa00,001', 'p\xa0=\xa00,041', 'p\xa0=\xa00,43')
    """
    if absent(value):
        return MISSING
    assert value is not None
    if value < 0.001:
        return f"p{NBSP}<{NBSP}0,001"
    return f"p{NBSP}={NBSP}{number(value, decimals=3 if value < 0.1 else 2)}"


def bounds(low: float | None, high: float | None, *, decimals: int = 2) -> str:
    """Two limits joined by « à ».

    >>> bounds(0.6, 0.934)
    '0,60 à 0,93'
    """
    if absent(low) and absent(high):
        return MISSING
    return f"{number(low, decimals=decimals)} à {number(high, decimals=decimals)}"


def interval(
    estimate: float | None, low: float | None, high: float | None, *, decimals: int = 2
) -> str:
    r"""An estimate with its 95 % interval.

    >>> interval(0.75, 0.6, 0.93)
    '0,75 (IC\xa095\xa0%\xa0: 0,60 à 0,93)'
    """
    if absent(estimate):
        return MISSING
    shown = number(estimate, decimals=decimals)
    if absent(low) and absent(high):
        return shown
    return f"{shown} (IC{NBSP}95{NBSP}%{NBSP}: {bounds(low, high, decimals=decimals)})"


def day(value: date | datetime | int | str | None) -> str:
    """A date in words; an integer counts days since 1970-01-01.

    >>> day(date(2026, 3, 5)), day("2026-03-01"), day(20000)
    ('5 mars 2026', '1er mars 2026', '4 octobre 2024')
    """
    if absent(value):
        return MISSING
    if isinstance(value, str):
        value = date.fromisoformat(value[:10])
    elif not isinstance(value, date):
        assert value is not None
        value = _EPOCH + timedelta(days=int(value))
    ordinal = "1er " if value.day == 1 else f"{value.day} "
    return ordinal + str(format_date(value, "MMMM y", locale="fr"))


def month(period: str, *, short: bool = False) -> str:
    """A month « 2024-03 » in words; another period comes back as it is.

    >>> month("2024-03"), month("2024-03", short=True), month("2024")
    ('mars 2024', 'mars 2024', '2024')
    """
    year, _, rest = period.partition("-")
    if not (year.isdigit() and rest[:2].isdigit()):
        return period
    first = date(int(year), int(rest[:2]), 1)
    return str(format_date(first, "MMM y" if short else "MMMM y", locale="fr"))


def listing(items: list[str] | tuple[str, ...]) -> str:
    """Items joined as in a sentence.

    >>> listing(["AVK", "AOD", "héparines"])
    'AVK, AOD et héparines'
    """
    words = list(items)
    return (
        words[0]
        if len(words) == 1
        else " et ".join([", ".join(words[:-1]), words[-1]][:2])
        if words
        else ""
    )


def plural(count: int, one: str, many: str = "") -> str:
    r"""A count with its noun in the right number (French: plural from 2).

    >>> plural(1, "personne"), plural(1234, "personne")
    ('1\xa0personne', '1\u202f234\xa0personnes')
    """
    noun = one if abs(count) < 2 else many or one + "s"
    return f"{number(count)}{NBSP}{noun}"


_ISO_MONTH = re.compile(r"(?<![\d-])(20\d\d-(?:0[1-9]|1[0-2]))(?![\d-])")


def months_named(text: str) -> str:
    """``text`` with months written in words where they were written 2024-11.

    >>> months_named("écartés : 2024-11, 2024-12 ; demande 2026-014, le 2024-11-05")
    'écartés : novembre 2024, décembre 2024 ; demande 2026-014, le 2024-11-05'
    """
    return _ISO_MONTH.sub(lambda found: month(found[1]), text)


def typeset(text: str) -> str:
    r"""``text`` with French spaces before high punctuation and inside guillemets.

    >>> typeset("Pourquoi ? « oui » : 10 %")
    'Pourquoi\u202f? «\xa0oui\xa0»\xa0: 10\xa0%'
    """
    for mark in ";?!":
        text = text.replace(f" {mark}", f"{THIN}{mark}")
    for mark in ":%€»":
        text = text.replace(f" {mark}", f"{NBSP}{mark}")
    return text.replace("« ", f"«{NBSP}").replace("IC 95", f"IC{NBSP}95")
