"""Dates at the border of the engine: whole days since 1970-01-01."""

from __future__ import annotations

from datetime import date, timedelta

EPOCH = date(1970, 1, 1)


def day(when: date) -> int:
    """Days from 1970-01-01 to ``when``.

    >>> day(date(2022, 1, 1))
    18993
    """
    return (when - EPOCH).days


def as_date(number: int) -> date:
    """The date that lies ``number`` days after 1970-01-01.

    >>> as_date(18993)
    datetime.date(2022, 1, 1)
    """
    return EPOCH + timedelta(days=int(number))
