"""Code lists by name: the project's own first, then those shipped with studylib.

Shipped: ``lists/index.csv`` describes each list (name, system, version, label, source, licence)
and ``lists/NAME.csv`` holds its codes (code, label). A project list is one self-described file,
``parameters/codelists/NAME.csv``, with code, label, system, version, source, list_label.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import resources
from pathlib import Path

from studylib import project
from studylib.codes.codelist import Codelist
from studylib.errors import CodeError

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_PROJECT_COLUMNS = ("code", "label", "system", "version", "source", "list_label")
_LIST_WIDE = ("system", "version", "source", "list_label")
_LARGEST = 2_000_000  # bytes; a code list is far smaller, a file of another kind is not read


def codelist(name: str) -> Codelist:
    """The code list called ``name``, the project's own one when it has one.

    ``CodeError`` when it is unknown (with the closest names), badly written, or has a wrong code.

    >>> codelist("aod").codes
    ('B01AE07', 'B01AF')
    """
    return _load(name)[0]


def code_labels(name: str) -> dict[str, str]:
    """French label of each code of the list called ``name``, in list order.

    >>> code_labels("aod")["B01AE07"]
    'Dabigatran étexilate'
    """
    return _load(name)[1]


def codelist_names() -> list[str]:
    """Names of all lists, shipped and of the project, in alphabetical order.

    >>> "avk" in codelist_names()
    True
    """
    own = {file.stem for file in _project_folder().glob("*.csv") if _NAME.fullmatch(file.stem)}
    return sorted(own | _index().keys())


def _project_folder() -> Path:
    return project.root() / "parameters" / "codelists"


def _index() -> dict[str, dict[str, str]]:
    text = (resources.files("studylib.codes") / "lists" / "index.csv").read_text("utf-8")
    return {row["name"]: row for row in csv.DictReader(io.StringIO(text))}


def _load(name: str) -> tuple[Codelist, dict[str, str]]:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise _unknown(name)
    own = _project_folder() / f"{name}.csv"
    if own.is_file():
        return _from_project(name, own)
    described = _index().get(name)
    if described is None:
        raise _unknown(name)
    text = (resources.files("studylib.codes") / "lists" / f"{name}.csv").read_text("utf-8")
    labels = {row["code"]: row["label"] for row in csv.DictReader(io.StringIO(text))}
    return _described(name, tuple(labels), described | {"list_label": described["label"]}), labels


def _described(name: str, codes: tuple[str, ...], about: dict[str, str]) -> Codelist:
    return Codelist(
        name, about["system"], codes, about["version"], about["source"], about["list_label"]
    )


def _from_project(name: str, file: Path) -> tuple[Codelist, dict[str, str]]:
    rows = _rows(file)
    about: dict[str, str] = {}
    for column in _LIST_WIDE:
        values = sorted({row[column] for row in rows})
        if len(values) != 1:
            raise CodeError(
                f"{_place(file)} : la colonne « {column} » doit avoir la même valeur sur toutes "
                f"les lignes, reçu {', '.join(f'« {value} »' for value in values)}."
            )
        about[column] = values[0]
    codes = tuple(row["code"] for row in rows)
    try:
        made = _described(name, codes, about)
    except CodeError as refusal:
        raise CodeError(f"{_place(file)} : {refusal}") from None
    return made, {row["code"]: row["label"] for row in rows}


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
    absent = [column for column in _PROJECT_COLUMNS if column not in (reader.fieldnames or ())]
    if absent:
        raise CodeError(
            f"{_place(file)} : colonnes absentes {', '.join(absent)} ; reçu "
            f"{', '.join(reader.fieldnames or ['rien'])} ; attendu, séparées par des virgules : "
            f"{', '.join(_PROJECT_COLUMNS)}."
        )
    rows = [_complete(row, file, line) for line, row in enumerate(reader, start=2)]
    if not rows:
        raise CodeError(f"{_place(file)} : aucun code, donner au moins une ligne.")
    return rows


def _complete(row: dict[str, str | None], file: Path, line: int) -> dict[str, str]:
    values = {column: row[column] for column in _PROJECT_COLUMNS}
    if None in row or None in values.values():
        raise CodeError(
            f"{_place(file)}, ligne {line} : {len(_PROJECT_COLUMNS)} valeurs attendues ; mettre "
            f"entre guillemets un libellé qui contient une virgule."
        )
    return {column: value or "" for column, value in values.items()}


def _place(file: Path) -> str:
    return f"parameters/codelists/{file.name}"


def _unknown(name: object) -> CodeError:
    names: Sequence[str] = codelist_names()
    close = get_close_matches(str(name).casefold(), names, n=3, cutoff=0.5)
    advice = (
        f"noms proches : {', '.join(close)}" if close else f"listes connues : {', '.join(names)}"
    )
    return CodeError(
        f"Liste de codes « {name} » inconnue : {advice} ; une liste du projet s'ajoute dans "
        f"parameters/codelists/NOM.csv (minuscules, chiffres et « _ »)."
    )
