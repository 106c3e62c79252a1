"""What a gate measured, laid out alike for every gate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from studylib.tables import Column, Table, check

_FROM = ("persons", "events")

GATES = Table(
    "gates",
    (
        Column("gate", "text", "the diagnostic"),
        Column("subject", "text", "what it was measured on: an arm, a covariate, a year…"),
        Column("statistic", "text", "what was measured"),
        Column("value", "number", "what was found", nullable=True, from_counts=_FROM),
        Column("ci_low", "number", "lower 95 % limit", nullable=True, from_counts=_FROM),
        Column("ci_high", "number", "upper 95 % limit", nullable=True, from_counts=_FROM),
        Column("at_least", "number", "what it must reach", nullable=True),
        Column("at_most", "number", "what it may not exceed", nullable=True),
        Column("persons", "integer", "persons it rests on", nullable=True, counts="persons"),
        Column("events", "integer", "outcomes it rests on", nullable=True, counts="events"),
        Column("verdict", "text", "passed, failed, not_evaluated, opened or informs"),
    ),
)
"""Every gate of a study. A gate's own CheckResult.table has these columns less gate and verdict."""

MEASURED = [name for name in GATES.names if name not in ("gate", "verdict")]
_INTEGERS = ("persons", "events")
_NUMBERS = ("value", "ci_low", "ci_high", "at_least", "at_most")


def measured(rows: Iterable[Mapping[str, object]]) -> pd.DataFrame:
    """The table of a gate's CheckResult: subject, statistic, value, limits and what is required.

    What a row does not give is missing.

    >>> measured([{"statistic": "ease", "value": 0.12, "at_most": 0.25}])["at_most"].item()
    0.25
    """
    frame = pd.DataFrame([dict(row) for row in rows], columns=MEASURED)
    frame[["subject", "statistic"]] = frame[["subject", "statistic"]].fillna("").astype(object)
    numbers = dict.fromkeys(_NUMBERS, "float64")
    return frame.astype(numbers | dict.fromkeys(_INTEGERS, "Int64"))


_SAME = {"comparison": "subject", "estimate": "value", "share": "value", "most": "at_most"}


def laid_out(gate: str, table: pd.DataFrame, verdict: str) -> pd.DataFrame:
    """The rows of one gate in a GATES table; one row without value when it measured nothing.

    A check that tells ratios as estimates do (comparison, estimate, limits) is laid out too, when
    it gives the counts that a value is masked by.
    """
    told = table.rename(columns=_SAME)
    known = len(told) and set(_INTEGERS) <= set(told.columns) and "value" in told.columns
    rows = measured([{"statistic": gate}])
    if known:
        parts = [{str(name): value for name, value in row.items()} for _, row in told.iterrows()]
        rows = measured([{"statistic": gate, **part} for part in parts])
    return check(rows.assign(gate=gate, verdict=verdict)[GATES.names], GATES)
