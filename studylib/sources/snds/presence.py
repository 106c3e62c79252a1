"""Whether the raw tables that go together are all there, for the same months, and not empty.

A table that is absent beside its companion would make care vanish, or count it twice, without a
word. What can be done without by the nature of an extraction is told; anything else is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from studylib.errors import DataMissing
from studylib.sources.quality import CODINGS
from studylib.sources.snds import layout
from studylib.sources.snds.findings import Findings
from studylib.sources.snds.naming import near_table, shown
from studylib.sources.snds.raw import Raw
from studylib.sources.snds.same_period import check_period, lines_of

EVERY_COLUMN = "*"
WHOLE = ""  # the table of a notice that bears on the whole location


@dataclass(frozen=True)
class Companion:
    """A table, the one it goes with, and in French what its absence does.

    Without ``without`` it cannot be absent; with ``unless`` its absence is refused when that other
    table is there, because the same care would then be counted twice.
    """

    table: str
    beside: str
    without: str = ""
    unless: str = ""


COMPANIONS = (
    Companion("ER_PHA_F", "ER_PRS_F"),
    Companion("IR_BEN_R", "ER_PRS_F"),
    Companion("IR_PHA_R", "ER_PHA_F"),
    Companion(
        "ER_ETE_F",
        "ER_PRS_F",
        "ce que les hôpitaux publics facturent directement ne se distingue pas des soins de ville "
        "et y est compté",
        unless="T_MCOaaB",
    ),
    Companion(
        "ER_UCD_F", "ER_PRS_F", "les médicaments que l'hôpital rétrocède ne sont pas comptés"
    ),
    Companion(
        "IR_BEN_R_ARC", "IR_BEN_R", "les lignes des personnes sans soin récent sont écartées"
    ),
    Companion(
        "IR_IMB_R", "ER_PRS_F", "aucune ALD n'est connue, une pathologie l'est par l'hôpital"
    ),
    Companion("KI_CCI_R", "IR_BEN_R", "les décès sont ceux de IR_BEN_R seule"),
    Companion("BE_IDE_R", "ER_PRS_F", "un établissement prescripteur garde ses huit caractères"),
    Companion("T_MCOaaB", "ER_PRS_F", "ni séjours, ni diagnostics, ni actes de l'hôpital"),
    Companion("T_MCOaaC", "T_MCOaaB"),
    Companion("T_MCOaaD", "T_MCOaaB"),
    Companion("T_MCOaaE", "T_MCOaaB"),
    Companion("T_MCOaaUM", "T_MCOaaB", "les diagnostics des unités médicales ne sont pas cherchés"),
    Companion("T_MCOaaA", "T_MCOaaB", "aucun acte n'est connu"),
    Companion("T_MCOaaVALO", "T_MCOaaB", "les séjours publics ont un coût nul"),
    Companion("T_MCOaaFB", "T_MCOaaB", "les séjours privés ont un coût nul"),
    Companion("T_MCOaaMED", "T_MCOaaB", "la liste en sus des séjours publics n'est pas comptée"),
    Companion("T_MCOaaMEDATU", "T_MCOaaB", "les accès précoces ne sont pas comptés"),
    Companion("T_MCOaaFH", "T_MCOaaB", "la liste en sus des séjours privés n'est pas comptée"),
    Companion("T_MCOaaFHSTC", "T_MCOaaB", "la liste en sus des soins externes n'est pas comptée"),
    Companion("T_MCOaaCSTC", "T_MCOaaFHSTC"),
)


def check_presence(raw: Raw, findings: Findings) -> None:
    """Refuses or tells, one by one, what is absent beside the tables that are there.

    DataMissing when a table, a year or its months of flow are absent while care would vanish or
    be counted twice; a notice in ``findings`` when the table may be absent by nature.
    """
    _check_hospital(raw)
    for companion in COMPANIONS:
        if lines_of(raw, companion.beside):
            if lines_of(raw, companion.table):
                check_period(raw, companion.table, companion.beside)
            else:
                _absent(raw, companion, findings)
    _note_strangers(raw, findings)


def _check_hospital(raw: Raw) -> None:
    hospital = [name for name in layout.tables() if name.startswith("T_MCOaa") and raw.has(name)]
    if hospital and not raw.has("T_MCOaaB"):
        raise DataMissing(
            f"Source « {raw.name} », table T_MCOaaB : absente alors que {hospital[0]} est là ; "
            "déposer les séjours, ou retirer toutes les tables du PMSI."
        )


def _absent(raw: Raw, companion: Companion, findings: Findings) -> None:
    what = "aucune ligne" if raw.has(companion.table) else "absente"
    place = f"Source « {raw.name} », table {companion.table} : {what} alors que"
    if not companion.without:
        expected = shown(layout.table(companion.table))
        alike = [name for name in raw.strangers() if near_table(name) == companion.table]
        hint = f" (peut-être {alike[0]})" if alike else ""
        raise DataMissing(
            f"{place} {companion.beside} en a ; déposer ses fichiers Parquet dans un dossier "
            f"{expected}{hint}."
        )
    if companion.unless and raw.has(companion.unless):
        raise DataMissing(
            f"{place} {companion.unless} est là ; {companion.without}, donc deux fois : "
            "la déposer, ou retirer les tables du PMSI."
        )
    findings.notice(companion.table, f"{what} ; {companion.without}")
    years = raw.years(companion.beside) or (0,)
    rows = [(companion.table, EVERY_COLUMN, year, "absent", 0) for year in years]
    findings.coding(pd.DataFrame(rows, columns=CODINGS.names))


def _note_strangers(raw: Raw, findings: Findings) -> None:
    told = []
    for name in raw.strangers():
        near = near_table(name)
        told.append(f"{name} (nom proche de {near})" if near else name)
    if told:
        text = (
            f"{', '.join(told)} présent et non lu, sous un nom qui n'est celui d'aucune table lue"
        )
        findings.notice(WHOLE, text)
