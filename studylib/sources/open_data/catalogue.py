"""The open data sets studylib knows: who makes them, how their files are named, how to get them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import resources

import yaml

from studylib.errors import ChoiceError


@dataclass(frozen=True)
class DataSet:
    """One open data set in one layout; ``files`` are regular expressions on its file names."""

    name: str
    title: str
    producer: str
    page: str
    licence: str
    layout: str
    files: tuple[str, ...]
    example: str
    folder: str
    obtain: str
    required: bool = True
    default_year: int | None = None
    download: str | None = None

    def match(self, file_name: str) -> re.Match[str] | None:
        """The match of a file name with this data set, case and a final ``.gz`` left free.

        >>> dataset("open_damir").match("A202401.CSV.gz")["month"]
        '202401'
        """
        bare = re.sub(r"\.gz$", "", file_name, flags=re.IGNORECASE)
        for pattern in self.files:
            found = re.fullmatch(pattern, bare, flags=re.IGNORECASE)
            if found:
                return found
        return None

    def period(self, file_name: str) -> str:
        """What the file covers, read in its name: a year, a span or a month; else nothing.

        >>> dataset("open_damir_by_month").period("damir_month_region_age_sex_2019_2024.csv")
        '2019–2024'
        """
        found = self.match(file_name)
        groups = found.groupdict() if found else {}
        if groups.get("month"):
            return f"{groups['month'][:4]}-{groups['month'][4:]}"
        if groups.get("last_year"):
            return f"{groups['year']}–{groups['last_year']}"
        return str(groups.get("year") or self.default_year or "")


@cache
def datasets() -> tuple[DataSet, ...]:
    """Every data set of ``catalogue.yaml``, in its order."""
    text = resources.files(__package__).joinpath("catalogue.yaml").read_text(encoding="utf-8")
    entries = yaml.safe_load(text)
    return tuple(
        DataSet(name=name, **{**entry, "files": tuple(entry["files"])})
        for name, entry in entries.items()
    )


def dataset(name: str) -> DataSet:
    """The data set called ``name``; ChoiceError names close ones when there is none.

    >>> dataset("insee_population").producer
    'Insee'
    """
    known = {entry.name: entry for entry in datasets()}
    if name in known:
        return known[name]
    close = get_close_matches(name, known, n=3) or list(known)
    raise ChoiceError(
        f"Jeu de données « {name} » inconnu : choisir parmi {', '.join(close)} "
        "(liste complète : studylib data list)."
    )


def dataset_of(file_name: str) -> DataSet | None:
    """The data set whose naming a file follows, or None.

    >>> dataset_of("cis_bdpm.txt").name
    'bdpm_specialities'
    """
    return next((entry for entry in datasets() if entry.match(file_name)), None)
