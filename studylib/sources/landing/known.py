"""What is known of a table before it is read: the kind of each column, and those it must have."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from studylib.errors import TableError
from studylib.sources.landing.recognition import Target, model_name
from studylib.sources.snds import layout

_A_VALUE = re.compile(r"[\d\s.,/:+-]+")


@dataclass(frozen=True)
class Known:
    """The kinds of the columns a layout declares; everything else is text."""

    name: str
    kinds: Mapping[str, str] = field(default_factory=dict)
    required: tuple[str, ...] = ()

    @property
    def declared(self) -> bool:
        """Whether a layout describes this table."""
        return bool(self.kinds)

    def kind(self, column: str) -> str:
        """text, day, integer or number."""
        return self.kinds.get(column, "text")


def known(target: Target) -> Known:
    """What the layouts say of the table; nothing (all text) when none describes it."""
    name = model_name(target.table)
    described = layout.tables().get(name)
    if described is None:
        return Known(name)
    required = [
        column.name.upper()
        for column in described.columns
        if column.required
        and (column.collected_in(target.year) if target.year else column.last_year is None)
    ]
    kinds = {
        column.name.upper(): "integer" if column.whole else str(column.kind)
        for column in described.columns
    }
    return Known(name, kinds, tuple(required))


def column_names(file: str, target: Target, given: Sequence[str]) -> list[str]:
    """The names of the columns as they will be written: upper case, letters, figures and ``_``.

    TableError names the file, the table and the column when the header is missing, a name is empty
    or comes twice, or a required column is absent.
    """
    place = f"{file}, table {target.table}"
    names = [_normalised(name) for name in given]
    if not names or all(
        not name or _A_VALUE.fullmatch(text) for name, text in _pairs(names, given)
    ):
        raise TableError(
            f"{place} : la première ligne ne porte pas les noms des colonnes ; ajouter cette ligne "
            "d'en-tête au fichier."
        )
    for position, name in enumerate(names):
        if not name:
            raise TableError(
                f"{place} : la colonne {position + 1} n'a pas de nom ; compléter l'en-tête."
            )
        if name in names[:position]:
            raise TableError(
                f"{place}, colonne {name} : présente deux fois dans l'en-tête ; n'en garder qu'une."
            )
    _check_required(place, known(target), names)
    return names


def _pairs(names: Sequence[str], given: Sequence[str]) -> list[tuple[str, str]]:
    return list(zip(names, given, strict=True))


def _check_required(place: str, expected: Known, names: Sequence[str]) -> None:
    if not expected.declared:
        return
    if not set(names) & set(expected.kinds):
        raise TableError(
            f"{place} : aucune colonne de cette table dans l'en-tête (lu : "
            f"{', '.join(names[:5])[:120]}) ; vérifier la ligne d'en-tête, --delimiter et --table."
        )
    absent = [name for name in expected.required if name not in names]
    if absent:
        extra = [name for name in names if name not in expected.kinds]
        close = get_close_matches(absent[0], extra, 1)
        hint = f" (« {close[0]} » est-il son nom mal écrit ?)" if close else ""
        raise TableError(
            f"{place}, colonne {', '.join(absent[:5])} : absente du fichier{hint} alors que la "
            "lecture en a besoin ; l'ajouter à l'extraction."
        )


def _normalised(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.strip().strip('"').strip())
    ascii_only = plain.encode("ascii", "ignore").decode().upper()
    return re.sub(r"[^A-Z0-9_$#]+", "_", ascii_only).strip("_")
