"""What a check hands back before any verdict: a count among a count, or a number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import narwhals as nw
import pandas as pd

from studylib.sources.engine import Engine, Frame

ALL = ""


@dataclass(frozen=True)
class Measure:
    """One thing measured. ``value`` is in the range's unit; None when there is nothing to look at.

    ``lines`` among ``of_lines`` are what the value was worked out from, when it was from lines.
    """

    check: str
    table: str
    column: str = ALL
    value: float | None = None
    lines: int | None = None
    of_lines: int | None = None


def share(check: str, table: str, column: str, lines: int, of_lines: int) -> Measure:
    """Lines among others, in percent; nothing to judge when there are none.

    >>> share("women", "persons", "sex", 52, 100).value
    52.0
    """
    value = 100 * lines / of_lines if of_lines else None
    return Measure(check, table, column, value, lines, of_lines)


def counted(
    engine: Engine, frame: Frame, tests: Mapping[str, nw.Expr]
) -> tuple[int, dict[str, int]]:
    """Number of rows, and how many meet each test (a missing answer does not), in one pass."""
    sums = [
        test.fill_null(False).cast(nw.Int64()).sum().alias(f"t{place}")
        for place, test in enumerate(tests.values())
    ]
    row = engine.collect(frame.select(nw.len().alias("rows"), *sums)).iloc[0]
    found = {
        name: 0 if pd.isna(row[f"t{place}"]) else int(row[f"t{place}"])
        for place, name in enumerate(tests)
    }
    return int(row["rows"]), found


def shares(
    engine: Engine, table: str, frame: Frame, tests: Mapping[tuple[str, str], nw.Expr]
) -> Iterable[Measure]:
    """One measure per test: (check, column) → the rows at fault."""
    rows, found = counted(engine, frame, {"|".join(place): test for place, test in tests.items()})
    return [
        share(check, table, column, found[f"{check}|{column}"], rows) for check, column in tests
    ]
