"""Which counts of a table follow from which: the sums a reader can form.

Built from the column contract: a value computed from two counts makes the second a part of the
first; a flow chart chains its steps; a total is the sum of its rows; analyses of nested cohorts
differ by a count.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from itertools import combinations, pairwise

import pandas as pd

from studylib.report.disclosure.system import CountSystem
from studylib.tables import Table

DENOMINATOR_COST = 1e3
END_COST = 1e6


def count_columns(schema: Table) -> list[str]:
    """The columns of ``schema`` that count people or what happens to them.

    >>> from studylib.tables import FLOW
    >>> count_columns(FLOW)
    ['persons', 'excluded']
    """
    return [column.name for column in schema.columns if column.counts]


def parts_of(schema: Table) -> dict[str, str]:
    """For each count that is a part of another: the column it is a part of.

    >>> from studylib.tables import BALANCE
    >>> parts_of(BALANCE)
    {'arm_count': 'arm_persons', 'reference_count': 'reference_persons'}
    """
    sources = [column.from_counts for column in schema.columns if len(column.from_counts) == 2]
    return {part: whole for whole, part in sources}


class TableCounts:
    """The counts of one frame in one system; a figure printed twice is one count."""

    def __init__(self, frame: pd.DataFrame, schema: Table, system: CountSystem) -> None:
        self.frame, self.schema, self.system = frame, schema, system
        self.columns = count_columns(schema)
        self.text = [
            name
            for name in frame.columns
            if name not in self.columns
            and _is_label(frame[name])
            and name not in ("method", "measure")
        ]
        self.cells: dict[tuple[int, str], Hashable] = {}
        denominators = set(parts_of(schema).values())
        for column in self.columns:
            cost = DENOMINATOR_COST if column in denominators else 1.0
            for row, value in enumerate(frame[column]):
                if pd.notna(value):
                    self.cells[row, column] = system.add(
                        self._key(row, column), int(value), cost=cost
                    )

    def _key(self, row: int, column: str) -> Hashable:
        value = int(self.frame[column].iloc[row])
        if self.schema.name == "flow":
            return (column, row)
        if self.schema.name == "balance" and column.endswith("_persons"):
            arm = self.frame[column.replace("_persons", "")].iloc[row]
            apart = [n for n in self.text if n not in ("covariate", "kind", "arm", "reference")]
            return ("persons", arm, *self.labels_of(row, apart), value)
        # equal counts of two analyses are one: a reader knows, or would guess, that they are
        labels = [name for name in self.text if name != "analysis"]
        return (column, *self.labels_of(row, labels), value)

    def labels_of(self, row: int, names: list[str]) -> tuple[str, ...]:
        """The text of a row in the columns ``names``."""
        return tuple(str(self.frame[name].iloc[row]) for name in names)

    def rows_by(self, names: list[str]) -> list[list[int]]:
        """Row positions grouped by the values of ``names``."""
        groups: dict[tuple[str, ...], list[int]] = {}
        for row in range(len(self.frame)):
            groups.setdefault(self.labels_of(row, names), []).append(row)
        return list(groups.values())

    def first_by(self, rows: list[int], column: str) -> list[int]:
        """Among ``rows``, the first with each value of ``column``."""
        found: dict[str, int] = {}
        for row in rows:
            found.setdefault(str(self.frame[column].iloc[row]), row)
        return list(found.values())

    def bind_rows(self, total: int, parts: list[int]) -> None:
        """Declare one row to be the sum of others, count by count."""
        for column in self.columns:
            keys = [self.cells.get((row, column)) for row in (total, *parts)]
            if all(key is not None for key in keys) and len(set(keys)) == len(keys):
                self.system.bind(keys[0], keys[1:])

    def adds_up(self, total: int, parts: list[int]) -> bool:
        """Whether each count of the row is the sum of the others'."""
        block = self.frame[self.columns]
        if block.iloc[[total, *parts]].isna().any(axis=None):
            return False
        return bool((block.iloc[parts].sum() == block.iloc[total]).all())


def _is_label(values: pd.Series) -> bool:
    return not pd.api.types.is_float_dtype(values.dtype)


def bind_complements(counts: TableCounts) -> None:
    """Persons without the characteristic: whole minus part."""
    for part, whole in parts_of(counts.schema).items():
        for row in range(len(counts.frame)):
            larger, smaller = counts.cells.get((row, whole)), counts.cells.get((row, part))
            if larger is None or smaller is None or larger == smaller:
                continue
            if counts.system.counts[larger].value >= counts.system.counts[smaller].value:
                counts.system.difference(larger, smaller)


def bind_flow(counts: TableCounts) -> None:
    """Each step: persons before = persons kept + persons excluded. Ends are kept if possible."""
    apart = [name for name in counts.text if name != "step"]
    for rows in counts.rows_by(apart):
        for row in rows[1:-1]:
            _price(counts, row, 2.0)
        _price(counts, rows[0], END_COST)
        _price(counts, rows[-1], 2 * END_COST)
        for before, row in pairwise(rows):
            previous = counts.cells.get((before, "persons"))
            parts = [counts.cells.get((row, name)) for name in ("persons", "excluded")]
            if previous is None or None in parts:  # masked already
                continue
            values = [counts.system.counts[part].value for part in parts]
            if counts.system.counts[previous].value == sum(values):
                counts.system.bind(previous, parts)


