"""Expected ranges: what a check should find, and on whose word (``ranges.csv``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import pandas as pd

ANY = "*"


@dataclass(frozen=True)
class Range:
    """The values expected of a check, limits included (None: no limit).

    ``severity`` is blocking (a failure forbids the use of the data), reserve, or informs (no
    verdict); ``source`` is French text.
    """

    category: str
    low: float | None
    high: float | None
    unit: str
    severity: str
    source: str

    def holds(self, value: float) -> bool:
        """Whether a value is within the limits.

        >>> Range("completeness", 98.5, 100, "%", "blocking", "").holds(99)
        True
        """
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    def changed(self, low: float | None, high: float | None, reason: str) -> Range:
        """The same with other limits, and the reason why."""
        return Range(self.category, low, high, self.unit, self.severity, reason)


@cache
def ranges() -> Mapping[tuple[str, str, str], Range]:
    """The ranges by (check, table, column), ``*`` standing for any.

    >>> ranges()["available_within", "*", "*"].low
    98.5
    """
    file = resources.files("studylib.sources.quality_checks") / "ranges.csv"
    with file.open(encoding="utf-8") as stream:
        rows = pd.read_csv(stream, dtype=str, keep_default_na=False)
    return {
        (row["check"], row["table"], row["column"]): Range(
            row["category"],
            _limit(row["low"]),
            _limit(row["high"]),
            row["unit"],
            row["severity"],
            row["source"],
        )
        for row in rows.to_dict("records")
    }


def _limit(text: str) -> float | None:
    return float(text) if text else None


def range_of(check: str, table: str, column: str, own: Mapping[str, Range]) -> Range:
    """The range of a check on a column: the request's own, else the closest declared.

    KeyError when the check has no range at all: it was never declared.
    """
    if check in own:
        return own[check]
    known = ranges()
    for place in ((table, column), (table, ANY), (ANY, column), (ANY, ANY)):
        if (check, *place) in known:
            return known[check, *place]
    raise KeyError(check)
