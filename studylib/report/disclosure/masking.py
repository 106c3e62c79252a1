"""From a result table to what may be shown of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from studylib import tables
from studylib.errors import StudyError
from studylib.report.disclosure import across, adjusted, relations, told
from studylib.report.disclosure.curves import coarsen
from studylib.report.disclosure.system import DEFAULT_THRESHOLD, CountSystem
from studylib.tables import Table

Mark = Literal["", "small", "withheld"]
RATIO_VALUES = ("estimate", "ci_low", "ci_high", "p_value")
CONTRASTS = ("hazard_ratio", "rate_ratio", "odds_ratio", "risk_ratio")


@dataclass(frozen=True)
class Masked:
    """A table fit to be shown, and why cells are empty.

    ``frame`` holds the declared columns, hidden cells being missing; ``marks`` has its shape and
    says of each cell: "" shown, "small" (a count under the threshold), "withheld" (hidden because
    a small count would follow from it).
    """

    frame: pd.DataFrame
    marks: pd.DataFrame
    threshold: int
    show_zero: bool
    exact: pd.DataFrame = field(repr=False)  # as given; never shown
    told: told.Told = field(
        default_factory=told.Told, repr=False
    )  # by the page, this table with it

    @property
    def hides(self) -> bool:
        """Whether any cell is hidden."""
        return bool((self.marks != "").any(axis=None))


def mask(
    frame: pd.DataFrame,
    schema: Table,
    *,
    threshold: int = DEFAULT_THRESHOLD,
    show_zero: bool = True,
    totals: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """``frame`` with every cell missing that would reveal a count under ``threshold``.

    Declared columns come first, undeclared numeric columns are dropped. Counts become nullable
    integers. ``totals`` names, for a text column, the label of the row that sums the others
    ({"population": "ensemble"}). Curves lose rows instead. A threshold under 2 raises StudyError.

    >>> flow = pd.DataFrame({"step": ["Population", "Adultes"], "persons": [500, 120],
    ...                      "excluded": [0, 380]})
    >>> mask(flow, tables.FLOW)["persons"].tolist()
    [500, 120]
    """
    return review(frame, schema, threshold=threshold, show_zero=show_zero, totals=totals).frame


def review(
    frame: pd.DataFrame,
    schema: Table,
    *,
    threshold: int = DEFAULT_THRESHOLD,
    show_zero: bool = True,
    totals: Mapping[str, str] | None = None,
    earlier: Masked | None = None,
    parts: Mapping[str, pd.DataFrame] | None = None,
    page: told.Told | None = None,
) -> Masked:
    """What ``mask`` gives, with the reason of each hidden cell (a ``Masked``).

    ``earlier`` holds what the same page has shown of the same schema: what it printed stays
    printed, what it hid stays hidden, and the new table may not give it away. ``parts`` holds the
    same table as each region's own report shows it: a total that would give back what one of them
    hides is hidden here. ``page`` holds the counts that the page's tables of any schema have told:
    one that is hidden there is hidden here, and none may follow from the two together.
    """
    if threshold < 2:
        raise StudyError(f"Seuil de diffusion {threshold} : il faut un entier d'au moins 2.")
    new, page = _presentable(frame, schema), page or told.Told()
    if schema.name == "curves":
        shown = coarsen(new, threshold=threshold)
        return Masked(shown, _no_marks(shown), threshold, show_zero, shown, page)
    before = 0 if earlier is None else len(earlier.exact)
    exact = new if earlier is None else pd.concat([earlier.exact, new], ignore_index=True)
    system = CountSystem(threshold, show_zero)
    counts = relations.TableCounts(exact, schema, system)
    contrasts = _bind(counts, schema, totals or {}) if len(exact) else {}
    for (row, column), key in counts.cells.items():
        if earlier is not None and row < before:
            system.settle(key, hidden=earlier.marks[column].iloc[row] != "")
    for row, column in _given_away_by_parts(new, parts or {}, threshold):
        if (key := counts.cells.get((before + row, column))) is not None:
            system.hide(key)
    study, rows = schema.name in told.STUDY, range(before, len(exact))
    told.protect(counts, told.settle(counts, page, rows) if study else [])
    marks = _marks_of(counts, exact)
    _withhold_values(marks, exact, schema, contrasts)
    page = page.adding(told.told_by(exact, marks, counts)) if study else page
    marks = marks.iloc[before:][list(new.columns)].reset_index(drop=True)
    return Masked(new.mask(marks != ""), marks, threshold, show_zero, new, page)


def _given_away_by_parts(
    frame: pd.DataFrame, parts: Mapping[str, pd.DataFrame], threshold: int
) -> list[tuple[int, str]]:
    """Row and column of the counts that, less the other parts, give back what one part hides."""
    if not parts:
        return []
    own = {str(name) for part in parts.values() for name in part.get("population", ())}
    labels = across.row_labels(frame)
    rows: dict[tuple[str, ...], list[int]] = {}
    for row, key in enumerate(frame[labels].astype(str).itertuples(index=False, name=None)):
        if "population" not in frame.columns or str(frame["population"].iloc[row]) not in own:
            rows.setdefault(tuple(key), []).append(row)
    kept = frame.iloc[sorted(row for found in rows.values() for row in found)]
    cells = across.exposed_cells(parts, kept, threshold=threshold)
    return [(row, column) for key, column, _ in cells for row in rows.get(key, [])]


def combine(first: Masked | None, second: Masked) -> Masked:
    """Both tables as one, to be given as ``earlier`` to the next; repeated rows count once."""
    if first is None:
        return second
    exact, marks, frame = (
        pd.concat([getattr(first, name), getattr(second, name)], ignore_index=True)
        for name in ("exact", "marks", "frame")
    )
    kept = ~exact.astype(str).duplicated()
    parts = (part[kept.to_numpy()].reset_index(drop=True) for part in (frame, marks, exact))
    frame, marks, exact = parts
    return Masked(frame, marks.fillna(""), second.threshold, second.show_zero, exact)


def _marks_of(counts: relations.TableCounts, frame: pd.DataFrame) -> pd.DataFrame:
    marks = _no_marks(frame)
    for (row, column), key in counts.cells.items():
        count = counts.system.counts[key]
        if count.hidden:
            marks.loc[row, column] = "small" if count.small else "withheld"
    return marks


def _presentable(frame: pd.DataFrame, schema: Table) -> pd.DataFrame:
    """Declared columns, then undeclared labels; counts as nullable integers."""
    absent = tables.missing_columns(frame.columns, schema)
    if absent:
        tables.check(frame, schema)
    extra = [
        name
        for name in frame.columns
        if name not in schema.names and not pd.api.types.is_numeric_dtype(frame[name].dtype)
    ]
    shown = frame[[*schema.names, *extra]].reset_index(drop=True)
    for name in relations.count_columns(schema):
        shown[name] = shown[name].astype("Int64")
    return shown


def _no_marks(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame("", index=frame.index, columns=frame.columns)


def _bind(
    counts: relations.TableCounts, schema: Table, totals: Mapping[str, str]
) -> dict[int, list[int]]:
    contrasts: dict[int, list[int]] = {}
    relations.bind_complements(counts)
    if schema.name == "flow":
        relations.bind_flow(counts)
    if schema.name == "estimates":
        contrasts = relations.bind_estimates(counts)
        relations.bind_analyses(counts)
    if schema.name == "balance":
        relations.bind_categories(counts)
        adjusted.bind_nested_codes(counts)
    if schema.name == "preference":
        apart = [name for name in counts.text if name not in ("bin", "band")]
        relations.bind_known_totals(counts, apart)
    if schema.name == "adjustment":
        adjusted.bind_remainder(counts)
    if schema.name == "exits":
        relations.keep_outcomes(counts)
        relations.bind_known_totals(counts, [name for name in counts.text if name != "exit_reason"])
    if schema.name == "regional":  # the sum of the regions stands in tables by age or by level
        relations.bind_known_totals(counts, [name for name in counts.text if name != "population"])
    relations.bind_totals(counts, totals)
    return contrasts


def _withhold_values(
    marks: pd.DataFrame, frame: pd.DataFrame, schema: Table, contrasts: dict[int, list[int]]
) -> None:
    """Hide each value that leads back to a hidden count of its row, or of the arms it compares."""
    counted = relations.count_columns(schema)
    compared_small = {
        row
        for row, arms in contrasts.items()
        if any(marks[name].iloc[arm] == "small" for arm in arms for name in counted)
    }
    for row in range(len(frame)):
        for column in schema.columns:
            if not column.from_counts or pd.isna(frame[column.name].iloc[row]):
                continue
            reasons = [marks[name].iloc[row] for name in column.from_counts]
            # an interval's width and the total give back the events of each arm
            spared = column.name in RATIO_VALUES and _only_nested(frame, row, reasons)
            if row in compared_small or (any(reasons) and not spared):
                marks.loc[row, column.name] = "withheld"
    _withhold_other_analyses(marks, frame, compared_small, contrasts)


def _withhold_other_analyses(
    marks: pd.DataFrame, frame: pd.DataFrame, small: set[int], contrasts: dict[int, list[int]]
) -> None:
    """Other analyses of a withheld comparison, whose arms are not known to be large enough."""
    same = ["population", "comparison", "outcome"]
    withheld = {tuple(frame[same].iloc[row]) for row in small} if small else set()
    for row in range(len(frame)) if withheld else ():
        if row not in contrasts and tuple(frame[same].iloc[row]) in withheld:
            present = [name for name in RATIO_VALUES if pd.notna(frame[name].iloc[row])]
            marks.loc[row, present] = "withheld"


def _only_nested(frame: pd.DataFrame, row: int, reasons: list[str]) -> bool:
    """A ratio stays when its counts are hidden only to part it from another analysis.

    No count can be worked back exactly from a ratio and its rounded interval.
    """
    if "measure" not in frame.columns or "small" in reasons:
        return False
    return str(frame["measure"].iloc[row]) in CONTRASTS
