"""FINESS, the establishments: the extraction of the Drees, and the flow of the ANS after it.

The Drees stopped its delimited extraction (etalab-cs1100502, etalab-cs1100507) in July 2026; the
Agence du numérique en santé publishes the same establishments, and the closed ones, as one JSON
object by day and by month. Layouts: etalab_cs1100502 (Drees); schema-structures-v1 (ANS).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from studylib.errors import TableError
from studylib.files import json_stream, layout
from studylib.referentials.parsed import (
    Parsed,
    days,
    empty_as_missing,
    require_form,
    require_readable,
)

NUMBER = r"\d[\dAB]\d{7}"
_COLUMNS = {
    "finess": 1, "legal_entity": 2, "label": 3, "long_label": 4, "department": 13,
    "category": 18, "category_label": 19, "opened": 28,
}  # fmt: skip
_WIDTH = 32
_NO_DATE = "1900-01-01"  # what the producer's schema writes for a date not known
_IN_SERVICE = "A"  # etatObjet, TRE_R386
_WHERE_IT_WORKS = "03"  # usageAdresse, TRE_R377: one address of several, not always the first


def finess(path: Path) -> Parsed:
    """Establishments in service, from either file: a row each, in the columns of ``FINESS``."""
    begins = layout.read_bytes(path, size=1 << 10).removeprefix(b"\xef\xbb\xbf").lstrip()
    return _structures(path) if begins.startswith(b"{") else _extraction(path)


def _extraction(path: Path) -> Parsed:
    """The extraction of before July 2026: a first line of state, no header, 32 columns.

    The lines of geographical coordinates that some editions add (cs1100507) are left out. Columns
    and default of dates: the producer's description etalab_cs1100502.
    """
    lines = layout.read_text(path).splitlines()
    rows = [line.split(";") for line in lines if line.startswith("structureet;")]
    if not rows:
        raise TableError(
            f"Fichier {path.name} : aucune ligne « structureet », l'extraction FINESS des "
            "établissements (etalab-cs…-stock-….csv) est attendue."
        )
    short = [number for number, row in enumerate(rows, 1) if len(row) < _WIDTH]
    if short:
        raise TableError(
            f"Fichier {path.name}, établissement {short[0]} : {len(rows[short[0] - 1])} colonnes, "
            f"{_WIDTH} attendues ; fichier tronqué ou modifié, le télécharger à nouveau."
        )
    columns = {
        name: pd.Series([row[place].strip() for row in rows]) for name, place in _COLUMNS.items()
    }
    frame = pd.DataFrame(columns)
    frame["label"] = frame["long_label"].where(frame["long_label"] != "", frame["label"])
    return Parsed(_checked(path, frame.drop(columns="long_label")), _state(lines[0], path.name))


def _state(first_line: str, name: str) -> date | None:
    found = re.search(r"(20\d\d)-(\d\d)-(\d\d)", first_line) or re.search(
        r"(20\d\d)(\d\d)(\d\d)", name
    )
    return date(*map(int, found.groups())) if found else None


def _structures(path: Path) -> Parsed:
    """The flow of the ANS: legal entities (``pmej``), each with its establishments (``ege``).

    It gives the code of a category without its label. Closed establishments are left out, as the
    extraction did.
    """
    rows, state = [], None
    for key, value in json_stream.values(path):
        if key == "pmej":
            try:
                rows += list(_sites(value))
            except (KeyError, TypeError, AttributeError) as error:
                raise TableError(
                    f"Fichier {path.name} : un établissement n'a pas la forme attendue "
                    f"({error}) ; le producteur a changé son format."
                ) from error
        elif key == "generatedAt":
            state = _state(str(value), path.name)
    if not rows:
        raise TableError(
            f"Fichier {path.name} : aucun établissement en service sous « pmej » ; le fichier "
            "finess-structures de l'ANS est attendu."
        )
    return Parsed(_checked(path, pd.DataFrame(rows)), state)


def _sites(entity: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The establishments in service of a legal entity."""
    for site in entity["ege"]:
        known = site["informationsGeneralesEGE"]
        if site["etatObjet"] != _IN_SERVICE or known.get("dateFermeture"):
            continue
        places = {place.get("usageAdresse"): place for place in site["adresse"]}
        commune = places[_WHERE_IT_WORKS]["cogCommune"]
        yield {
            "finess": known["numFinessEge"],
            "legal_entity": entity["informationsGeneralesPMEJ"]["numFinessPm"],
            "label": (known["nomEgeLong"] or known["nomEgeCourt"]).strip(),
            "department": commune[:3] if commune.startswith(("97", "98")) else commune[:2],
            "category": site.get("categorieentiteGeographiqueExercice"),
            "category_label": None,
            "opened": known["dateOuverture"],
        }


def _checked(path: Path, frame: pd.DataFrame) -> pd.DataFrame:
    require_form(path, "FINESS", frame["finess"], NUMBER, "numéro FINESS de 9 caractères")
    require_readable(path, "raison sociale", frame["label"])
    opened = frame["opened"].replace(_NO_DATE, "")
    frame["opened"] = days(path, "date d'ouverture", opened, "%Y-%m-%d")
    for name in ("category", "category_label"):
        frame[name] = empty_as_missing(frame[name])
    return frame
