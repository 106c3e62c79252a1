"""Whether a bundle may be received, or sent: one French sentence for each fault."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from studylib.report.bundle.identity import Identity, digest
from studylib.report.bundle.pieces import CONTENTS, FORMAT, VERSION
from studylib.report.disclosure import DEFAULT_THRESHOLD

_KEYS = {"format", "version", "identity", "arm_rule", "withheld", "tables", "sha256"}
_IDENTITY = set(Identity.__dataclass_fields__)
_PERSON = ("person", "nir", "ben_", "num_enq", "birth", "naissance", "entry", "exit", "index_date")
_IDENTIFIER = re.compile(r"\d{10,}|BEN_NIR|NUM_ENQ", re.I)
_LARGEST_BYTES = 20_000_000


def faults(file: Path, *, fingerprint: str = "", request: str = "") -> list[str]:
    """What is wrong with the bundle in ``file``, in French sentences; empty when nothing is.

    Refused: a file that is not one, altered since it was made (its hash), a table or a column that
    is not in the contract, a column about persons, a count from 1 to the threshold less one, a
    profile resting on few outcomes, another request or other parameters than those given.
    """
    name = file.name
    try:
        if file.stat().st_size > _LARGEST_BYTES:
            return [f"{name} : fichier trop grand pour un lot de résultats agrégés."]
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return [f"{name} : fichier absent ; vérifiez le chemin écrit dans la demande."]
    except (OSError, ValueError):
        return [f"{name} : fichier illisible ; un lot de résultats est un fichier JSON."]
    shape = list(_shape(content))
    if shape:
        return [f"{name} : {fault}" for fault in shape]
    found = [*_altered(content), *_tables(content), *_question(content, fingerprint, request)]
    return [f"{name} : {fault}" for fault in found]


def _shape(content: object) -> Iterator[str]:
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        yield "ce n'est pas un lot de résultats de studylib ; le refaire par « bundle export »."
        return
    if content.get("version") != VERSION:
        yield (
            f"version {content.get('version')} du format ; cette bibliothèque lit la version "
            f"{VERSION} : refaire le lot avec la même version de studylib."
        )
        return
    unknown = sorted(set(content) ^ _KEYS)
    if unknown or not isinstance(content["tables"], dict):
        yield f"contenu inattendu ou absent ({', '.join(unknown) or 'tables'})."
        return
    identity = content["identity"]
    if content["arm_rule"] not in ("each_arm", "whole") or not isinstance(
        content["withheld"], list
    ):
        yield "la règle d'envoi des profils (arm_rule, withheld) est inconnue."
    if not isinstance(identity, dict) or set(identity) != _IDENTITY:
        yield "l'identité du lot (demande, site, versions) est incomplète ou a des champs inconnus."
    for name, table in content["tables"].items():
        parts = [table.get(part) for part in ("rows", "columns")] if isinstance(table, dict) else []
        rows, columns = parts or (None, None)
        even = isinstance(rows, list) and isinstance(columns, list)
        if not even or any(
            not isinstance(row, list) or len(row) != len(columns or ()) for row in rows or ()
        ):
            yield f"la table {name} n'a pas la forme attendue (columns, rows)."


def _altered(content: Mapping[str, Any]) -> Iterator[str]:
    whole = {name: value for name, value in content.items() if name != "sha256"}
    if digest(whole) != content["sha256"]:
        yield "le fichier a été modifié depuis sa création ; demander le lot d'origine."


def _tables(content: Mapping[str, Any]) -> Iterator[str]:
    threshold = content["identity"]["threshold"]
    if not isinstance(threshold, int) or threshold < DEFAULT_THRESHOLD:
        yield f"seuil de diffusion {threshold} ; attendu {DEFAULT_THRESHOLD} ou plus."
        return
    for name, table in content["tables"].items():
        if name not in CONTENTS:
            yield f"la table {name} n'est pas prévue ; tables possibles : {', '.join(CONTENTS)}."
            continue
        yield from _columns(name, table["columns"])
        yield from _small(name, table, threshold)
        yield from _cells(name, table)


def _columns(name: str, columns: list[str]) -> Iterator[str]:
    declared = CONTENTS[name].names
    for column in columns:
        if column not in declared:
            about = any(part in str(column).lower() for part in _PERSON)
            yield (
                f"la table {name} a une colonne de données individuelles ({column}) ; "
                "un lot n'a que des résultats agrégés."
                if about
                else f"la table {name} a une colonne non prévue ({column})."
            )
    # a nullable column may be younger than the bundle
    needed = [column.name for column in CONTENTS[name].columns if not column.nullable]
    absent = [column for column in needed if column not in columns]
    if absent:
        yield f"la table {name} n'a pas les colonnes {', '.join(absent)}."


def _small(name: str, table: Mapping[str, Any], threshold: int) -> Iterator[str]:
    """Counts of persons or outcomes under the threshold; a zero tells of nobody."""
    for column in CONTENTS[name].columns:
        if not column.counts or column.name not in table["columns"]:
            continue
        place = table["columns"].index(column.name)
        lowest = 0 if name == "profiles" else 1
        values = [row[place] for row in table["rows"] if row[place] is not None]
        if any(type(value) is not int or value < 0 for value in values):
            yield f"la table {name} a un effectif qui n'est pas un entier ({column.name})."
        elif any(lowest <= value < threshold for value in values):
            yield (
                f"la table {name} a un effectif inférieur à {threshold} ({column.name}) ; "
                "il doit être masqué."
            )


def _cells(name: str, table: Mapping[str, Any]) -> Iterator[str]:
    """What a cell may hold: text without identifier, or a number."""
    for column in CONTENTS[name].columns:
        if column.name not in table["columns"] or column.counts:
            continue
        place = table["columns"].index(column.name)
        values = [row[place] for row in table["rows"] if row[place] is not None]
        if column.kind == "text":
            wrong = any(not isinstance(v, str) or _IDENTIFIER.search(v) for v in values)
        else:
            numbers = (v for v in values if v not in ("Infinity", "-Infinity"))
            wrong = any(type(v) not in (int, float) for v in numbers)
        if wrong:
            yield (
                f"la table {name} a une cellule inattendue ({column.name}) : identifiant, ou "
                "valeur d'un autre type."
            )


def _question(content: Mapping[str, Any], fingerprint: str, request: str) -> Iterator[str]:
    identity = content["identity"]
    if request and identity["request"] != request:
        yield f"le lot répond à la demande {identity['request']}, non à {request}."
    elif fingerprint and identity["fingerprint"] != fingerprint:
        yield (
            f"le lot répond à la demande {identity['request']} avec d'autres paramètres que ceux "
            "attendus ; refaire l'étude de ce site avec le même fichier de demande."
        )
