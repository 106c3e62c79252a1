"""What is computed from an estimate is hidden with it: a value E, a corrected ratio, a count."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from studylib.report.disclosure.masking import Masked
from studylib.tables import Table

_ABOUT = ["population", "comparison", "outcome"]


def hide_derived(masked: Masked, schema: Table, estimates: Masked | None) -> Masked:
    """``masked`` without the figures of comparisons whose estimate the page has hidden.

    ``estimates`` is what the page has shown of ``tables.ESTIMATES`` so far. A comparison read from
    its other side is the same.
    """
    if estimates is None or not set(_ABOUT) <= set(masked.frame.columns):
        return masked
    declared = [name for name in masked.frame.columns if name in schema.names]
    figures = [name for name in declared if schema.column(name).from_counts]
    hidden = set(_subjects(estimates.frame[estimates.marks["estimate"] != ""]))
    rows = pd.Series([one in hidden for one in _subjects(masked.frame)], masked.frame.index)
    if not rows.any():
        return masked
    frame, marks = masked.frame.copy(), masked.marks.copy()
    frame.loc[rows, figures] = float("nan")
    marks.loc[rows, figures] = "withheld"
    return replace(masked, frame=frame, marks=marks)


def _subjects(frame: pd.DataFrame) -> list[tuple[str, frozenset[str], str]]:
    """What each row is about: population, sides of the comparison, outcome."""
    return [
        (str(population), frozenset(str(comparison).split(" / ")), str(outcome))
        for population, comparison, outcome in frame[_ABOUT].itertuples(index=False, name=None)
    ]
