"""What changed between two versions of a code list or of a referential."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from studylib import tables
from studylib.codes.codelist import Codelist
from studylib.errors import CodeError
from studylib.tables import Column, Table

CHANGES = Table(
    "code_changes",
    (
        Column("change", "text", "added, removed or relabelled"),
        Column("code", "text", "the code"),
        Column("before", "text", "label before", nullable=True),
        Column("after", "text", "label after", nullable=True),
        Column("covered_by", "text", "prefix of the other list that holds it", nullable=True),
    ),
    key=("change", "code"),
)


def diff(before: Codelist | Mapping[str, str], after: Codelist | Mapping[str, str]) -> pd.DataFrame:
    """Codes added, removed and relabelled from ``before`` to ``after`` (``CHANGES``).

    Each side is a ``Codelist`` or the label of each code. ``covered_by`` says which prefix of the
    other list matches a code that was added or removed: listing B01AF02 beside B01AF changes
    nothing. CodeError for lists of two systems.

    >>> a = Codelist("a", "ATC", ("B01AF01",), "2025-01-01", "doctest", "A")
    >>> b = Codelist("b", "ATC", ("B01AF",), "2026-01-01", "doctest", "B")
    >>> diff(a, b)[["change", "code", "covered_by"]].fillna("").values.tolist()
    [['added', 'B01AF', ''], ['removed', 'B01AF01', 'B01AF']]
    """
    _require_one_system(before, after)
    old, new = _labels(before), _labels(after)
    rows: list[tuple[str, str, str | None, str | None, str | None]] = []
    for code in sorted({*old, *new}):
        if code not in old:
            rows.append(("added", code, None, new[code], _cover(before, code)))
        elif code not in new:
            rows.append(("removed", code, old[code], None, _cover(after, code)))
        elif old[code] and new[code] and old[code].strip() != new[code].strip():
            rows.append(("relabelled", code, old[code], new[code], None))
    frame = pd.DataFrame(rows, columns=CHANGES.names, dtype=object)
    ordered = frame.sort_values(["change", "code"], kind="stable", ignore_index=True)
    return tables.check(ordered, CHANGES)


def _require_one_system(
    before: Codelist | Mapping[str, str], after: Codelist | Mapping[str, str]
) -> None:
    if not (isinstance(before, Codelist) and isinstance(after, Codelist)):
        return
    if before.system != after.system:
        raise CodeError(
            f"Listes « {before.name} » ({before.system}) et « {after.name} » ({after.system}) : "
            "deux systèmes de codes ne se comparent pas."
        )


def labels_by_code(table: pd.DataFrame, code: str, label: str) -> dict[str, str]:
    """Label of each code of a table, the first one when several rows have the code.

    >>> labels_by_code(pd.DataFrame({"c": ["A", "A"], "l": ["x", "y"]}), "c", "l")
    {'A': 'x'}
    """
    first = table.dropna(subset=[code]).drop_duplicates(code)
    return dict(zip(first[code], first[label].fillna("").astype(str), strict=True))


def _labels(given: Codelist | Mapping[str, str]) -> dict[str, str]:
    return dict.fromkeys(given.codes, "") if isinstance(given, Codelist) else dict(given)


def _cover(other: Codelist | Mapping[str, str], code: str) -> str | None:
    if not isinstance(other, Codelist):
        return None
    return next((p for p in other.prefixes if code != p and code.startswith(p)), None)
