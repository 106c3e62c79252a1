"""Is a code list what its author meant? Every doubt on a list, in one table.

Errors make a list unusable: a malformed or cut code, a duplicate, a list that matches nothing in
the data. Warnings ask to look again: a code unknown to the referentials or absent from the data,
a code another one already covers, a whole therapeutic group, neighbours that look forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from studylib import tables
from studylib.codes.codelist import Codelist, RawList
from studylib.codes.knowledge import MAIN, absent, known_codes
from studylib.codes.neighbours import forgotten
from studylib.codes.registry import system as system_of
from studylib.codes.systems import bare
from studylib.errors import CodeError
from studylib.referentials import referential
from studylib.tables import CheckResult, Column, Table

FINDINGS = Table(
    "codelist_findings",
    (
        Column("list", "text", "name of the list"),
        Column("severity", "text", "error or warning"),
        Column("finding", "text", "malformed, duplicate, unknown, absent, covered, broad…"),
        Column("code", "text", "the code, empty for the whole list"),
        Column("label", "text", "its label, empty when unknown"),
        Column("text", "text", "what is wrong and what to do, in French"),
    ),
)
_BROAD = {"ATC": 3, "GHM": 2, "CCAM": 2}  # a prefix this short takes a whole group


def check_codelist(
    given: Codelist | RawList, *, present: Iterable[str] | None = None
) -> CheckResult:
    """What may be wrong with a list; ``passed`` is False when it has an error.

    ``present`` are the distinct codes of the data, when a source is at hand. The table holds one
    row per doubt (``FINDINGS``). CodeError when the system does not exist.

    >>> from studylib.codes import codelist
    >>> check_codelist(codelist("aod")).passed
    True
    >>> check_codelist(RawList("dementia", "ATC", ("N06DA02", "N06DA0"))).passed
    False
    """
    known = known_codes(given.system)
    labels = dict(zip(known["code"], known["label"], strict=True))
    rows = _malformed(given)
    wrong = {row[1] for row in rows}
    codes = [code for code in dict.fromkeys(given.codes) if code not in wrong]
    rows += _covered(given.system, codes) + _broad(given.system, codes, labels)
    rows += _warned(given.system, codes)
    data = None if present is None else sorted({c for c in present if isinstance(c, str)})
    if data is not None:
        rows += _absent(given, codes, data)
    has_reference = given.system in MAIN and MAIN[given.system] not in absent(given.system)
    if has_reference:
        rows += _unknown(given.system, codes, list(labels), data)
    around = sorted({*labels, *(data or [])})
    rows += _forgotten(given.system, codes, around, labels)
    frame = pd.DataFrame(
        [
            (given.name, severity, finding, code, labels.get(code, ""), text)
            for finding, code, severity, text in rows
        ],
        columns=FINDINGS.names,
    ).astype(object)
    return _result(given, tables.check(frame, FINDINGS), has_reference)


_Row = tuple[str, str, str, str]  # finding, code, severity, text


def _result(given: Codelist | RawList, frame: pd.DataFrame, has_reference: bool) -> CheckResult:
    errors = int((frame["severity"] == "error").sum())
    warnings = len(frame) - errors
    said = (
        f"Liste « {given.name} » ({given.system}, {_counted(len(given.codes), 'code')}) : "
        f"{_counted(errors, 'erreur')}, {_counted(warnings, 'avertissement')}"
    )
    if not has_reference and given.system in MAIN:
        said += f" ; référentiel {MAIN[given.system]} absent, codes inconnus non recherchés"
    return CheckResult(given.name, errors == 0, frame, said + ".")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' if count > 1 else ''}"


def _malformed(given: Codelist | RawList) -> list[_Row]:
    known = system_of(given.system)
    rows: list[_Row] = []
    seen: set[str] = set()
    for code in given.codes:
        if code in seen:
            rows.append(("duplicate", code, "error", "figure deux fois, supprimer le doublon"))
            continue
        seen.add(code)
        try:
            known.check(code, prefix=True)
        except CodeError as refusal:
            finding = "cut" if "coupé" in str(refusal) else "malformed"
            rows.append((finding, str(code), "error", str(refusal)))
    if not given.codes:
        rows.append(("empty", "", "error", "la liste est vide, donner au moins un code"))
    return rows


def _covered(system: str, codes: Sequence[str]) -> list[_Row]:
    known = system_of(system)
    prefixes = tuple(code for code in codes if not known.is_full(code))
    return [
        ("covered", code, "warning", f"déjà compris dans « {prefix} », inutile")
        for code in codes
        for prefix in prefixes
        if code != prefix and code.startswith(prefix)
    ]


def _broad(system: str, codes: Sequence[str], labels: dict[str, str]) -> list[_Row]:
    length = _BROAD.get(system, 0)
    rows: list[_Row] = []
    for code in codes:
        if len(code) > length:
            continue
        inside = [other for other in labels if len(other) == length + 1 and other.startswith(code)]
        detail = f" ({', '.join(inside[:8])}{'…' if len(inside) > 8 else ''})" if inside else ""
        rows.append(
            ("broad", code, "warning", f"prend tout le groupe{detail} : vérifier que c'est voulu")
        )
    return rows


def _warned(system: str, codes: Sequence[str]) -> list[_Row]:
    table = referential("code_warnings")
    said = table[table["system"] == system].set_index("code")["warning"]
    return [("ambiguous", code, "warning", str(said[code])) for code in codes if code in said.index]


def _unknown(
    system: str, codes: Sequence[str], known: Sequence[str], data: Sequence[str] | None
) -> list[_Row]:
    found = _matching(system, codes, [*known, *(data or [])])
    return [
        ("unknown", code, "warning", "inconnu des référentiels présents : vérifier le code")
        for code in codes
        if code not in found
    ]


def _absent(given: Codelist | RawList, codes: Sequence[str], data: Sequence[str]) -> list[_Row]:
    found = _matching(given.system, codes, data)
    rows: list[_Row] = [
        ("absent", code, "warning", "ne correspond à aucun code des données")
        for code in codes
        if code not in found
    ]
    misspelt = [c for c in data if bare(c) != c and _matching(given.system, codes, [bare(c)])]
    if misspelt:
        text = (
            f"codes des données mal écrits, par exemple « {misspelt[0]} » : les mettre en "
            "capitales, sans espace ni point"
        )
        rows.append(("misspelt", "", "error", text))
    if codes and not found:
        seen = ", ".join(data[:3]) or "aucun"
        text = f"aucun code ne correspond aux données (codes des données : {seen})"
        rows.append(("matches_nothing", "", "error", text))
    return rows


def _matching(system: str, codes: Sequence[str], others: Sequence[str]) -> set[str]:
    if not codes:
        return set()
    listed = Codelist("check", system, tuple(codes), "1970-01-01", "check", "check")
    return set(listed.matched(others))


def _forgotten(
    system: str, codes: Sequence[str], around: Sequence[str], labels: dict[str, str]
) -> list[_Row]:
    rows: list[_Row] = []
    for parent, listed, missing in forgotten(system, codes, around):
        named = [f"{code} {labels.get(code, '')}".strip() for code in missing[:5]]
        text = (
            f"à côté de {', '.join(listed[:4])}, ne sont pas listés : {' ; '.join(named)}"
            f"{'…' if len(missing) > 5 else ''}"
        )
        rows.append(("neighbours", parent, "warning", text))
    return rows
