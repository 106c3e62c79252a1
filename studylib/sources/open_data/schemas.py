"""Columns of the open-data tables: what every reader gives, whatever the producer's layout."""

from __future__ import annotations

from studylib.tables import Column, Table

_ZONE = Column("zone", "text", "open-data zone: region code, 93 PACA and Corse, 5 the five DOM")
_SEX = Column("sex", "text", "1 men, 2 women, 9 unknown")
_EUROS = "current euros"

SPENDING = Table(
    "spending",
    (
        Column("month", "text", "month of care, YYYY-MM"),
        _ZONE,
        Column("age_band", "text", "0-19, ten-year bands, 80+, or unknown"),
        _SEX,
        Column("paid", "number", "amount paid, all payers", unit=_EUROS),
        Column("reimbursed", "number", "amount reimbursed by the Assurance maladie", unit=_EUROS),
    ),
    key=("month", "zone", "age_band", "sex"),
)

INHABITANTS = Table(
    "inhabitants",
    (
        Column("year", "integer", "population on 1 January of this year"),
        _ZONE,
        Column("age_band", "text", "age band of the producer's table"),
        _SEX,
        Column("population", "number", "inhabitants (regional aggregate)"),
    ),
    key=("year", "zone", "age_band", "sex"),
)

PRODUCTS = Table(
    "products",
    (
        Column("cip13", "text", "presentation"),
        Column("label", "text", "label of the file, empty when the producer wrote NA"),
        Column("reimbursed", "number", "amount reimbursed", unit=_EUROS),
        Column("boxes", "number", "boxes dispensed", nullable=True),
        Column("atc_file", "text", "ATC level 5 written by the producer, empty when none"),
    ),
    key=("cip13",),
)

DRUGS = Table(
    "drugs",
    (
        *PRODUCTS.columns,
        Column("cis", "text", "speciality in the BDPM, empty when withdrawn from it"),
        Column("brand", "text", "denomination of the speciality in the BDPM"),
        Column("substances", "text", "active substances, salt and base names, joined by ' + '"),
        Column("substance_count", "integer", "distinct active substances, 0 when unknown"),
        Column("atc_direct", "text", "ATC of the speciality itself in CIS_MITM"),
        Column("atc_spread", "text", "that ATC, else the commonest of the same substance set"),
        Column("generic_type", "text", "originator, generic, or empty outside generic groups"),
        Column("generic_group", "text", "number of the generic group"),
    ),
    key=("cip13",),
)

FILES = Table(
    "files",
    (
        Column("dataset", "text", "name in the catalogue"),
        Column("file", "text", "file name"),
        Column("period", "text", "what the file covers"),
        Column("layout", "text", "layout read"),
        Column("bytes", "integer", "size"),
        Column("sha256", "text", "hash of the file as it is"),
        Column("producer", "text", "who publishes it"),
        Column("licence", "text", "terms of reuse"),
    ),
    key=("dataset", "file"),
)
