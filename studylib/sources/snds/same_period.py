"""Whether two tables that go together hold the same years and months."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from pyarrow import parquet

from studylib.errors import DataMissing
from studylib.sources.snds import layout
from studylib.sources.snds.columns import EPOCH
from studylib.sources.snds.flow_cells import flow_cells
from studylib.sources.snds.raw import Raw

ENOUGH = 20  # lines expected in a period: chance alone leaves none in e^-20 of cases
LIVE = "table sans année (flux récents)"


def check_period(raw: Raw, table: str, beside: str) -> None:
    """DataMissing when a year, or the lines of some months, are absent beside the other table's.

    Tables that are not cut by time, or not alike, have nothing to compare.
    """
    if _of_one_kind(table, beside):
        _check_parts(raw, table, beside)
        _check_volumes(raw, table, beside)


def lines_of(raw: Raw, table: str) -> int:
    """Lines of a table, all years and archives; 0 when it is not there."""
    return sum(lines_by_part(raw, table).values())


def lines_by_part(raw: Raw, table: str) -> Mapping[int | None, int]:
    """Lines of a table by year or archive, None being the table of recent flows."""
    found: dict[int | None, int] = {}
    for part in raw.parts(table):
        lines = sum(parquet.read_metadata(file).num_rows for file in part.files)
        found[part.year] = found.get(part.year, 0) + lines
    return found


def _check_parts(raw: Raw, table: str, beside: str) -> None:
    """Years of a table that its companion has: yearly tables, and archives of flows."""
    begun = layout.table(table).first_year
    wanted = {year for year in lines_by_part(raw, beside) if not year or year >= begun}
    had = set(lines_by_part(raw, table))
    if had == {None}:
        return  # the months of flow tell
    gone = [f"année {year}" for year in sorted(year for year in wanted - had if year)]
    gone += [LIVE] * (None in wanted - had)
    if gone:
        raise DataMissing(
            f"Source « {raw.name} », table {table} : {', '.join(gone)} absente "
            f"alors que {beside} l'a ; déposer la même période pour les deux."
        )


def _of_one_kind(table: str, beside: str) -> bool:
    """Whether both tables are cut by time, and alike."""
    kinds = {layout.table(name).partition for name in (table, beside)}
    return len(kinds) == 1 and "none" not in kinds


def _check_volumes(raw: Raw, table: str, beside: str) -> None:
    """Years and months without a line where the companion's lines announce many.

    A sparse table may have none by chance: what is missing must be worth ``ENOUGH`` lines in a
    calendar year.
    """
    begun = layout.table(table).first_year
    ours, theirs = _by_period(raw, table), _by_period(raw, beside)
    shared = sum(lines for period, lines in theirs.items() if ours.get(period))
    if not shared:
        return
    share = sum(ours.values()) / shared
    missing: dict[str, list[str]] = {}
    expected: dict[str, float] = {}
    for period, lines in sorted(theirs.items()):
        year = period[:4]
        if not ours.get(period) and int(year) >= begun:
            missing.setdefault(year, []).append(period)
            expected[year] = expected.get(year, 0.0) + lines * share
    gone = [period for year in missing if expected[year] >= ENOUGH for period in missing[year]]
    if gone:
        raise DataMissing(
            f"Source « {raw.name} », table {table} : aucune ligne pour "
            f"{_listed(gone)} alors que {beside} en a ; déposer la même période pour les "
            "deux."
        )


def _by_period(raw: Raw, table: str) -> dict[str, int]:
    """Lines by month of flow (YYYY-MM), or by year of the PMSI; empty for a table without time."""
    partition = layout.table(table).partition
    if partition == "year":
        return {str(year): lines for year, lines in lines_by_part(raw, table).items()}
    if partition == "none":
        return {}
    cells = flow_cells(raw, table).dropna(subset=["FLX_DIS_DTD"])
    months = cells.groupby("FLX_DIS_DTD", as_index=False)["lines"].sum()
    return {
        (EPOCH + timedelta(days=int(day))).strftime("%Y-%m"): int(lines)
        for day, lines in months[["FLX_DIS_DTD", "lines"]].itertuples(index=False)
    }


def _listed(periods: list[str]) -> str:
    """The first and the last of many periods, or all of few."""
    return ", ".join(periods) if len(periods) <= 4 else f"{periods[0]} à {periods[-1]}"
