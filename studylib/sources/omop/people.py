"""Persons and when they are observed."""

from __future__ import annotations

from dataclasses import dataclass

import narwhals as nw

from studylib.errors import TableError
from studylib.sources.engine import Frame
from studylib.sources.omop.conversion import civil_day
from studylib.sources.omop.findings import Findings
from studylib.sources.omop.raw import Cdm
from studylib.sources.omop.settings import UNKNOWN_REGION, Settings

_MALE, _FEMALE = 8507, 8532  # concepts of the vocabulary Gender
_FIRST_YEAR, _LAST_YEAR = 1850, 2100


@dataclass(frozen=True)
class People:
    """``persons`` and ``observation`` as event tables; ``known`` says who was set aside.

    ``known``: person_id, usable. ``observation`` holds usable persons only.
    """

    persons: Frame
    observation: Frame
    known: Frame


def read_people(cdm: Cdm, findings: Findings, settings: Settings) -> People:
    """The persons of the CDM with a known sex and year of birth, and their observation periods.

    Others are set aside, with their reason, as are the periods of nobody. A birth known to the
    month is placed on the 15th, to the year on 1 July.
    """
    raw = cdm.table("person")
    described = cdm.engine.checkpoint(_described(cdm, raw, settings), "described_persons")
    rows = cdm.engine.count(described)
    faults = described.filter(~nw.col("reason").is_null()).select(
        "reason",
        nw.col("person_id").cast(nw.String).alias("line"),
        nw.col("person_id").cast(nw.String).alias("person"),
        nw.lit(None).cast(nw.Int64).alias("day"),
        nw.col("gender_concept_id").cast(nw.String).alias("code"),
        nw.lit(None).cast(nw.Float64).alias("quantity"),
        nw.lit(None).cast(nw.Float64).alias("amount"),
    )
    findings.reject("person", faults, rows)
    usable = described.filter(nw.col("reason").is_null())
    findings.coding("person", "birth", usable.select(nw.col("birth_date").alias("start"), "form"))
    known = described.select("person_id", nw.col("reason").is_null().alias("usable"))
    persons = usable.select("person_id", "sex", "birth_date", "death_date", "region")
    if not cdm.engine.count(persons):
        raise TableError(
            f"Source « {cdm.name} », table « person » : aucune personne utilisable sur {rows} "
            "lignes ; il faut gender_concept_id 8507 ou 8532 et une année de naissance."
        )
    return People(persons, _observation(cdm, findings, known), known)


def _described(cdm: Cdm, raw: Frame, settings: Settings) -> Frame:
    male = nw.when(nw.col("gender_concept_id") == _MALE).then(nw.lit("M"))
    sex = male.otherwise(
        nw.when(nw.col("gender_concept_id") == _FEMALE).then(nw.lit("F")).otherwise(nw.lit(None))
    )
    month, day = nw.col("month_of_birth"), nw.col("day_of_birth")
    form = (
        nw.when(month.is_null())
        .then(nw.lit("year"))
        .otherwise(nw.when(day.is_null()).then(nw.lit("month")).otherwise(nw.lit("day")))
    )
    year = nw.col("year_of_birth")
    born = year.is_between(_FIRST_YEAR, _LAST_YEAR).fill_null(False)
    reason = (
        nw.when(nw.col("sex").is_null())
        .then(nw.lit("unknown_sex"))
        .otherwise(nw.when(~born).then(nw.lit("birth_year")).otherwise(nw.lit(None)))
    )
    assumed_day = nw.when(month.is_null()).then(1).otherwise(15)
    dated = raw.with_columns(
        sex.alias("sex"),
        form.alias("form"),
        civil_day(year, month.fill_null(7), nw.coalesce(day, assumed_day)).alias("birth_date"),
    ).with_columns(reason.alias("reason"))
    return _with_region(cdm, _with_death(cdm, dated), settings)


def _with_death(cdm: Cdm, persons: Frame) -> Frame:
    if not cdm.has("death"):
        return persons.with_columns(nw.lit(None).cast(nw.Int64).alias("death_date"))
    deaths = cdm.table("death").group_by("person_id").agg(nw.col("death_date").min())
    return persons.join(deaths, on="person_id", how="left")


def _with_region(cdm: Cdm, persons: Frame, settings: Settings) -> Frame:
    """Adds the region: one for all, or by the place of residence, or unknown."""
    if settings.region or not (settings.regions and cdm.has("location")):
        return persons.with_columns(nw.lit(settings.region or UNKNOWN_REGION).alias("region"))
    place = nw.col(settings.region_from)
    region: nw.Expr = nw.lit(UNKNOWN_REGION)
    for value, code in settings.regions.items():
        region = nw.when(place == value).then(nw.lit(code)).otherwise(region)
    places = cdm.table("location").select("location_id", region.alias("region"))
    return persons.join(places, on="location_id", how="left").with_columns(
        nw.col("region").fill_null(UNKNOWN_REGION)
    )


def _observation(cdm: Cdm, findings: Findings, known: Frame) -> Frame:
    periods = cdm.table("observation_period").join(known, on="person_id", how="left")
    start, end = nw.col("observation_period_start_date"), nw.col("observation_period_end_date")
    unordered = (end < start) | start.is_null() | end.is_null()
    reason = (
        nw.when(nw.col("usable").is_null())
        .then(nw.lit("nobody"))
        .otherwise(
            nw.when(~nw.col("usable"))
            .then(nw.lit("person_set_aside"))
            .otherwise(nw.when(unordered).then(nw.lit("end_before_start")).otherwise(nw.lit(None)))
        )
    )
    judged = cdm.engine.checkpoint(periods.with_columns(reason.alias("reason")), "periods")
    faults = judged.filter(~nw.col("reason").is_null()).select(
        "reason",
        nw.col("observation_period_id").cast(nw.String).alias("line"),
        nw.col("person_id").cast(nw.String).alias("person"),
        start.alias("day"),
        nw.lit(None).cast(nw.String).alias("code"),
        nw.lit(None).cast(nw.Float64).alias("quantity"),
        nw.lit(None).cast(nw.Float64).alias("amount"),
    )
    findings.reject("observation_period", faults, cdm.engine.count(judged))
    kept = judged.filter(nw.col("reason").is_null())
    observation = cdm.engine.checkpoint(
        kept.select("person_id", start.alias("start"), (end + 1).alias("end")), "observation"
    )
    if not cdm.engine.count(observation):
        raise TableError(
            f"Source « {cdm.name} », table « observation_period » : aucune période de personnes "
            "présentes dans « person » ; exporter les deux tables de la même base."
        )
    seen = observation.select("person_id").unique()
    unseen = known.filter(nw.col("usable")).join(seen, on="person_id", how="anti")
    findings.link("person", "observation_period", cdm.engine.count(known), cdm.engine.count(unseen))
    return observation
