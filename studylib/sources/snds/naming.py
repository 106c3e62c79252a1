"""What the folders of raw tables are called, and near names for those that are called otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from studylib.errors import DataMissing
from studylib.sources.snds import layout
from studylib.sources.snds.layout import RawTable

MAGIC = b"PAR1"
BESIDE = ("TRUTH", "REJECTED", "UNFINISHED")  # left by a simulation, by an import
NEAR, NEAR_TABLE = 0.8, 0.85  # likeness from which the name of a column, of a table, is near


def check_folder(name: str, folder: Path) -> None:
    """DataMissing when the location of raw tables is a file, or nothing at all."""
    if folder.is_dir():
        return
    what = "est un fichier" if folder.exists() else "n'existe pas"
    raise DataMissing(
        f"Source « {name} » : {folder} {what} ; donner le dossier qui contient les tables brutes, "
        "chacune dans un dossier à son nom (ER_PRS_F, IR_BEN_R…)."
    )


def among(name: str, stored: Iterable[str]) -> str:
    """How many columns there are, and those whose name is near."""
    names = list(stored)
    close = get_close_matches(name, names, 3, NEAR)
    near = f", dont le nom le plus proche est {' ou '.join(close)}" if close else ""
    return f"parmi les {len(names)} reçues{near}"


def folder_pattern(declared: RawTable) -> re.Pattern[str]:
    """What a folder of this table is called, the year being in it or not."""
    if declared.partition == "year":
        return re.compile(declared.name.upper().replace("AA", r"(?P<year>\d\d)", 1))
    archives = r"(?:_(?P<year>\d{4}))?" if declared.partition == "flow" else ""
    return re.compile(re.escape(declared.name.upper()) + archives)


def shown(declared: RawTable) -> str:
    """Names that a folder of this table may have, for messages."""
    if declared.partition == "year":
        return declared.name.replace("aa", "21", 1)
    return f"{declared.name} ou {declared.name}_2021" * (declared.partition == "flow") or (
        declared.name
    )


def is_stray(file: Path) -> bool:
    """Whether a file in the folder of a table is there and not read, for it is no Parquet."""
    return file.is_file() and file.suffix != ".parquet" and not file.name.startswith((".", "_"))


def check_magic(file: Path) -> None:
    """ValueError when a file does not begin as Parquet does: readers look at its end only."""
    with file.open("rb") as stream:
        if stream.read(len(MAGIC)) != MAGIC:
            raise ValueError(file.name)


def near_table(written: str) -> str | None:
    """The known table that the name of a folder or file is near to; None when it is near to none.

    >>> near_table("IR_IMBR"), near_table("T_MCO21VAL0"), near_table("ER_CAM_F")
    ('IR_IMB_R', 'T_MCOaaVALO', None)
    """
    stem = re.sub(r"_\d{4}$", "", written.split("/")[0].removesuffix(".parquet").upper())
    stem = re.sub(r"(?<=T_MCO)\d\d", "aa", stem)
    close = get_close_matches(stem, layout.tables(), 1, NEAR_TABLE)
    return close[0] if close and close[0] != stem else None
