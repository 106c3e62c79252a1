"""Columns that hold no value at all where the reading cannot do without: told before anything.

Every line would be set aside, or joined to nothing, for a reason that is not theirs. The footers of
the files tell it without reading them; where they do not, the column is counted.
"""

from __future__ import annotations

from typing import Any

import narwhals as nw
from pyarrow import parquet

from studylib.errors import TableError
from studylib.sources.snds import layout
from studylib.sources.snds.raw import Part, Raw

ENOUGH = 10  # lines from which a column without a value is no chance
# Either column will do.
EITHER = {
    "ER_PHA_F": ("PHA_PRS_C13", "PHA_PRS_IDE"),
    "IR_PHA_R": ("PHA_ATC_C07", "PHA_ATC_CLA"),
}


def check_filled(raw: Raw) -> None:
    """TableError naming file, table and column when a column that is needed holds nothing."""
    for name, declared in layout.tables().items():
        needed = [column.name for column in declared.columns if column.filled]
        either = EITHER.get(name, ())
        for part in raw.parts(name):
            void = _void(raw, name, part, {*needed, *either})
            found = [column for column in needed if column in void and column not in either]
            if either and void >= set(either):
                found.append(" et ".join(either))
            if found:
                files = part.files[0].name + (" et suivants" if len(part.files) > 1 else "")
                raise TableError(
                    f"Source « {raw.name} », table {part.folder} ({files}), colonne {found[0]} : "
                    "aucune valeur, sur aucune ligne ; l'extraire à nouveau."
                )


def _void(raw: Raw, table: str, part: Part, columns: set[str]) -> set[str]:
    """Those of the columns that are there and hold nothing, in any file of the part."""
    footers = [parquet.read_metadata(file) for file in part.files]
    if sum(footer.num_rows for footer in footers) < ENOUGH:
        return set()
    told: dict[str, set[bool | None]] = {}
    for footer in footers:
        for number in range(footer.num_row_groups):
            group = footer.row_group(number)
            for place in range(group.num_columns):
                chunk = group.column(place)
                told.setdefault(chunk.path_in_schema.upper(), set()).add(_holds_nothing(chunk))
    void = {column for column in columns if told.get(column) == {True}}
    unsure = [c for c in columns if None in told.get(c, ()) and False not in told[c]]
    return void | {column for column in unsure if not _counted(raw, table, part, column)}


def _holds_nothing(chunk: Any) -> bool | None:
    """Whether a part of a column has no value but blanks; None when its footer does not tell."""
    known = chunk.statistics
    if known is None or not known.has_null_count:
        return None
    if known.null_count == chunk.num_values:
        return True
    if known.physical_type != "BYTE_ARRAY":
        return False
    try:
        return not known.max.strip() if known.has_min_max else None
    except ValueError:  # a spoilt footer, or text that is none: reading it will tell
        return None


def _counted(raw: Raw, table: str, part: Part, column: str) -> int:
    """Values of a column, the folder of the part alone being read."""
    lines = raw.table(table, [column], archive=True).filter(nw.col("ARCHIVE") == (part.year or 0))
    return raw.engine.count(lines.filter(~nw.col(column).is_null()))
