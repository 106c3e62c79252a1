"""Several published tables read together: a region's count from the whole less the others."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import repeat

import pandas as pd

from studylib.report.disclosure.system import DEFAULT_THRESHOLD

COUNTED = (
    "persons", "events", "excluded", "arm_count", "reference_count", "arm_persons",
    "reference_persons", "lines", "of_lines", "stays", "deaths", "unlinked", "at_risk",
    "dispensings",
)  # fmt: skip
# Rows answer to one another by what they are about, not by what was estimated of it.
IGNORED = (
    "population", "method", "estimate", "ci_low", "ci_high", "p_value", "person_years",
    "arm_mean", "arm_sd", "reference_mean", "reference_sd", "smd", "smd_after", "arm_mean_after",
    "reference_mean_after", "variance_ratio", "variance_ratio_after", "verdict",
)  # fmt: skip


def exposed_by_parts(
    parts: Mapping[str, pd.DataFrame],
    whole: pd.DataFrame,
    *,
    columns: tuple[str, ...] = COUNTED,
    ignore: tuple[str, ...] = IGNORED,
    threshold: int = DEFAULT_THRESHOLD,
) -> list[str]:
    r"""What a reader of all these tables could deduce, one French sentence each; empty if nothing.

    ``parts`` holds the same table for each region, ``whole`` for all of them together, as
    published: hidden counts are missing or not numbers. Rows answer to one another by their text
    columns, ``ignore`` apart.

    >>> north = pd.DataFrame({"comparison": ["AOD"], "events": ["< 11"]})
    >>> south = pd.DataFrame({"comparison": ["AOD"], "events": ["30"]})
    >>> pooled = pd.DataFrame({"comparison": ["AOD"], "events": ["35"]})
    >>> exposed_by_parts({"Nord": north, "Sud": south}, pooled)
    ['Nord, AOD, events\xa0: effectif déductible du total et des autres tableaux.']
    """
    cells = exposed_cells(parts, whole, columns=columns, ignore=ignore, threshold=threshold)
    return [
        f"{', '.join([name, *key, column])}\u00a0: "
        "effectif déductible du total et des autres tableaux."
        for key, column, names in cells
        for name in names
    ]


def exposed_cells(
    parts: Mapping[str, pd.DataFrame],
    whole: pd.DataFrame,
    *,
    columns: tuple[str, ...] = COUNTED,
    ignore: tuple[str, ...] = IGNORED,
    threshold: int = DEFAULT_THRESHOLD,
) -> list[tuple[tuple[str, ...], str, list[str]]]:
    """The same as cells of the whole: its row's labels, the count's column, the parts exposed."""
    found = []
    whole = _beyond_parts(parts, whole)
    labels = row_labels(whole, columns=columns, ignore=ignore)
    for column in columns:
        if not all(column in frame.columns for frame in (whole, *parts.values())):
            continue
        by_part = {name: printed(frame, labels, column) for name, frame in parts.items()}
        for key, total in printed(whole, labels, column).items():
            cells = {name: rows.get(key) for name, rows in by_part.items() if key in rows}
            if total is not None and len(cells) == len(parts):
                exposed = _exposed(cells, total, threshold)
                found += [(key, column, exposed)] if exposed else []
    return found


def _beyond_parts(parts: Mapping[str, pd.DataFrame], whole: pd.DataFrame) -> pd.DataFrame:
    """The rows of the whole that are not those of one part, repeated: a part is no total."""
    if "population" not in whole.columns:
        return whole
    own = {str(name) for part in parts.values() for name in part.get("population", ())}
    return whole[~whole["population"].astype(str).isin(own)]


def row_labels(
    whole: pd.DataFrame,
    *,
    columns: tuple[str, ...] = COUNTED,
    ignore: tuple[str, ...] = IGNORED,
) -> list[str]:
    """The text columns by which rows of several tables answer to one another."""
    return [
        str(name)
        for name in whole.columns
        if name not in ignore and name not in columns and _names_rows(whole[name])
    ]


def _names_rows(values: pd.Series) -> bool:
    """Whether a column holds text that tells rows apart: neither numbers nor nothing at all."""
    text = values.astype(object).where(values.notna(), "").astype(str).str.replace(",", ".")
    numeric = pd.to_numeric(text, errors="coerce").notna().any()
    return not numeric and bool((text != "").any())


def printed(
    frame: pd.DataFrame, labels: list[str], column: str
) -> dict[tuple[str, ...], int | None]:
    """Each row's count, None where it is hidden, by the row's labels."""
    known = [name for name in labels if name in frame.columns]
    numbers = pd.to_numeric(frame[column], errors="coerce")
    keys = frame[known].astype(str).itertuples(index=False, name=None) if known else repeat(())
    return {
        tuple(key): None if pd.isna(value) else int(value)
        for key, value in zip(keys, numbers, strict=bool(known))
    }


def _exposed(cells: Mapping[str, int | None], total: int, threshold: int) -> list[str]:
    """Parts whose hidden count the total leaves too few values for.

    Which hidden counts are small is not known here: the reader is supposed to know all of them.
    """
    hidden = [name for name, value in cells.items() if value is None]
    rest = total - sum(value for value in cells.values() if value is not None)
    if not hidden or rest < 0:
        return []
    if len(hidden) == 1:
        return hidden
    highest = min(threshold - 1, rest - (len(hidden) - 1))
    lowest = max(1, rest - (threshold - 1) * (len(hidden) - 1))
    return hidden if 0 <= highest - lowest < threshold // 2 - 1 else []
