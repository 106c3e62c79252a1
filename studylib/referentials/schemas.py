"""Columns of every referential that comes from a producer's file.

Codes are text, days are integers since 1970-01-01, periods are half-open, money is in euros.
"""

from __future__ import annotations

from studylib.tables import Column, Table

_ATC = Column("atc", "text", "ATC code", nullable=True)
_UCD7 = Column("ucd7", "text", "dispensing unit, 7 digits")
_CIS = Column("cis", "text", "speciality, 8 digits")

CIM10 = Table(
    "cim10",
    (
        Column("code", "text", "CIM-10 code without dot"),
        Column("label", "text", "French label"),
        Column("ald", "text", "ALD number of the code, 99 when it opens none"),
    ),
    key=("code",),
)

ATC = Table(
    "atc",
    (
        Column("code", "text", "ATC code, levels 1 to 5"),
        Column("label", "text", "label, in the language of the file"),
    ),
    key=("code",),
)

DDD = Table(
    "ddd",
    (
        Column("code", "text", "ATC code of level 5"),
        Column("label", "text", "substance"),
        Column("ddd", "number", "defined daily dose, in its unit"),
        Column("unit", "text", "g, mg, U…"),
        Column("route", "text", "administration: O oral, P parenteral…", nullable=True),
        Column("note", "text", "remark of the producer", nullable=True),
    ),
)

PRESENTATIONS = Table(
    "bdpm_presentations",
    (
        _CIS,
        Column("cip7", "text", "presentation, 7 digits"),
        Column("cip13", "text", "presentation, 13 digits"),
        Column("label", "text", "presentation"),
        Column("rate", "number", "reimbursement rate, share of 1", nullable=True),
        Column("price", "number", "public price without fee", unit="euros", nullable=True),
        Column("price_with_fee", "number", "public price with fee", unit="euros", nullable=True),
    ),
    key=("cip13",),
)

SPECIALITIES = Table(
    "bdpm_specialities",
    (
        _CIS,
        Column("label", "text", "denomination"),
        Column("form", "text", "pharmaceutical form"),
        Column("routes", "text", "routes of administration"),
        Column("commercial_state", "text", "state of commercialisation"),
        Column("holders", "text", "holders of the authorisation"),
    ),
    key=("cis",),
)

COMPOSITIONS = Table(
    "bdpm_compositions",
    (
        _CIS,
        Column("label", "text", "names of the active substances"),
        Column("substance_set", "text", "codes of the salts, joined by +"),
        Column("substance_count", "integer", "distinct active substances"),
    ),
    key=("cis",),
)

ESSENTIAL_DRUGS = Table(
    "bdpm_essential_drugs",
    (
        _CIS,
        Column("atc", "text", "ATC code, level 5 or 4"),
        Column("label", "text", "denomination"),
    ),
)

GENERIC_GROUPS = Table(
    "bdpm_generic_groups",
    (
        _CIS,
        Column("generic_group", "text", "number of the group"),
        Column("generic_type", "text", "originator or generic"),
        Column("label", "text", "label of the group"),
    ),
)

UCD = Table(
    "ucd",
    (
        _UCD7,
        Column("label", "text", "speciality"),
        Column("packaging", "text", "form and packaging", nullable=True),
        Column("laboratory", "text", "laboratory", nullable=True),
    ),
    key=("ucd7",),
)

UCD_ATC = Table(
    "ucd_atc",
    (_UCD7, Column("label", "text", "speciality"), _ATC),
    key=("ucd7",),
)

EN_SUS = Table(
    "liste_en_sus",
    (
        _UCD7,
        Column("label", "text", "label of the UCD"),
        Column("substance", "text", "international name", nullable=True),
        _ATC,
        Column("event", "text", "as the producer names it", nullable=True),
        Column("published", "day", "publication in the Journal officiel", nullable=True),
        Column("effective", "day", "day of effect when the text gives one", nullable=True),
        Column("price", "number", "responsibility tariff without tax", unit="euros", nullable=True),
        Column("price_with_tax", "number", "the same with tax", unit="euros", nullable=True),
        Column("comment", "text", "comment of the producer", nullable=True),
    ),
)

GHS_TARIFFS = Table(
    "ghs_tariffs",
    (
        Column("year", "integer", "tariff campaign, from 1 March"),
        Column("ghs", "text", "GHS, 4 digits"),
        Column("ghm", "text", "GHM"),
        Column("label", "text", "label of the GHM"),
        Column("low_bound", "integer", "days below which a stay is short", unit="days"),
        Column("high_bound", "integer", "days beyond which a stay is long", unit="days"),
        Column("tariff", "number", "tariff of the stay, public sector", unit="euros"),
        Column("short_flat", "number", "flat deduction of a short stay", unit="euros"),
        Column("short_daily", "number", "deduction per missing day", unit="euros"),
        Column("long_daily", "number", "supplement per day beyond", unit="euros"),
    ),
    key=("ghs", "ghm", "year"),
)

FINESS = Table(
    "finess",
    (
        Column("finess", "text", "number of the establishment, 9 characters"),
        Column("legal_entity", "text", "number of the legal entity, 9 characters"),
        Column("label", "text", "name"),
        Column("department", "text", "department as FINESS writes it"),
        Column("category", "text", "code of the category", nullable=True),
        Column("category_label", "text", "category", nullable=True),
        Column("opened", "day", "opening", nullable=True),
    ),
    key=("finess",),
)

FINESS_DUPLICATES = Table(
    "finess_duplicates",
    (
        Column("finess", "text", "number whose stays are sent twice, 9 characters"),
        Column("first_year", "integer", "first PMSI year to leave out"),
        Column("last_year", "integer", "last PMSI year to leave out"),
        Column("group", "text", "AP-HP, HCL or AP-HM"),
        Column("label", "text", "establishment", nullable=True),
    ),
    key=("finess", "first_year"),
)

CONTRACTS = {
    table.name: table
    for table in (
        CIM10, ATC, DDD, PRESENTATIONS, SPECIALITIES, COMPOSITIONS, ESSENTIAL_DRUGS,
        GENERIC_GROUPS, UCD, UCD_ATC, EN_SUS, GHS_TARIFFS, FINESS, FINESS_DUPLICATES,
    )
}  # fmt: skip
