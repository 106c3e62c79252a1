"""Drug exposures, or drug eras, as dispensings and drugs given in hospital."""

from __future__ import annotations

import narwhals as nw

from studylib.sources.engine import Frame
from studylib.sources.omop.conditions import lines_of
from studylib.sources.omop.costs import with_cost
from studylib.sources.omop.lines import Reading
from studylib.sources.omop.settings import Settings

# Concepts of drug_type_concept_id that say the drug was given in a hospital.
GIVEN_IN_HOSPITAL = (38000180, 32818)  # inpatient administration, EHR administration record


def exposures(reading: Reading, settings: Settings) -> Frame:
    """Accepted drug lines, from the table that ``settings`` names, with ``hospital`` (flag).

    An exposure covers ``days_supply`` days, or runs to its end date, that day included, when no
    supply is known; one day at least. Eras run from their first day to their last.
    """
    if settings.drugs == "era":
        accepted = reading.accepted("drug_era", _eras(reading))
        return accepted.with_columns(nw.lit(False).alias("hospital"))
    raw = reading.cdm.table("drug_exposure")
    start, end = nw.col("drug_exposure_start_date"), nw.col("drug_exposure_end_date")
    days = nw.when(nw.col("days_supply") > 0).then(nw.col("days_supply"))
    until = nw.coalesce(start + days, end + 1, start + 1)
    lines = raw.select(
        *lines_of("drug_exposure", "drug", until=until),
        nw.col("quantity").cast(nw.Float64).alias("recorded"),
        nw.col("drug_source_value").alias("source_value"),
        nw.col("drug_type_concept_id").alias("type"),
        nw.when(nw.col("days_supply") < 0).then(nw.lit("negative_days_supply")).alias("fault"),
        _supply_form().alias("form"),
    )
    reading.findings.coding("drug_exposure", "days_supply", lines)
    typed = lines.with_columns(nw.col("type").cast(nw.String).fill_null("absent").alias("form"))
    reading.findings.coding("drug_exposure", "drug_type_concept_id", typed)
    lines = with_cost(reading, lines.drop("form"), "Drug")
    if settings.quantity == "as_recorded":
        recorded = nw.when(nw.col("recorded") > 0).then(nw.col("recorded")).otherwise(nw.lit(1.0))
        lines = lines.with_columns(recorded.alias("quantity"))
    accepted = reading.accepted("drug_exposure", lines.drop("recorded"))
    apart = settings.hospital_drugs == "apart"
    hospital = nw.col("type").is_in(list(GIVEN_IN_HOSPITAL)).fill_null(False) & nw.lit(apart)
    return accepted.with_columns(hospital.alias("hospital"))


def _eras(reading: Reading) -> Frame:
    end = nw.col("drug_era_end_date") + 1
    return reading.cdm.table("drug_era").select(
        *lines_of("drug_era", "drug", until=end),
        nw.lit(None).cast(nw.String).alias("source_value"),
        nw.lit(0.0).alias("cost"),
    )


def _supply_form() -> nw.Expr:
    days = nw.col("days_supply")
    known = nw.when(days > 0).then(nw.lit("positive"))
    written = nw.when(days == 0).then(nw.lit("zero")).otherwise(nw.lit("negative"))
    return known.otherwise(nw.when(days.is_null()).then(nw.lit("absent")).otherwise(written))


def dispensings(drugs: Frame) -> Frame:
    """The lines not given in hospital, as event table DISPENSINGS; ``atc`` empty when unknown."""
    cip13 = nw.when(nw.col("source_value").str.contains(r"^34009\d{8}$")).then(
        nw.col("source_value")
    )
    town = drugs.filter(~nw.col("hospital"))
    return town.select(
        "person_id",
        nw.col("atc").fill_null(""),
        cip13.fill_null("").alias("cip13"),
        "start",
        "end",
        "quantity",
        (nw.col("end") - nw.col("start")).alias("days_supply"),
        "cost",
        nw.lit(None).cast(nw.String).alias("establishment"),
    )


def hospital_drugs(drugs: Frame) -> Frame:
    """The lines given in hospital, as event table HOSPITAL_DRUGS, without UCD code."""
    given = drugs.filter(nw.col("hospital"))
    return given.select(
        "stay_id",
        "person_id",
        nw.lit("").alias("ucd7"),
        "atc",
        "start",
        "end",
        "quantity",
        "cost",
        nw.lit("").alias("establishment"),
    )