def _price(
    counts: TableCounts, row: int, cost: float, columns: Sequence[str] = ("persons",)
) -> None:
    """How reluctantly counts of a row are hidden."""
    for column in columns:
        if (row, column) in counts.cells:
            counts.system.counts[counts.cells[row, column]].cost = cost


def bind_totals(counts: TableCounts, totals: Mapping[str, str]) -> None:
    """Declared totals: in column ``name`` the row labelled ``label`` sums the other rows."""
    for name, label in totals.items():
        others = [column for column in counts.text if column != name]
        measured = others + (["measure"] if "measure" in counts.frame.columns else [])
        for rows in counts.rows_by(measured):
            labels = counts.frame[name].astype(str)
            whole = [row for row in rows if labels.iloc[row] == label]
            parts = [row for row in rows if labels.iloc[row] != label]
            if len(whole) == 1 and parts:
                counts.bind_rows(whole[0], parts)


def bind_estimates(counts: TableCounts) -> dict[int, list[int]]:
    """Sums found in a table of estimates; returns the contrasts: row → rows of its arms.

    Whether a row is the sum of two arms, or a population the sum of the others, is not declared:
    it is read from the figures, as a reader would.
    """
    contrasts: dict[Hashable, list[int]] = {}
    for rows in counts.rows_by([name for name in counts.text if name != "comparison"]):
        arms = counts.first_by(rows, "comparison")
        for whole in arms:
            rest = [row for row in arms if row != whole]
            for parts in [*combinations(rest, 2), tuple(rest)]:
                if len(parts) > 1 and counts.adds_up(whole, list(parts)):
                    counts.bind_rows(whole, list(parts))
                    contrasts[counts.cells[whole, "events"]] = list(parts)
    for rows in counts.rows_by([name for name in counts.text if name != "population"]):
        regions = counts.first_by(rows, "population")
        for whole in regions:
            rest = [row for row in regions if row != whole]
            if len(rest) > 1 and counts.adds_up(whole, rest):
                # each region has a report of its own, which shows its count: hide the whole first
                _price(counts, whole, 0.5, counts.columns)
                counts.bind_rows(whole, rest)
    keys = ((row, counts.cells.get((row, "events"))) for row in range(len(counts.frame)))
    return {row: contrasts[key] for row, key in keys if key in contrasts}


def bind_known_totals(counts: TableCounts, names: list[str]) -> None:
    """Rows of a group (``names``) whose sum a reader knows from elsewhere: an arm's persons."""
    for rows in counts.rows_by(names):
        for column in counts.columns:
            parts = [counts.cells[row, column] for row in rows if (row, column) in counts.cells]
            total = ("total", column, *counts.labels_of(rows[0], names))
            counts.system.add(total, sum(counts.system.counts[part].value for part in parts))
            counts.system.settle(total, hidden=False)
            counts.system.bind(total, parts)


def keep_outcomes(counts: TableCounts) -> None:
    """Hide outcomes last: their number stands elsewhere in the report."""
    for row, reason in enumerate(counts.frame["exit_reason"]):
        if reason == "outcome" and (row, "persons") in counts.cells:
            counts.system.counts[counts.cells[row, "persons"]].cost = END_COST


def bind_analyses(counts: TableCounts, column: str = "analysis") -> None:
    """Nested analyses of the same people: a reader can subtract one count from the other."""
    if column not in counts.frame.columns:
        return
    for name in counts.columns:
        sizes = counts.frame.groupby(column)[name].sum()
        # persons are counted before any outcome: analyses of two outcomes have them in common
        apart = (column, "outcome") if name == "persons" else (column,)
        for rows in counts.rows_by([each for each in counts.text if each not in apart]):
            keys: dict[Hashable, float] = {}
            for row in rows:
                if (row, name) in counts.cells:
                    analysis = counts.frame[column].iloc[row]
                    keys[counts.cells[row, name]] = float(sizes[analysis])
            for pair in combinations(keys, 2):
                # of two equal counts, the wider analysis is the one with more in all
                larger, smaller = sorted(
                    pair, key=lambda key: (counts.system.counts[key].value, keys[key]), reverse=True
                )
                counts.system.difference(larger, smaller)


def bind_categories(counts: TableCounts) -> None:
    """Categories of one covariate (« Âge : 65-74 ans », …) that together make everybody."""
    for part, whole in parts_of(counts.schema).items():
        groups: dict[tuple[str, ...], list[int]] = {}
        apart = [name for name in counts.text if name not in ("covariate", "kind")]
        for row, covariate in enumerate(counts.frame["covariate"]):
            if ":" in covariate and (row, part) in counts.cells:
                stem = covariate.split(":")[0].strip()
                groups.setdefault((stem, *counts.labels_of(row, apart)), []).append(row)
        for rows in groups.values():
            total = counts.cells[rows[0], whole]
            parts = [counts.cells[row, part] for row in rows]
            values = [counts.system.counts[key].value for key in parts]
            if len(parts) > 1 and sum(values) == counts.system.counts[total].value:
                counts.system.bind(total, parts)
