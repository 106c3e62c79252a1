"""Codes of event tables: their form, sex and age, and the weight of the main one."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import or_

import narwhals as nw

from studylib.sources.quality_checks.events import with_persons
from studylib.sources.quality_checks.measuring import Measure, counted, share, shares
from studylib.sources.source import Source

# Codes as SNDS tables write them, without a dot.
FORMS = {
    ("dispensings", "atc"): r"^[A-Z][0-9]{2}[A-Z]{2}[0-9]{2}$",
    ("dispensings", "cip13"): r"^[0-9]{13}$",
    ("diagnoses", "code"): r"^[A-Z][0-9]{2}[0-9A-Z+]{0,5}$",
    ("long_term_conditions", "code"): r"^[A-Z][0-9]{2}[0-9A-Z+]{0,5}$",
    ("procedures", "code"): r"^[A-Z]{4}[0-9]{3}$",
    ("stays", "ghm"): r"^[0-9]{2}[A-Z][0-9]{2}[0-9A-Z]$",
    ("hospital_drugs", "ucd7"): r"^[0-9]{7}$",
}
# Chapters and blocks of CIM-10 that name organs or states of one sex.
WOMEN_ONLY = ("O", "C51", "C52", "C53", "C54", "C55", "C56", "C57", "C58", "D06", "D25", "D26",
              "D27", "D28", "N70", "N71", "N72", "N73", "N74", "N76", "N77", "N80", "N81", "N82",
              "N83", "N84", "N85", "N86", "N87", "N88", "N89", "N90", "N91", "N92", "N93", "N94",
              "N95", "N96", "N97")  # fmt: skip
MEN_ONLY = ("C60", "C61", "C62", "C63", "D29", "D40", "N40", "N41", "N42", "N43", "N44", "N45",
            "N46", "N47", "N48", "N49", "N50", "N51")  # fmt: skip
PREGNANCY = ("O",)
PREGNANT_YEARS = (10, 60)
_YEAR = 365.25


def form_checks(source: Source) -> Iterable[Measure]:
    """Codes not written as their system writes them; missing ones are ``unknown_codes``."""
    for (table, column), pattern in FORMS.items():
        if table in source.tables:
            code = nw.col(column)
            frame = source.table(table).select(column).filter((code != "").fill_null(False))
            wrong = ~code.str.contains(pattern)
            yield from shares(source.engine, table, frame, {("code_form", column): wrong})


def sex_and_age_checks(source: Source) -> Iterable[Measure]:
    """Diagnoses of one sex carried by the other; pregnancies at an age that has none."""
    if "diagnoses" not in source.tables:
        return
    frame = with_persons(source, "diagnoses", ("sex", "birth_date"))
    age = (nw.col("start") - nw.col("birth_date")) / _YEAR
    women, men, pregnant = (_begins(codes) for codes in (WOMEN_ONLY, MEN_ONLY, PREGNANCY))
    strange = (age < PREGNANT_YEARS[0]) | (age >= PREGNANT_YEARS[1])
    _, found = counted(
        source.engine,
        frame,
        {
            "women": women,
            "women_in_men": women & (nw.col("sex") == "M"),
            "men": men,
            "men_in_women": men & (nw.col("sex") == "F"),
            "pregnancy": pregnant,
            "pregnancy_age": pregnant & strange,
        },
    )
    yield share("women_only_in_men", "diagnoses", "code", found["women_in_men"], found["women"])
    yield share("men_only_in_women", "diagnoses", "code", found["men_in_women"], found["men"])
    yield share("pregnancy_age", "diagnoses", "code", found["pregnancy_age"], found["pregnancy"])


def main_code_checks(source: Source) -> Iterable[Measure]:
    """The share of each table that its most frequent code takes: a default value would show."""
    for table, column in FORMS:
        if table not in source.tables:
            continue
        filled = (nw.col(column) != "").fill_null(False)
        rows = source.table(table).filter(filled).group_by(column)
        counts = rows.agg(nw.len().alias("rows"))
        top = source.engine.collect(
            counts.select(nw.col("rows").max().alias("top"), nw.col("rows").sum())
        ).iloc[0]
        if top["rows"] == top["rows"] and top["rows"]:
            yield share("main_code", table, column, int(top["top"]), int(top["rows"]))


def _begins(prefixes: Iterable[str]) -> nw.Expr:
    return reduce(or_, [nw.col("code").str.starts_with(prefix) for prefix in prefixes])
