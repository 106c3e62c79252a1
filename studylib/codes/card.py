"""All that is known of one code: its systems, labels, place among others, lists that hold it."""

from __future__ import annotations

import pandas as pd

from studylib.codes import neighbours
from studylib.codes.conversions import cip7_from_cip13, ucd7_from_ucd13
from studylib.codes.drugs import CIP7, CIP13, UCD7, UCD13, cip13_from_cip7, ucd13_from_ucd7
from studylib.codes.knowledge import known_codes
from studylib.codes.library import codelist, codelist_names
from studylib.codes.registry import SYSTEMS
from studylib.errors import CodeError
from studylib.referentials import referential, versions

CARD_COLUMNS = ["relation", "system", "code", "label", "referential", "version"]
_NO_LEVELS = ("CIP7", "CIP13", "UCD7", "UCD13", "FINESS", "region", "department")


def card(code: str) -> pd.DataFrame:
    """What is known of a code, one row per fact, empty when no referential at hand knows it.

    Columns (text): relation (code, parent, child, neighbour, list, other spelling, speciality,
    atc), system, code, label, referential, version. A code may be one of several systems: those
    where it is known come first, then those of which it only has the form. CodeError when it has
    the form of none.

    >>> card("B01AF")["relation"].iloc[0]
    'code'
    """
    shaped = [name for name, known in SYSTEMS.items() if known.is_valid(code, prefix=True)]
    if not shaped:
        raise CodeError(
            f"« {code} » n'est ni une liste, ni un référentiel, ni un code d'un système connu "
            f"({', '.join(SYSTEMS)})."
        )
    known = {name: known_codes(name) for name in shaped}
    held = [name for name in shaped if (known[name]["code"] == code).any()]
    rows: list[tuple[str, ...]] = []
    for name in held or shaped:
        rows += _around(name, code, known[name]) + _spellings(name, code) + _lists(name, code)
    return pd.DataFrame(rows, columns=CARD_COLUMNS)


def _around(system: str, code: str, known: pd.DataFrame) -> list[tuple[str, ...]]:
    facts = known.set_index("code")

    def row(relation: str, other: str) -> tuple[str, ...]:
        if other not in facts.index:
            return (relation, system, other, "", "", "")
        fact = facts.loc[other]
        about = (str(fact[name]) for name in ("label", "referential", "version"))
        return (relation, system, other, *about)

    rows = [row("code", code)]
    if system in _NO_LEVELS:
        return rows
    around = list(facts.index)
    parent = neighbours.parent_of(system, code)
    while parent:
        rows.append(row("parent", parent))
        parent = neighbours.parent_of(system, parent)
    rows += [row("neighbour", other) for other in neighbours.siblings(system, code, around)]
    return rows + [row("child", other) for other in neighbours.children(system, code, around)]


def _spellings(system: str, code: str) -> list[tuple[str, ...]]:
    """Other spellings of a drug code, and the speciality and ATC of a pack."""
    rows: list[tuple[str, ...]] = []

    def other(name: str, spelling: str) -> None:
        rows.append(("other spelling", name, spelling, "", "", ""))

    if system == "CIP7" and CIP7.is_valid(code):
        other("CIP13", cip13_from_cip7(code))
    if system == "CIP13" and CIP13.is_valid(code):
        other("CIP7", cip7_from_cip13(code))
        rows += _pack(code)
    if system == "UCD7" and UCD7.is_valid(code):
        other("UCD13", ucd13_from_ucd7(code))
    if system == "UCD13" and UCD13.is_valid(code):
        other("UCD7", ucd7_from_ucd13(code))
    return rows


def _pack(cip13: str) -> list[tuple[str, ...]]:
    present = versions("bdpm_presentations")
    if present.empty:
        return []
    packs = referential("bdpm_presentations").set_index("cip13")
    if cip13 not in packs.index:
        return []
    cis = str(packs.loc[cip13, "cis"])
    rows: list[tuple[str, ...]] = []
    for relation, name, column in (
        ("speciality", "bdpm_specialities", "label"),
        ("atc", "bdpm_essential_drugs", "atc"),
    ):
        held = versions(name)
        if held.empty:
            continue
        table = referential(name)
        for value in table.loc[table["cis"] == cis, column]:
            pair = (cis, str(value)) if relation == "speciality" else (str(value), "")
            system = "CIS" if relation == "speciality" else "ATC"
            rows.append((relation, system, *pair, name, str(held["version"].iloc[-1])))
    return rows


def _lists(system: str, code: str) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for name in codelist_names():
        try:
            made = codelist(name)
        except CodeError:
            continue  # a faulty list of the project is told by « codes check »
        if made.system == system and made.matches(code):
            rows.append(("list", system, name, made.label, f"liste {name}", made.version))
    return rows
