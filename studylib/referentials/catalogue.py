"""Which referentials exist: those shipped, and those that a producer's file brings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import resources

import yaml

from studylib.errors import ChoiceError
from studylib.referentials import shipped

# Where search and comparison find the codes of shipped tables.
_SHIPPED_CODES = {
    "regions": ("region", "code"),
    "departments": ("department", "code"),
    "department_spellings": ("department", "spelling"),
    "old_regions": ("region", "code"),
    "region_names": ("region", "region"),
    "open_data_zones": ("zone", "code"),
    "observatories": ("OMEDIT", "code"),
    "atc_groups": ("ATC", "code"),
    "charlson": ("CIM-10", "code"),
    "code_warnings": ("ATC", "code"),
}
_SHIPPED_LABELS = {"code_warnings": "warning"}


@dataclass(frozen=True)
class Referential:
    """A referential: what it is, whose it is, and the file that brings it (none when shipped).

    ``code`` and ``label`` name the columns that search, ``show`` and ``diff`` use.
    """

    name: str
    title: str
    producer: str
    licence: str
    system: str
    code: str
    page: str = ""
    files: tuple[str, ...] = ()
    example: str = ""
    obtain: str = ""
    label: str = "label"

    @property
    def is_shipped(self) -> bool:
        """True when it comes with studylib."""
        return not self.files

    def accepts(self, file_name: str) -> bool:
        """True when ``file_name`` is one of the producer's names, case and ``.gz`` left free.

        >>> known("cim10").accepts("ir_cim_v.csv.gz")
        True
        """
        bare = re.sub(r"\.gz$", "", file_name, flags=re.IGNORECASE)
        return any(re.fullmatch(form, bare, flags=re.IGNORECASE) for form in self.files)


@cache
def all_known() -> dict[str, Referential]:
    """Every referential by its name, the shipped ones first."""
    text = (resources.files("studylib.referentials") / "catalogue.yaml").read_text("utf-8")
    brought = {
        name: Referential(name=name, **{**entry, "files": tuple(entry["files"])})
        for name, entry in yaml.safe_load(text).items()
    }
    rows = shipped.index()[["name", "title", "producer", "licence"]].itertuples(index=False)
    with_studylib = {str(row[0]): _of_shipped(*map(str, row)) for row in rows}
    return with_studylib | brought


def known(name: str) -> Referential:
    """The referential called ``name``; ChoiceError names close ones when there is none.

    >>> known("finess").system
    'FINESS'
    """
    entries = all_known()
    if name in entries:
        return entries[name]
    close = get_close_matches(str(name).casefold(), entries, n=3, cutoff=0.5) or list(entries)
    raise ChoiceError(
        f"Référentiel « {name} » inconnu : choisir parmi {', '.join(close)} "
        "(liste complète : studylib codes list)."
    )


def how_to_get(name: str) -> str:
    """What to do to have a referential, in a French sentence.

    >>> how_to_get("cim10").endswith("studylib codes update cim10 --file IR_CIM_V.csv")
    True
    """
    entry = known(name)
    if entry.is_shipped:
        return "fourni avec studylib"
    return f"{entry.obtain} Puis : studylib codes update {entry.name} --file {entry.example}"


def _of_shipped(name: str, title: str, producer: str, licence: str) -> Referential:
    system, code = _SHIPPED_CODES[name]
    label = _SHIPPED_LABELS.get(name, "name" if _has_names(name) else "label")
    return Referential(name, title, producer, licence, system, code, label=label)


def _has_names(name: str) -> bool:
    return "name" in shipped.read(name).columns
