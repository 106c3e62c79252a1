"""Visits as stays in hospital and consultations; care sites as establishments."""

from __future__ import annotations

import narwhals as nw

from studylib.sources.engine import Frame
from studylib.sources.omop.conditions import lines_of
from studylib.sources.omop.costs import with_cost
from studylib.sources.omop.lines import Reading
from studylib.sources.omop.raw import Cdm
from studylib.sources.omop.settings import UNKNOWN_REGION, Settings

INPATIENT = (9201, 262)  # inpatient visit; emergency room then inpatient
EMERGENCY_THEN_STAY = 262
FROM_EMERGENCY = (9203, 8870)  # emergency room visit; emergency room of a hospital
DIED = 4216643  # patient died


def visits(reading: Reading) -> Frame:
    """Accepted visits, with ``inpatient``, ``emergency``, ``told_dead`` and ``care_site_id``.

    A visit without an end lasts its first day.
    """
    start, end = nw.col("visit_start_date"), nw.col("visit_end_date")
    admitted, discharged = nw.col("admitted_from_concept_id"), nw.col("discharged_to_concept_id")
    emergency = (nw.col("visit_concept_id") == EMERGENCY_THEN_STAY) | admitted.is_in(
        list(FROM_EMERGENCY)
    ).fill_null(False)
    lines = reading.cdm.table("visit_occurrence").select(
        *lines_of(
            "visit_occurrence",
            "visit",
            until=nw.coalesce(end + 1, start + 1),
            start="visit_start_date",
        ),
        "care_site_id",
        emergency.fill_null(False).alias("emergency"),
        (discharged == DIED).fill_null(False).alias("told_dead"),
    )
    accepted = reading.accepted("visit_occurrence", with_cost(reading, lines, "Visit"))
    inside = _inpatient_concepts(reading.cdm)
    return reading.cdm.engine.checkpoint(
        accepted.join(inside, on="standard", how="left").with_columns(
            nw.col("inpatient").fill_null(False)
        ),
        "visits",
    )


def _inpatient_concepts(cdm: Cdm) -> Frame:
    """Concepts of a stay in hospital and those below them: standard, inpatient."""
    ancestry = cdm.table("concept_ancestor").filter(
        nw.col("ancestor_concept_id").is_in(list(INPATIENT))
    )
    below = ancestry.select(nw.col("descendant_concept_id").alias("standard"))
    known = cdm.table("visit_occurrence").select(nw.col("visit_concept_id").alias("standard"))
    themselves = known.filter(nw.col("standard").is_in(list(INPATIENT)))
    return nw.concat([below, themselves]).unique().with_columns(nw.lit(True).alias("inpatient"))


def stays(reading: Reading, accepted: Frame) -> Frame:
    """The inpatient visits as event table STAYS, without GHM."""
    deaths = reading.people.persons.select("person_id", "death_date")
    within = (nw.col("death_date") >= nw.col("start")) & (nw.col("death_date") < nw.col("end"))
    inpatient = accepted.filter(nw.col("inpatient")).join(deaths, on="person_id", how="left")
    return inpatient.select(
        nw.col("line").alias("stay_id"),
        "person_id",
        "start",
        "end",
        nw.lit("").alias("ghm"),
        "quantity",
        "cost",
        nw.col("care_site_id").cast(nw.String).fill_null("").alias("establishment"),
        "emergency",
        (nw.col("told_dead") | within.fill_null(False)).alias("died"),
    )


def consultations(reading: Reading, accepted: Frame) -> Frame:
    """The other visits as event table CONSULTATIONS: ``code`` is the visit concept's own code."""
    names = reading.cdm.table("concept").select(
        nw.col("concept_id").alias("standard"), nw.col("concept_code").alias("code")
    )
    outside = accepted.filter(~nw.col("inpatient")).join(names, on="standard", how="left")
    code = nw.coalesce(nw.col("code"), nw.col("standard").cast(nw.String)).fill_null("")
    return outside.select("person_id", code.alias("code"), "start", "end", "quantity", "cost")


def establishments(cdm: Cdm, settings: Settings) -> Frame | None:
    """Care sites as event table ESTABLISHMENTS, without category; None without the table."""
    if not cdm.has("care_site"):
        return None
    name = nw.coalesce("care_site_name", "care_site_source_value", nw.lit(""))
    return cdm.table("care_site").select(
        nw.col("care_site_id").cast(nw.String).alias("code"),
        name.alias("name"),
        nw.lit("").alias("category"),
        nw.lit(settings.region or UNKNOWN_REGION).alias("region"),
    )
