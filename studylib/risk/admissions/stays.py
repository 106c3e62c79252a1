"""Which stays are drug-related, how surely, and whether the drug brought the person there.

**What PMSI can tell.** A stay has one principal diagnosis (DP), the problem that motivated it as
known at its end, and associated ones (DAS) without any date: nothing says whether an associated
diagnosis was there on admission. So a code in DP is a cause of admission; a code in DAS is one
when the stay's DP is the bleeding it explains, is compatible with one when the person came in
through emergencies, and otherwise may have happened during the stay.

**What it cannot.** Most adverse reactions are not coded: IATROSTAT (2018, clinical review) found
8.5 % of medical stays due to one, far above what codes find.

References: Stausberg J, Hasford J (2011), BMC Health Serv Res 11:134, for ICD-10 codes and their
degrees of certainty. The two lists are the diagnosis and the drug dispensed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import narwhals as nw
import pandas as pd

from studylib import cohort
from studylib.codes import Codelist
from studylib.errors import EstimationError, is_whole
from studylib.risk.admissions.classes import UNSPECIFIED, class_of_atc, classes_of
from studylib.sources import Frame, Source
from studylib.sources.source import code_filter

NAME = "Séjours liés aux médicaments"
LEVELS = ("coded_cause", "coded_associated", "two_list", "intentional")
CODED = LEVELS[:2]
MOMENTS = ("admission", "emergency_entry", "undetermined")


@dataclass(frozen=True)
class DrugRelated:
    """Stays found, in the engine. ``stays`` has one row per drug-related stay.

    Columns: stay_id, person_id, start, end, nights, cost, died, emergency, establishment, level
    (``coded_cause``: a code in DP; ``coded_associated``: elsewhere; ``two_list``: none, but a
    bleeding in DP under an antithrombotic; ``intentional``: self-poisoning, not to be counted with
    the others), moment (``admission``, ``emergency_entry``, ``undetermined``), drug_class.
    ``bleedings``: the stays with a bleeding in DP under an antithrombotic, its class (given_class)
    and whether they are coded.
    """

    source: Source
    span: tuple[int, int]
    stays: Frame
    bleedings: Frame


def drug_related_stays(
    source: Source,
    *,
    period: tuple[date, date],
    coded: Sequence[Codelist],
    intentional: Codelist,
    bleeding: Codelist,
    antithrombotics: Sequence[Codelist],
    carry_days: int,
) -> DrugRelated:
    """The stays that begin within ``period`` (both days included) and are drug-related.

    ``coded`` are the lists whose codes name a drug as the cause. The two-list rule wants a code of
    ``bleeding`` in DP and a dispensing of ``antithrombotics`` begun before the day of admission
    whose supply, plus ``carry_days``, still covers that day. The class is that of the surest code
    that names one, else of the drug dispensed (the first by name where several are). Stays tied to
    nobody carry no diagnosis in the event tables: see ``coverage``.

    EstimationError when ``carry_days`` is negative or no list is given.
    """
    if not is_whole(carry_days) or carry_days < 0 or not coded:
        raise EstimationError(
            f"{NAME} : {len(coded)} liste(s) de codes et report de {carry_days} jours ; donner "
            "une liste au moins et un report entier, nul ou positif."
        )
    first, end = span = cohort.span_of(period)
    stays = source.table("stays").filter((nw.col("start") >= first) & (nw.col("start") < end))
    found = _coded(source, stays, coded, intentional)
    bled = _bleedings(source, stays, bleeding, antithrombotics, carry_days)
    marked = (
        stays.join(found, on="stay_id", how="left")
        .join(bled, on="stay_id", how="left")
        .filter(~nw.col("coded_key").is_null() | ~nw.col("given_class").is_null())
    )
    made = source.engine.checkpoint(_described(marked), "drug_related_stays")
    bleedings = made.filter(nw.col("under_antithrombotic")).select(
        "stay_id", "person_id", "given_class", nw.col("level").is_in(list(CODED)).alias("coded")
    )
    return DrugRelated(source, span, made, bleedings)


def _coded(source: Source, stays: Frame, coded: Sequence[Codelist], intentional: Codelist) -> Frame:
    """Stays with a code: stay_id, coded_key (surest first), deliberate.

    The key sorts codes that name a class first, then the principal diagnosis.
    """
    lists = {f"list_{rank}": one for rank, one in enumerate(coded)}
    diagnoses = source.table("diagnoses").filter(~nw.col("stay_id").is_null())
    present = [
        code
        for code in sorted(source.present_codes("CIM-10"))
        if any(one.matches(code) for one in lists.values())
    ]
    classes = source.engine.load(classes_of(present), "drug_classes")
    named = diagnoses.join(classes, on="code", how="inner")
    unknown = nw.when(nw.col("drug_class") == UNSPECIFIED).then(nw.lit("1")).otherwise(nw.lit("0"))
    place = nw.when(nw.col("position") == "DP").then(nw.lit("1")).otherwise(nw.lit("2"))
    codes = named.with_columns(nw.concat_str([unknown, nw.col("drug_class")]).alias("class_key"))
    codes = codes.with_columns(place.alias("place"))
    by_stay = codes.group_by("stay_id").agg(
        nw.col("place").min().alias("coded_key"), nw.col("class_key").min().alias("class_key")
    )
    meant = (
        diagnoses.filter(code_filter(nw.col("code"), intentional))
        .select("stay_id", nw.lit(True).alias("deliberate"))
        .unique()
    )
    kept = by_stay.join(stays.select("stay_id"), on="stay_id", how="semi")
    return kept.join(meant, on="stay_id", how="left")


def _bleedings(
    source: Source,
    stays: Frame,
    bleeding: Codelist,
    drugs: Sequence[Codelist],
    carry_days: int,
) -> Frame:
    """Stays for a bleeding that an antithrombotic covers: stay_id, given_class."""
    principal = (
        source.table("diagnoses")
        .filter((nw.col("position") == "DP") & code_filter(nw.col("code"), bleeding))
        .select("stay_id")
        .unique()
    )
    present = sorted(source.present_codes("ATC"))
    codes = [code for code in present if any(drug.matches(code) for drug in drugs)]
    names = pd.DataFrame({"atc": codes, "given_class": [class_of_atc(code) for code in codes]})
    classes = source.engine.load(names.astype("string"), "antithrombotic_classes")
    given = (
        source.table("dispensings")
        .join(classes, on="atc", how="inner")
        .select(
            "person_id", "given_class", nw.col("start").alias("given"), nw.col("end").alias("until")
        )
    )
    covering = (nw.col("given") < nw.col("start")) & (
        nw.col("until") + carry_days > nw.col("start")
    )
    return (
        stays.join(principal, on="stay_id", how="semi")
        .select("stay_id", "person_id", "start")
        .join(given, on="person_id", how="inner")
        .filter(covering)
        .group_by("stay_id")
        .agg(nw.col("given_class").min().alias("given_class"))
    )


def _described(marked: Frame) -> Frame:
    """Level, moment and class of each stay found."""
    bled = ~nw.col("given_class").is_null()
    in_dp = nw.col("coded_key").fill_null("") == "1"
    elsewhere = nw.col("coded_key").fill_null("") == "2"
    meant = nw.col("deliberate").fill_null(False)
    level = _first(
        [(meant, "intentional"), (in_dp, "coded_cause"), (elsewhere, "coded_associated")],
        "two_list",
    )
    moment = _first(
        [(in_dp | bled, "admission"), (nw.col("emergency"), "emergency_entry")], "undetermined"
    )
    coded_class = nw.col("class_key").fill_null("1" + UNSPECIFIED).str.slice(1)
    named = nw.when((coded_class == UNSPECIFIED) & bled).then(nw.col("given_class"))
    return marked.select(
        "stay_id",
        "person_id",
        "start",
        "end",
        (nw.col("end") - nw.col("start") - 1).alias("nights"),
        nw.col("cost").cast(nw.Float64()).alias("cost"),
        "died",
        "emergency",
        "establishment",
        level.alias("level"),
        moment.alias("moment"),
        named.otherwise(coded_class).alias("drug_class"),
        "given_class",
        bled.alias("under_antithrombotic"),
    )


def _first(cases: Sequence[tuple[nw.Expr, str]], otherwise: str) -> nw.Expr:
    """The word of the first case that holds."""
    word: nw.Expr = nw.lit(otherwise)
    for holds, name in reversed(cases):
        word = nw.when(holds).then(nw.lit(name)).otherwise(word)
    return word
