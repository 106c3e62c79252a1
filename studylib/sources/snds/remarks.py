"""What a reading has to say before its data are used, from what it found.

The quality study judges everything against expected ranges. Here are only the findings that would
make a result wrong without anybody noticing: they are told each time the source is opened.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import pandas as pd

from studylib.sources.snds import layout
from studylib.sources.snds.findings import Findings
from studylib.sources.snds.hospital_drugs import TABLES as DRUG_TABLES
from studylib.sources.snds.people import OUT_OF_PERIOD
from studylib.sources.snds.raw import Raw

LIVE = "flux récents"  # the table of flows that has no year in its name
HALF = 0.5
SOME = 0.005  # what regularisations and dates leave by nature is below
UNKNOWN_HOMES = 0.02


@dataclass(frozen=True)
class Remark:
    """The share from which a finding is told, and what is said of it."""

    share: float
    words: str


REJECTED = {
    "negative_amount": Remark(
        SOME,
        "des montants restent négatifs une fois les régularisations déduites ; ces lignes sont "
        "écartées, vérifier les prix et le signe des quantités",
    ),
    "orphan_cancellation": Remark(
        SOME,
        "des annulations n'ont pas d'original ; elles sont écartées, extraire les flux antérieurs",
    ),
    "no_quantity": Remark(
        SOME, "des lignes n'ont pas de quantité ; elles sont écartées, vérifier l'extraction"
    ),
    "impossible_date": Remark(
        SOME, "des lignes ont une date impossible (absente, 1600, 2099) ; elles sont écartées"
    ),
    "impossible_birth": Remark(
        SOME, "des personnes ont une naissance impossible ; elles et leurs soins sont écartés"
    ),
    "unknown_sex": Remark(
        SOME,
        "des personnes n'ont pas de sexe (BEN_SEX_COD 1 ou 2) ; elles et leurs soins sont écartés",
    ),
    "unknown_code": Remark(0.05, "des lignes n'ont pas de code connu ; elles sont écartées"),
    "no_exact_date": Remark(
        SOME, "des séjours ont une date impossible ; ils ne sont rattachés à personne"
    ),
    OUT_OF_PERIOD: Remark(
        SOME,
        "des soins de la période sont de personnes dites décédées avant elle ou nées après ; ils "
        "sont écartés, vérifier BEN_NAI_ANN et BEN_DCD_DTE",
    ),
    "no_key": Remark(
        0.0, "des lignes n'ont pas d'établissement ou de numéro de séjour ; elles sont écartées"
    ),
    "no_prestation": Remark(
        0.001, "des lignes fines n'ont pas de prestation ; elles sont écartées"
    ),
    "unknown_person": Remark(
        0.05,
        "des lignes sont de personnes absentes de IR_BEN_R ; elles sont écartées, extraire "
        "IR_BEN_R et IR_BEN_R_ARC en entier",
    ),
    "return_code": Remark(0.1, "des séjours ne sont pas reliés à leur personne (codes retour)"),
    "no_valuation": Remark(0.1, "des séjours ne sont pas valorisés ; leur coût est nul"),
}
# Chosen by whoever asked for the period, or what the rule is for.
EXPECTED = ("out_of_flow", "before_period", "superseded", "en_sus_in_pmsi",
            "met_twice", "price_above_tariff")  # fmt: skip
UNPRICED = Remark(SOME, "des lignes n'ont pas de montant ; elles sont gardées à un coût nul")
LINKS = {
    ("ER_PHA_F", "IR_PHA_R"): Remark(0.1, "des boîtes sont absentes de IR_PHA_R ; sans ATC"),
    ("ER_PHA_F", "PHA_ACT_PRU"): UNPRICED,
    ("ER_UCD_F", "UCD_TTF_MNT"): UNPRICED,
    **{(table, "price"): UNPRICED for table in DRUG_TABLES},
    ("T_MCOaaB", "SOR_ANN, SOR_MOI"): Remark(
        SOME,
        "des séjours ont un mois de sortie impossible ; faute de dates exactes, ils sont "
        "mis au 1er janvier de leur année",
    ),
    ("persons", "departments"): Remark(
        UNKNOWN_HOMES, "des personnes n'ont pas de département connu ; leur région est 99"
    ),
}
OF_PERSONS = ("impossible_birth", "unknown_sex")  # told once, of persons
COMPARED = ("IR_IMB_R", "ER_PRS_F (EXO_MTF 41-46)")  # two definitions, which differ by nature


def note_remarks(findings: Findings) -> None:
    """Adds a notice for each rejection, link or unknown code that is past what is told."""
    for table, reason, lines, of_lines in _shares(findings.table("rejected"), "lines", "of_lines"):
        if _is_to_judge(table, reason):
            remark = REJECTED.get(reason) or Remark(
                HALF, f"plus de la moitié des lignes sont écartées (motif {reason})"
            )
            _note(findings, table, remark, lines, of_lines)
    for table, other, lines, of_lines in _shares(findings.table("links"), "unmatched", "lines"):
        if table not in COMPARED:
            remark = LINKS.get((table, other)) or Remark(
                HALF, f"plus de la moitié des lignes ne trouvent rien dans {other}"
            )
            _note(findings, table, remark, lines, of_lines)
    _note_departments(findings)


def _is_to_judge(table: str, reason: str) -> bool:
    """Whether the share of lines set aside for that reason says something of the data."""
    if reason == OUT_OF_PERIOD:  # a register outlives its persons, their care does not
        return table.startswith("ER_")
    return reason not in EXPECTED and (table == "IR_BEN_R" or reason not in OF_PERSONS)


def note_absent_columns(raw: Raw, findings: Findings) -> None:
    """One notice per table whose columns are absent and can be done without, with what follows."""
    absent: dict[tuple[str, str], set[int]] = defaultdict(set)
    for (table, column, year), form in sorted(raw.absent_columns.items()):
        if form == "absent" and layout.table(table).column(column).without and raw.has(table):
            absent[table, column].add(year)
    told: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for (table, column), years in absent.items():
        had = {part.year or 0 for part in raw.parts(table)}
        some = f" ({', '.join(str(year or LIVE) for year in sorted(years))})" if had - years else ""
        told[table][layout.table(table).column(column).without].append(column + some)
    for table, found in told.items():
        each = [f"{', '.join(names)} : {without}" for without, names in found.items()]
        findings.notice(table, f"colonne absente, {' ; '.join(each)}")


def _shares(table: pd.DataFrame, part: str, whole: str) -> list[tuple[str, str, int, int]]:
    """Table, reason or other table, lines concerned and looked at."""
    first, second = table.columns[:2]
    known = table[table[whole] > 0]
    return [
        (str(a), str(b), int(lines), int(of_lines))
        for a, b, lines, of_lines in known[[first, second, part, whole]].itertuples(index=False)
    ]


def _note(findings: Findings, table: str, remark: Remark, lines: int, of_lines: int) -> None:
    if lines and lines >= remark.share * of_lines:
        findings.notice(table, remark.words, lines)


def _note_departments(findings: Findings) -> None:
    """Departments written in a way that no referential knows."""
    codes, volumes = findings.table("unknown_codes"), findings.table("volumes")
    total = volumes.groupby("table")["lines"].sum()
    homes = codes[codes["system"] == "department"]
    for (table, column), rows in homes.groupby(["table", "column"]):
        lines = int(rows["lines"].sum())
        if lines >= UNKNOWN_HOMES * int(total.get(table, lines)):
            most = ", ".join(rows.sort_values("lines", ascending=False)["code"].astype(str)[:3])
            findings.notice(
                str(table),
                f"colonne {column} : département {most} inconnu des référentiels ; la région de "
                "résidence ne s'en déduit pas (99 à défaut), vérifier l'écriture des codes",
                lines,
            )
