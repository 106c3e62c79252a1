"""What one pack of a drug holds, from files by name: the project's own first, then those shipped.

A file is CSV with the columns cip13, unit (DDD or mg) and dose, a line for each pack and unit,
fields parted by commas or semicolons; other columns (label, source…) are left aside. A project's
stand in ``parameters/doses``; the one shipped is of simulated packs.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, get_args

import pandas as pd

from studylib import codes, project
from studylib.errors import CodeError, Problem, RequestError
from studylib.requests.wording import problem, quoted, suggestion
from studylib.usage.rules.rule import DoseUnit

COLUMNS = ("cip13", "unit", "dose")
UNITS = get_args(DoseUnit)
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class DoseTable:
    """What packs hold: ``packs`` has cip13, unit and dose; ``sha256`` is that of the file."""

    name: str
    packs: pd.DataFrame
    sha256: str


def dose_table(name: str) -> DoseTable:
    """The doses of the file called ``name``; RequestError with every fault, each with its line.

    >>> dose_table("simulated_doses").packs["dose"].tolist()
    [14.0, 28.0]
    """
    data, shown = _found(name)
    return DoseTable(name, read_doses(data, shown), hashlib.sha256(data).hexdigest())


def dose_table_names() -> list[str]:
    """Names of the files of doses, shipped and of the project, in alphabetical order.

    >>> dose_table_names()
    ['simulated_doses']
    """
    shipped = {each.name for each in _shipped().iterdir()}
    own = {path.name for path in _own_folder().glob("*.csv")}
    stems = {name.removesuffix(".csv") for name in shipped | own if name.endswith(".csv")}
    return sorted(stem for stem in stems if _NAME.fullmatch(stem))


def own_file(name: str) -> Path | None:
    """The project's own file of doses called ``name``; None when it is the one shipped."""
    file = _own_folder() / f"{name}.csv"
    return file if file.is_file() else None


def _found(name: str) -> tuple[bytes, str]:
    if isinstance(name, str) and _NAME.fullmatch(name):
        own = _own_folder() / f"{name}.csv"
        if own.is_file():
            return own.read_bytes(), f"parameters/doses/{name}.csv"
        shipped = _shipped() / f"{name}.csv"
        if shipped.is_file():
            return shipped.read_bytes(), f"{name}.csv"
    accepted = suggestion(name, dose_table_names(), what="le nom d'un fichier de doses")
    raise RequestError([problem("doses", None, (), quoted(name), accepted)])


def _own_folder() -> Path:
    return project.root() / "parameters" / "doses"


def _shipped() -> Any:
    return resources.files("studylib.usage.rules") / "files"


def read_doses(data: bytes, shown: str) -> pd.DataFrame:
    r"""The doses written in ``data``: cip13, unit, dose; ``shown`` is the file that faults quote.

    >>> read_doses(b"cip13;unit;dose\n3400999900669;DDD;14\n", "doses.csv").to_numpy().tolist()
    [['3400999900669', 'DDD', 14.0]]
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _error(shown, "un texte en UTF-8") from None
    header = text.partition("\n")[0]
    lines = csv.DictReader(io.StringIO(text), delimiter=";" if ";" in header else ",")
    absent = [name for name in COLUMNS if name not in (lines.fieldnames or ())]
    if absent:
        raise _error(shown, f"les colonnes {', '.join(COLUMNS)} ; il manque {', '.join(absent)}")
    rows = [tuple((line[name] or "").strip() for name in COLUMNS) for line in lines]
    faults = list(_faults(rows, shown))
    if faults or not rows:
        raise RequestError(faults or [problem(shown, None, (), "vide", "une ligne au moins")])
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.assign(dose=table["dose"].str.replace(",", ".").astype(float))


def _faults(rows: list[tuple[str, ...]], shown: str) -> Iterator[Problem]:
    seen: set[tuple[str, str]] = set()
    for line, (cip13, unit, dose) in enumerate(rows, start=2):
        try:
            codes.system("CIP13").check(cip13)
        except CodeError:
            yield problem(shown, line, ("cip13",), quoted(cip13), "un code CIP13 correct")
        if unit not in UNITS:
            yield problem(shown, line, ("unit",), quoted(unit), " ou ".join(UNITS))
        if not 0 < (_number(dose) or 0) < float("inf"):
            yield problem(shown, line, ("dose",), quoted(dose), "un nombre supérieur à 0")
        if (cip13, unit) in seen:
            accepted = "une seule dose par boîte et unité"
            yield problem(shown, line, ("cip13",), quoted(cip13), accepted)
        seen.add((cip13, unit))


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None


def _error(shown: str, accepted: str) -> RequestError:
    return RequestError([problem(shown, None, (), "", accepted)])
