"""The written tables of one page read together, before it is published: a second look.

While a page is written each table answers to those before it. Here, in whatever order they came:
an arm's count from the whole less the other arm, and what is computed from a hidden estimate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

import pandas as pd

from studylib.report.disclosure.system import DEFAULT_THRESHOLD

_ABOUT = ("population", "comparison", "outcome")
_SAME = ("analysis", "measure")
_DERIVED = ("estimate", "e_value", "e_value_limit", "tipping_estimate", "tipping_limit")
_NBSP = "\u00a0"


def exposed_together(
    tables: Mapping[str, pd.DataFrame], *, threshold: int = DEFAULT_THRESHOLD
) -> list[str]:
    r"""What a reader of these tables of one page could deduce, one French sentence each.

    ``tables`` are as published, by file name: every cell as text, hidden ones being no numbers.

    >>> about = {"population": "11", "outcome": "Chute"}
    >>> arms = pd.DataFrame({"comparison": ["A", "B"], "events": ["<\xa011", "60"], **about})
    >>> both = pd.DataFrame({"comparison": ["A / B"], "events": ["66"], **about})
    >>> exposed_together({"1.csv": arms, "2.csv": both})
    ['11, A, Chute, events\xa0: effectif déductible du total et de l’autre groupe.']
    """
    known = {name: frame for name, frame in tables.items() if set(_ABOUT) <= set(frame.columns)}
    return list(dict.fromkeys(chain(_subtracted(known, threshold), _computed(known))))


def _subtracted(tables: Mapping[str, pd.DataFrame], threshold: int) -> Iterator[str]:
    """Arms whose small count is the whole's less the other arm's."""
    printed, hidden = _counts(tables)
    for about, sides in sorted(hidden - set(printed), key=str):
        for (other, whole), values in printed.items():
            rest = printed.get((about, whole - sides), set())
            if about != other or not sides < whole or not len(values) == len(rest) == 1:
                continue
            if 0 < min(values) - min(rest) < threshold:
                _, population, outcome, column = about
                told = ", ".join([population, *sorted(sides), outcome, column])
                yield f"{told}{_NBSP}: effectif déductible du total et de l’autre groupe."


Key = tuple[tuple[str, str, str, str], frozenset[str]]
"""Analysis, population, outcome and column; then the arms that are counted."""


def _counts(tables: Mapping[str, pd.DataFrame]) -> tuple[dict[Key, set[int]], set[Key]]:
    """Values printed of each count, and counts hidden somewhere; keyed by what they are of."""
    printed: dict[Key, set[int]] = {}
    hidden: set[Key] = set()
    for frame in tables.values():
        for _, row in frame.iterrows():
            sides = str(row["comparison"]).split(" / ")
            of_one = "scenario" in frame.columns  # the cases of the arm, not of its reference
            analysis = str(row.get("analysis", "primary"))
            for column in {"persons", "events"} & set(frame.columns):
                about = (analysis, str(row["population"]), str(row["outcome"]), column)
                key = (about, frozenset(sides[:1] if of_one else sides))
                told = str(row[column])
                if told.isdigit():
                    printed.setdefault(key, set()).add(int(told))
                elif told:
                    hidden.add(key)
    return printed, hidden


def _computed(tables: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    """What is computed from an estimate that a table hides."""
    about = [*_ABOUT, *_SAME]
    whole = {name: frame for name, frame in tables.items() if set(about) <= set(frame.columns)}
    hidden = {
        tuple(row[about])
        for frame in whole.values()
        if {"estimate", "person_years"} <= set(frame.columns)
        for _, row in frame[frame["estimate"] == "masqué"].iterrows()
    }
    for frame in whole.values():
        for name in _DERIVED if "person_years" not in frame else ():
            if name not in frame:
                continue
            shown = pd.to_numeric(frame[name].str.replace(",", "."), errors="coerce").notna()
            for _, row in frame[shown].iterrows():
                if tuple(row[about]) in hidden:
                    told = ", ".join(map(str, row[list(_ABOUT)]))
                    yield f"{told}, {name}{_NBSP}: calculé d’une estimation masquée."
