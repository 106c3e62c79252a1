"""The counts a page has told, whatever table told them: each stays told, or hidden, everywhere.

A reader puts tables of one study side by side: the total printed under one gives back what another
hides. Counts answer to one another by their value, for the same population and outcome where both
say which: a table may call "persons" what another calls "events", or an arm a side of a comparison.
Two unlike counts of the same value are then one: more is hidden, never less.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import pandas as pd

from studylib.report.disclosure.relations import TableCounts

STUDY = frozenset({
    "adjustment", "balance", "confounder", "controls_found", "e_values", "estimates", "exits",
    "flow", "gaps", "gates", "impact", "misclassification", "positive_controls", "sequences",
    "tipping", "windows",
})  # fmt: skip
"""Tables that count the persons of a study of harm, or what happens to them."""

COLUMNS = ("persons", "events", "arm_persons", "reference_persons", "kept")
_ABOUT = ("population", "outcome")
# What a table parts the same persons by: its rows, or some of them, sum to a count told elsewhere.
_SIDES = ("sequence", "controls", "first_week", "term", "arm", "comparison")
_SAME_AS_SIDE = ("last_week",)
_FEW = 4  # sides; beyond, only all of them together are a total that something else tells
_KNOWN_COST = 1e9

About = tuple[str, ...]


@dataclass(frozen=True)
class Told:
    """By value: population and outcome of each count told so far, and whether it was hidden."""

    counts: Mapping[int, tuple[tuple[About, bool], ...]] = field(default_factory=dict)

    def hidden(self, value: int, about: About = ("", "")) -> bool | None:
        """Whether such a count was hidden (True), printed (False), or not told at all (None)."""
        found = [hid for other, hid in self.counts.get(value, ()) if _compatible(about, other)]
        return any(found) if found else None

    def adding(self, told: Mapping[tuple[int, About], bool]) -> Told:
        """The same memory with more counts; what it knows already it keeps."""
        counts = dict(self.counts)
        for (value, about), hid in told.items():
            if self.hidden(value, about) is None:
                counts[value] = (*counts.get(value, ()), (about, hid))
        return Told(counts)


def _compatible(one: About, other: About) -> bool:
    return all(not a or not b or a == b for a, b in zip(one, other, strict=True))


def settle(counts: TableCounts, told: Told, rows: Sequence[int]) -> list[Hashable]:
    """Hide in ``rows`` what the page hides; bind their sums told elsewhere. Returns what it prints.

    A count that stands elsewhere is hidden here last, since that would protect nothing.
    """
    known = []
    for (row, column), key in counts.cells.items():
        count = counts.system.counts[key]
        status = told.hidden(count.value, _about(counts.frame, row))
        if row not in rows or column not in COLUMNS or status is None or count.settled:
            continue
        if status:
            counts.system.hide(key)
        else:
            count.cost = _KNOWN_COST
            known.append(key)
    for cells, about in _sums(counts, rows):
        parts = list(dict.fromkeys(counts.cells[cell] for cell in cells))
        value = sum(counts.system.counts[part].value for part in parts)
        status = told.hidden(value, about)
        if status is not None and len(parts) == len(cells) and value >= counts.system.threshold:
            total = counts.system.add(("told", about, *parts), value)
            counts.system.settle(total, hidden=status)
            counts.system.bind(total, parts)
    return known


def protect(counts: TableCounts, known: Sequence[Hashable]) -> None:
    """Protect, and where a count told elsewhere had to be hidden, hide all such beside it.

    Which of them the reader truly knows, and which only has the value of another, is not known.
    """
    system = counts.system
    system.protect()
    for terms in system.sums:
        if any(system.counts[key].hidden for key in known if key in terms):
            for key in known:
                if key in terms:
                    system.hide(key)
    system.protect()


def told_by(
    frame: pd.DataFrame, marks: pd.DataFrame, counts: TableCounts
) -> dict[tuple[int, About], bool]:
    """The counts of a table, then their sums: hidden when it hides one of those it adds."""
    threshold = counts.system.threshold
    found: dict[tuple[int, About], bool] = {}
    hidden = {cell: marks[cell[1]].iloc[cell[0]] != "" for cell in counts.cells}
    for (row, column), key in counts.cells.items():
        if column in COLUMNS:
            place = (counts.system.counts[key].value, _about(frame, row))
            found[place] = found.get(place, True) and hidden[row, column]
    for cells, about in _sums(counts, range(len(frame))):
        value = sum(counts.system.counts[counts.cells[cell]].value for cell in cells)
        found.setdefault((value, about), any(hidden[cell] for cell in cells))
    return {place: hid for place, hid in found.items() if place[0] >= threshold}


def _about(frame: pd.DataFrame, row: int) -> About:
    return tuple(str(frame[name].iloc[row]) if name in frame.columns else "" for name in _ABOUT)


def _sums(
    counts: TableCounts, rows: Sequence[int]
) -> Iterator[tuple[list[tuple[int, str]], About]]:
    """The cells of the sums a reader can form: arms, orders, windows; an arm and its reference."""
    columns = [name for name in counts.columns if name in COLUMNS]
    side = next((name for name in _SIDES if name in counts.frame.columns), None)
    if counts.schema.name == "balance":
        for row in rows:
            cells = [(row, "arm_persons"), (row, "reference_persons")]
            if all(cell in counts.cells for cell in cells):
                yield cells, _about(counts.frame, row)
    elif side is not None:
        apart = [name for name in counts.text if name not in (side, *_SAME_AS_SIDE)]
        for group in counts.rows_by(apart):
            parts = counts.first_by([row for row in group if row in rows], side)
            for some in _together(parts):
                for column in columns:
                    cells = [(row, column) for row in some]
                    if all(cell in counts.cells for cell in cells):
                        yield cells, _about(counts.frame, some[0])


def _together(parts: list[int]) -> list[tuple[int, ...]]:
    pairs = combinations(parts, 2) if len(parts) <= _FEW else ()
    return [*pairs, *([tuple(parts)] if len(parts) > 2 else [])]
