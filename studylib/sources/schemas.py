"""The common event tables every source gives, whatever lies underneath.

One row per event; days are integers since 1970-01-01 and intervals are ``[start, end)``.
"""

from __future__ import annotations

from studylib.tables import PERSON_ID, Column, Table

_START = Column("start", "day", "first day")
_END = Column("end", "day", "day after the last one")
_QUANTITY = Column("quantity", "number", "boxes, acts or stays")
_COST = Column("cost", "number", "amount reimbursed", unit="euros")
_STAY = Column("stay_id", "integer", "the stay")
_STAY_IF_ANY = Column("stay_id", "integer", "the stay; missing outside hospital", nullable=True)

PERSONS = Table(
    "persons",
    (
        PERSON_ID,
        Column("sex", "text", "M or F"),
        Column("birth_date", "day", "day of birth"),
        Column("death_date", "day", "day of death, when known", nullable=True),
        Column("region", "text", "region of residence"),
    ),
    key=("person_id",),
)

OBSERVATION = Table("observation", (PERSON_ID, _START, _END))

DISPENSINGS = Table(
    "dispensings",
    (
        PERSON_ID,
        Column("atc", "text", "ATC code, 7 characters"),
        Column("cip13", "text", "code of the pack"),
        _START,
        _END,
        _QUANTITY,
        Column("days_supply", "integer", "days the packs cover", unit="days"),
        _COST,
        Column("establishment", "text", "prescribing establishment, if any", nullable=True),
        Column(
            "prescriber",
            "text",
            "number of who prescribed in town, a pseudonym: counted, never shown",
            nullable=True,
            optional=True,
        ),
    ),
)

STAYS = Table(
    "stays",
    (
        _STAY,
        PERSON_ID,
        _START,
        _END,
        Column("ghm", "text", "homogeneous group of patients"),
        _QUANTITY,
        _COST,
        Column("establishment", "text", "FINESS of the establishment"),
        Column("emergency", "flag", "entered through emergencies"),
        Column("died", "flag", "died during the stay"),
    ),
    key=("stay_id",),
)

UNLINKED_STAYS = Table(
    "unlinked_stays",
    (
        _STAY,
        _START,
        _END,
        Column("ghm", "text", "homogeneous group of patients"),
        _QUANTITY,
        _COST,
        Column("establishment", "text", "FINESS of the establishment"),
        Column("emergency", "flag", "entered through emergencies"),
        Column("died", "flag", "died during the stay"),
        Column("region", "text", "region of residence written on the stay"),
        Column("reason", "text", "why it is tied to nobody, as a key"),
    ),
    key=("stay_id",),
)

DIAGNOSES = Table(
    "diagnoses",
    (
        _STAY_IF_ANY,
        PERSON_ID,
        Column("code", "text", "ICD-10 code"),
        Column("position", "text", "DP, DR or DAS"),
        _START,
        _END,
        _QUANTITY,
        _COST,
    ),
)

PROCEDURES = Table(
    "procedures",
    (_STAY_IF_ANY, PERSON_ID, Column("code", "text", "CCAM code"), _START, _END, _QUANTITY, _COST),
)

LONG_TERM_CONDITIONS = Table(
    "long_term_conditions",
    (
        PERSON_ID,
        Column("code", "text", "ICD-10 code of the ALD"),
        _START,
        Column("end", "day", "day after the last one; missing while it goes on", nullable=True),
        _QUANTITY,
        _COST,
    ),
)

CONSULTATIONS = Table(
    "consultations",
    (PERSON_ID, Column("code", "text", "kind of consultation"), _START, _END, _QUANTITY, _COST),
)

HOSPITAL_DRUGS = Table(
    "hospital_drugs",
    (
        Column("stay_id", "integer", "the stay", nullable=True),
        Column("person_id", "integer", "the person, when the stay is linked", nullable=True),
        Column("ucd7", "text", "code of the unit"),
        Column("atc", "text", "ATC code, when known", nullable=True),
        _START,
        _END,
        Column("quantity", "number", "units given"),
        _COST,
        Column("establishment", "text", "FINESS of the establishment"),
    ),
)

ESTABLISHMENTS = Table(
    "establishments",
    (
        Column("code", "text", "FINESS"),
        Column("name", "text", "name"),
        Column("category", "text", "CHU, CH, ESPIC or CLINIQUE"),
        Column("region", "text", "region"),
    ),
    key=("code",),
)

CONCEPTS = Table(
    "concepts",
    (
        _STAY_IF_ANY,
        PERSON_ID,
        Column("code", "text", "OMOP concept id"),
        Column("domain", "text", "drug, condition, procedure, measurement…"),
        Column("position", "text", "DP, DR or DAS; empty when the event is no diagnosis"),
        _START,
        _END,
        _QUANTITY,
        _COST,
    ),
)

CONCEPT_CODES = Table(
    "concept_codes",
    (
        Column("system", "text", "code system of the list"),
        Column("code", "text", "code as a list writes it"),
        Column("concept", "text", "OMOP concept id of events that it covers"),
    ),
)

EVENT_TABLES = {
    table.name: table
    for table in (
        PERSONS,
        OBSERVATION,
        DISPENSINGS,
        STAYS,
        UNLINKED_STAYS,
        DIAGNOSES,
        PROCEDURES,
        LONG_TERM_CONDITIONS,
        CONSULTATIONS,
        HOSPITAL_DRUGS,
        ESTABLISHMENTS,
        CONCEPTS,
        CONCEPT_CODES,
    )
}

# Where the codes of each code system stand: (table, column), in the order they are looked up.
CODE_COLUMNS = {
    "ATC": (("dispensings", "atc"),),
    "CIP13": (("dispensings", "cip13"),),
    "UCD7": (("hospital_drugs", "ucd7"),),
    "CIM-10": (("diagnoses", "code"), ("long_term_conditions", "code")),
    "CCAM": (("procedures", "code"),),
    "GHM": (("stays", "ghm"),),
    "OMOP": (("concepts", "code"),),
}

# Systems whose codes a source of OMOP concepts looks up in its dictionary, ``concept_codes``.
CONCEPT_SYSTEMS = ("OMOP", "ATC")
