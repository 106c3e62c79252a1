"""The event tables of a CDM, put together from its people, its events and its vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import narwhals as nw

from studylib.sources.engine import Engine, Frame
from studylib.sources.omop import conditions, drugs, layout, visits, vocabulary
from studylib.sources.omop.findings import Findings
from studylib.sources.omop.lines import Reading
from studylib.sources.omop.people import read_people
from studylib.sources.omop.raw import Cdm
from studylib.sources.omop.settings import Settings
from studylib.sources.schemas import EVENT_TABLES
from studylib.tables import Table, empty

# Tables a study can do without; that one is absent is told among the codings.
_OPTIONAL = (
    "death",
    "location",
    "care_site",
    "visit_occurrence",
    "procedure_occurrence",
    "concept_relationship",
    "cost",
)
_OTHERS = ("measurement", "observation", "device_exposure")


def event_tables(cdm: Cdm, findings: Findings, settings: Settings) -> dict[str, Frame]:
    """Every event table of the CDM, by name; ``findings`` receives what is set aside on the way."""
    people = read_people(cdm, findings, settings)
    _tell_absent(cdm, findings, people.observation)
    reading = Reading(cdm, people, findings, settings)
    tables = {"persons": people.persons, "observation": people.observation}
    if cdm.has("visit_occurrence"):
        accepted = visits.visits(reading)
        tables["stays"] = cdm.engine.checkpoint(visits.stays(reading, accepted), "stays")
        tables["consultations"] = visits.consultations(reading, accepted)
        reading = replace(reading, stays=tables["stays"])
    lines = _lines(reading, settings)
    codes = vocabulary.dictionary(cdm, _present(cdm, lines))
    tables |= _coded_tables(reading, lines, codes, settings)
    tables |= {"concepts": _concepts(lines), "concept_codes": codes}
    sites = visits.establishments(cdm, settings)
    if sites is not None:
        tables["establishments"] = sites
    return {**_without_lines(cdm.engine, tables), **tables}


def _tell_absent(cdm: Cdm, findings: Findings, observation: Frame) -> None:
    last = int(cdm.engine.collect(observation.select(nw.col("end").max()))["end"].iloc[0])
    for table in _OPTIONAL:
        if not cdm.has(table):
            findings.absent(table, layout.table(table).key, last - 1)


def _lines(reading: Reading, settings: Settings) -> dict[str, Frame]:
    """Accepted lines of each domain, under the raw table's name."""
    cdm = reading.cdm
    lines = {
        f"drug_{settings.drugs}": drugs.exposures(reading, settings),
        f"condition_{settings.conditions}": conditions.conditions(reading, settings),
    }
    if cdm.has("procedure_occurrence"):
        lines["procedure_occurrence"] = conditions.procedures(reading)
    for table in _OTHERS:
        if cdm.has(table):
            lines[table] = conditions.other_events(reading, table)
    return {table: reading.with_stay(table, frame) for table, frame in lines.items()}


def _present(cdm: Cdm, lines: Mapping[str, Frame]) -> Frame:
    concepts = nw.concat([frame.select("concept") for frame in lines.values()]).unique()
    return cdm.engine.checkpoint(concepts.filter(~nw.col("concept").is_null()), "present")


def _coded_tables(
    reading: Reading, lines: Mapping[str, Frame], codes: Frame, settings: Settings
) -> dict[str, Frame]:
    """Dispensings, hospital drugs, diagnoses and procedures, with the codes of French studies."""
    cdm, findings = reading.cdm, reading.findings
    drug, condition = f"drug_{settings.drugs}", f"condition_{settings.conditions}"
    atc = _with_source_atc(cdm, lines[drug], vocabulary.substances(cdm, codes))
    untold = atc.filter(nw.col("atc").is_null())
    findings.unknown(drug, "drug_concept_id", "ATC", untold)
    diagnosed = vocabulary.coded(cdm, lines[condition], vocabulary.ICD10)
    findings.unknown(
        condition, "condition_concept_id", "CIM-10", diagnosed.filter(nw.col("code").is_null())
    )
    form = nw.col("vocabulary").fill_null("absent").alias("form")
    findings.coding(condition, "condition_source_concept_id", diagnosed.with_columns(form))
    tables = {
        "dispensings": drugs.dispensings(atc),
        "hospital_drugs": drugs.hospital_drugs(atc),
        "diagnoses": conditions.diagnoses(diagnosed),
    }
    if "procedure_occurrence" in lines:
        acts = vocabulary.coded(cdm, lines["procedure_occurrence"], vocabulary.CCAM)
        unknown = acts.filter(nw.col("code").is_null())
        findings.unknown("procedure_occurrence", "procedure_concept_id", "CCAM", unknown)
        tables["procedures"] = conditions.acts(acts)
    return tables


def _with_source_atc(cdm: Cdm, lines: Frame, substances: Frame) -> Frame:
    """Drug lines with ``atc``: the source's own code, else the one substance of the concept."""
    own = vocabulary.own_codes(cdm, vocabulary.ATC).filter(nw.col("code").str.len_chars() == 7)
    stated = own.select(nw.col("concept").alias("source"), nw.col("code").alias("stated"))
    joined = lines.join(stated, on="source", how="left").join(substances, on="concept", how="left")
    told = joined.with_columns(nw.coalesce("stated", "atc").alias("atc")).drop("stated")
    return cdm.engine.checkpoint(told, "drugs_coded")


def _concepts(lines: Mapping[str, Frame]) -> Frame:
    """Every event under its concept, whatever its domain; those given in hospital are apart."""
    parts = []
    for table, frame in lines.items():
        names = frame.collect_schema().names()
        kept = frame.filter(~nw.col("concept").is_null())
        if "hospital" in names:
            kept = kept.filter(~nw.col("hospital"))
        position = nw.col("position") if "position" in names else nw.lit("")
        parts.append(
            kept.select(
                "stay_id",
                "person_id",
                nw.col("concept").cast(nw.String).alias("code"),
                nw.lit(table.split("_")[0]).alias("domain"),
                position.alias("position"),
                "start",
                "end",
                "quantity",
                "cost",
            )
        )
    return nw.concat(parts)


def _without_lines(engine: Engine, made: Mapping[str, Frame]) -> dict[str, Frame]:
    """The event tables a CDM has nothing for, without lines, so that studies find them."""
    return {name: _empty(engine, table) for name, table in EVENT_TABLES.items() if name not in made}


def _empty(engine: Engine, table: Table) -> Frame:
    typed = {"text": "string", "integer": "int64", "day": "int64", "number": "float64"}
    kinds = {column.name: typed.get(column.kind, "bool") for column in table.columns}
    return engine.load(empty(table).astype(kinds), table.name)
