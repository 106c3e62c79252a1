"""Code lists by name: the project's own first, then those shipped with studylib.

Shipped: ``lists/index.csv`` describes each list (name, system, version, label, source, licence)
and ``lists/NAME.csv`` holds its codes (code, label), read only when its hash is the one of the
index. A project list is one self-described file, ``parameters/codelists/NAME.csv``, with code,
label, system, version, source, list_label.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import resources
from pathlib import Path

from studylib.codes.codelist import Codelist, RawList
from studylib.codes.list_files import project_folder, read_list
from studylib.errors import CodeError
from studylib.referentials import all_known
from studylib.referentials.shipped import text_hash

_NAME = re.compile(r"[a-z][a-z0-9_]*")


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


def list_versions(name: str) -> dict[str, tuple[Codelist, dict[str, str]]]:
    """Every version of the list called ``name``: by its date, the list and its code labels.

    The project's own version, and the shipped one when it has another date. CodeError when there
    is none.

    >>> list(list_versions("aod"))
    ['2026-01-01']
    """
    found = {}
    if isinstance(name, str) and name in _index():
        made, labels = _from_package(name, _index()[name])
        found[made.version] = (made, labels)
    own, labels = _load(name)
    found[own.version] = (own, labels)
    return dict(sorted(found.items()))


def list_file(file: Path) -> tuple[Codelist, dict[str, str]]:
    """The code list of a self-described file (columns of a project list) and its code labels.

    CodeError when the file is absent, is not such a list, or holds a wrong code.
    """
    written = read_list(file)
    return written.made(), written.labels


def raw_list(name: str) -> RawList:
    """The list called ``name`` (or written in the file ``name``) before its codes are checked.

    CodeError when it is unknown or its file is no list file.

    >>> raw_list("aod").codes
    ('B01AE07', 'B01AF')
    """
    if str(name).endswith(".csv"):
        return read_list(Path(name)).raw()
    own = project_folder() / f"{name}.csv"
    if _NAME.fullmatch(str(name)) and own.is_file():
        return read_list(own).raw()
    made = codelist(name)
    return RawList(made.name, made.system, made.codes)


def licence_of(name: str) -> str:
    """Licence of a shipped list, empty for a list of the project.

    >>> licence_of("aod").startswith("Apache-2.0")
    True
    """
    return _index().get(name, {}).get("licence", "")


def codelist_names() -> list[str]:
    """Names of all lists, shipped and of the project, in alphabetical order.

    >>> "avk" in codelist_names()
    True
    """
    own = {file.stem for file in project_folder().glob("*.csv") if _NAME.fullmatch(file.stem)}
    return sorted(own | _index().keys())


def _index() -> dict[str, dict[str, str]]:
    text = (resources.files("studylib.codes") / "lists" / "index.csv").read_text("utf-8")
    return {row["name"]: row for row in csv.DictReader(io.StringIO(text))}


def _load(name: str) -> tuple[Codelist, dict[str, str]]:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise _unknown(name)
    own = project_folder() / f"{name}.csv"
    if own.is_file():
        written = read_list(own)
        return written.made(), written.labels
    described = _index().get(name)
    if described is None:
        raise _unknown(name)
    return _from_package(name, described)


def _from_package(name: str, described: dict[str, str]) -> tuple[Codelist, dict[str, str]]:
    text = _shipped_text(name, described["sha256"])
    labels = {row["code"]: row["label"] for row in csv.DictReader(io.StringIO(text))}
    return _described(name, tuple(labels), described | {"list_label": described["label"]}), labels


def _shipped_text(name: str, expected: str) -> str:
    content = (resources.files("studylib.codes") / "lists" / f"{name}.csv").read_bytes()
    if text_hash(content) != expected:
        raise CodeError(
            f"Liste de codes « {name} » fournie avec studylib : contenu modifié (SHA-256 "
            f"{text_hash(content)[:12]}… au lieu de {expected[:12]}…) ; réinstaller studylib, et "
            f"mettre la liste voulue dans parameters/codelists/{name}.csv."
        )
    return content.decode("utf-8")


def _described(name: str, codes: tuple[str, ...], about: dict[str, str]) -> Codelist:
    return Codelist(
        name, about["system"], codes, about["version"], about["source"], about["list_label"]
    )


def _unknown(name: object) -> CodeError:
    """The refusal of a name: as a referential or as a list, whichever it was meant to be."""
    if name in all_known():
        return CodeError(
            f"« {name} » est un référentiel, non une liste de codes : le lire par « studylib codes "
            f"show {name} », en comparer deux versions par « studylib codes diff {name} AVANT "
            "APRÈS »."
        )
    names: Sequence[str] = codelist_names()
    close = get_close_matches(str(name).casefold(), names, n=3, cutoff=0.5)
    advice = (
        f"noms proches : {', '.join(close)}" if close else f"listes connues : {', '.join(names)}"
    )
    return CodeError(
        f"Liste de codes « {name} » inconnue : {advice} ; une liste du projet s'ajoute dans "
        f"parameters/codelists/NOM.csv (minuscules, chiffres et « _ »)."
    )
