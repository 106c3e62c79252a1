"""Which table a file holds, and of which year, from its name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from studylib.errors import ChoiceError

EXTENSIONS = {
    ".parquet": "parquet",
    ".csv": "text",
    ".txt": "text",
    ".tsv": "text",
    ".sas7bdat": "sas",
    ".xpt": "sas",
}
_PMSI = re.compile(r"(T_[A-Z]{3})(\d{2}|AA)([A-Z][A-Z0-9_]*)")
_DATED = re.compile(r"((?:ER|IR|KI|BE|MA|NS|NT|DA|CT)_[A-Z0-9]+(?:_[A-Z]+)*)(?:_(\d{4})(\d{2})?)?")
_PIECE = re.compile(r"_(?:PART_?|P)?\d{1,3}$")  # one of several files of a table: _01, _part2
_TABLE = re.compile(r"[A-Z][A-Z0-9_]*")


@dataclass(frozen=True)
class Target:
    """Where a file's lines go: the folder of its table, its year when known, the part's name."""

    table: str
    year: int | None
    part: str

    @property
    def key(self) -> str:
        """The part's place below the location, without extension."""
        return f"{self.table}/{self.part}"


def recognise(file: Path, *, table: str | None = None, year: int | None = None) -> Target:
    """The target of ``file``: what is stated, else its name, else the name of its folder.

    ChoiceError when the table cannot be told, or when what is stated contradicts the name.

    >>> recognise(Path("T_MCO21B.csv"))
    Target(table='T_MCO21B', year=2021, part='t_mco21b')
    >>> recognise(Path("ER_PHA_F_202103.csv")).table
    'ER_PHA_F_2021'
    >>> recognise(Path("extraction.csv"), table="T_MCOaaB", year=2022).table
    'T_MCO22B'
    """
    part = re.sub(r"[^a-z0-9_.-]+", "_", file.stem.lower()).strip("._-")
    if not part:
        raise ChoiceError(f"{file.name} : ce fichier n'a pas de nom ; le renommer.")
    found = _named(file.stem) or (_named(file.parent.name) if table is None else None)
    if table is not None:
        stated = _stated(file, table, year)
        if found and found[1] and stated[1] and found[1] != stated[1]:
            raise ChoiceError(
                f"{file.name} : l'année donnée, {stated[1]}, n'est pas celle du nom du fichier, "
                f"{found[1]} ; corriger --year ou renommer le fichier."
            )
        return Target(*stated, part)
    if found is None:
        raise ChoiceError(
            f"{file.name} : ni le nom du fichier ni celui de son dossier ne disent de quelle table "
            "il s'agit (attendu, par exemple, ER_PRS_F_2021 ou T_MCO21B) ; l'indiquer par --table, "
            "et par --year pour une table annuelle."
        )
    name, known_year = found
    if year is not None and known_year is not None and year != known_year:
        raise ChoiceError(
            f"{file.name} : l'année donnée, {year}, n'est pas celle du nom du fichier, "
            f"{known_year} ; corriger --year ou renommer le fichier."
        )
    return Target(name, known_year or year, part)


def _named(text: str) -> tuple[str, int | None] | None:
    """Table and year told by a name; None when it tells no table."""
    name = re.sub(r"[\s-]+", "_", text.strip().upper())
    return _exactly(name) or _exactly(_PIECE.sub("", name))


def _exactly(name: str) -> tuple[str, int | None] | None:
    if found := _PMSI.fullmatch(name):
        return (name, _century(found[2])) if found[2] != "AA" else None
    if found := _DATED.fullmatch(name):
        table, year = found[1], found[2]
        return (f"{table}_{year}", int(year)) if year else (table, None)
    return None


def _stated(file: Path, table: str, year: int | None) -> tuple[str, int | None]:
    name = table.strip().upper()
    if not _TABLE.fullmatch(name):
        raise ChoiceError(
            f"Option --table : « {table} » n'est pas un nom de table ; attendu, par exemple, "
            "ER_PRS_F ou T_MCO21B."
        )
    if found := _PMSI.fullmatch(name):
        if found[2] != "AA":
            return name, _century(found[2])
        chosen = year or (_named(file.stem) or ("", None))[1]
        if chosen is None:
            raise ChoiceError(
                f"{file.name} : la table {table} est annuelle et l'année n'est pas connue ; "
                "l'indiquer par --year, par exemple --year 2021."
            )
        return f"{found[1]}{chosen % 100:02d}{found[3]}", chosen
    known = _named(name)
    if known and known[1]:
        return known
    return (f"{name}_{year}" if year else name), year


def _century(two_digits: str) -> int:
    return 2000 + int(two_digits)


def model_name(table: str) -> str:
    """The table's name without its year, as layouts know it.

    >>> model_name("T_MCO21B"), model_name("ER_PRS_F_2021"), model_name("IR_BEN_R")
    ('T_MCOaaB', 'ER_PRS_F', 'IR_BEN_R')
    """
    if found := _PMSI.fullmatch(table):
        return f"{found[1]}aa{found[3]}"
    return re.sub(r"_\d{4}$", "", table)
