"""A code list written in one self-described file: its rows, checked one by one."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from studylib import project
from studylib.codes.codelist import Codelist, RawList
from studylib.errors import CodeError

COLUMNS = ("code", "label", "system", "version", "source", "list_label")
_LIST_WIDE = ("system", "version", "source", "list_label")
_LARGEST = 2_000_000  # bytes; a code list is far smaller, a file of another kind is not read


def project_folder() -> Path:
    """The folder of the project's own lists."""
    return project.root() / "parameters" / "codelists"


@dataclass(frozen=True)
class ListFile:
    """What a list file holds, before its codes are checked; ``about`` is the same on all rows."""

    file: Path
    about: dict[str, str]
    codes: tuple[str, ...]
    labels: dict[str, str]

    def made(self) -> Codelist:
        """The code list, or a CodeError naming the file and the first wrong code."""
        about = self.about
        try:
            return Codelist(
                self.file.stem,
                about["system"],
                self.codes,
                about["version"],
                about["source"],
                about["list_label"],
            )
        except CodeError as refusal:
            raise CodeError(f"{_place(self.file)} : {refusal}") from None

    def raw(self) -> RawList:
        """The list as it is written, for a check that tells every fault."""
        return RawList(self.file.stem, self.about["system"], self.codes)


def read_list(file: Path) -> ListFile:
    """The rows of a list file; CodeError when it is absent or is not such a file."""
    if not file.is_file():
        raise CodeError(f"Fichier de liste {file} absent : donner un nom de liste ou un fichier.")
    rows = _rows(file)
    about: dict[str, str] = {}
    for column in _LIST_WIDE:
        values = sorted({row[column] for row in rows})
        if len(values) != 1:
            raise CodeError(
                f"{_place(file)} : la colonne « {column} » doit avoir la même valeur sur toutes "
                f"les lignes, reçu {', '.join(f'« {value} »' for value in values)}."
            )
        about[column] = values[0]
    labels = {row["code"]: row["label"] for row in rows}
    return ListFile(file, about, tuple(row["code"] for row in rows), labels)


def _rows(file: Path) -> list[dict[str, str]]:
    if file.stat().st_size > _LARGEST:
        raise CodeError(f"{_place(file)} : fichier de plus de 2 Mo, attendu une liste de codes.")
    try:
        text = file.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise CodeError(
            f"{_place(file)} : encodage illisible, enregistrer le fichier en UTF-8."
        ) from None
    reader = csv.DictReader(io.StringIO(text))
    absent = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
    if absent:
        raise CodeError(
            f"{_place(file)} : colonnes absentes {', '.join(absent)} ; reçu "
            f"{', '.join(reader.fieldnames or ['rien'])} ; attendu, séparées par des virgules : "
            f"{', '.join(COLUMNS)}."
        )
    rows = [_complete(row, file, line) for line, row in enumerate(reader, start=2)]
    if not rows:
        raise CodeError(f"{_place(file)} : aucun code, donner au moins une ligne.")
    return rows


def _complete(row: dict[str, str | None], file: Path, line: int) -> dict[str, str]:
    values = {column: row[column] for column in COLUMNS}
    if None in row or None in values.values():
        raise CodeError(
            f"{_place(file)}, ligne {line} : {len(COLUMNS)} valeurs attendues ; mettre "
            f"entre guillemets un libellé qui contient une virgule."
        )
    return {column: value or "" for column, value in values.items()}


def _place(file: Path) -> str:
    own = file.parent == project_folder()
    return f"parameters/codelists/{file.name}" if own else str(file)
