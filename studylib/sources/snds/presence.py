"""Whether the raw tables that go together are all there, for the same years, and not empty.

A table that is absent where its companion is present would make care vanish without a word.
"""

from __future__ import annotations

from pyarrow import parquet

from studylib.errors import DataMissing
from studylib.sources.snds import layout
from studylib.sources.snds.raw import Raw

# Tables that must cover the years of the first one, whenever they are there at all.
SAME_YEARS = {
    "ER_PRS_F": ("ER_PHA_F",),
    "T_MCOaaB": ("T_MCOaaC", "T_MCOaaD", "T_MCOaaA", "T_MCOaaUM", "T_MCOaaE"),
}
# Tables that cannot be empty when the first one is not.
FILLED = {
    "ER_PRS_F": ("ER_PHA_F", "IR_BEN_R"),
    "T_MCOaaB": ("T_MCOaaC", "T_MCOaaD"),
}


def check_presence(raw: Raw) -> None:
    """DataMissing when a table, a year or all its lines are absent beside those that need them."""
    hospital = [name for name in layout.tables() if name.startswith("T_MCOaa") and raw.has(name)]
    if hospital and not raw.has("T_MCOaaB"):
        raise DataMissing(
            f"Source « {raw.name} », table T_MCOaaB : absente alors que {hospital[0]} est là ; "
            "déposer les séjours, ou retirer toutes les tables du PMSI."
        )
    for table, others in SAME_YEARS.items():
        for other in others:
            gone = sorted(set(raw.years(table)) - set(raw.years(other)))
            if raw.has(other) and gone:
                raise DataMissing(
                    f"Source « {raw.name} », table {other} : année {', '.join(map(str, gone))} "
                    f"absente alors que {table} l'a ; déposer la même période pour les deux."
                )
    for table, others in FILLED.items():
        for other in others:
            if raw.has(table) and raw.has(other) and _lines(raw, table) and not _lines(raw, other):
                raise DataMissing(
                    f"Source « {raw.name} », table {other} : aucune ligne alors que {table} en a ; "
                    "vérifier l'extraction."
                )


def _lines(raw: Raw, table: str) -> int:
    return sum(parquet.read_metadata(file).num_rows for file in raw.files(table))
