"""The four collections of hospital drugs, in common columns.

YEAR, stay_id (null outside stays), ETA_NUM, RSA_NUM (SEQ_NUM outside stays), ucd (as written),
number, price (of the whole line), shares (stays it is written on), month (YYYYMM, null when the
line has none), entry_month, delay (days from entry).
"""

from __future__ import annotations

import narwhals as nw

from studylib.sources.engine import Frame
from studylib.sources.snds import hospital_drug_rules as drug
from studylib.sources.snds import hospital_rules as rules
from studylib.sources.snds.hospital_stays import with_stay_id
from studylib.sources.snds.raw import Raw

# Table, price of the line, stays it is shared by, year of administration, days from entry.
PUBLIC = (
    ("T_MCOaaMED", "ADM_NBR_PRI", "NBR_SEJ", "DAT_ADM_ANN", "DELAI"),
    ("T_MCOaaMEDATU", "ACH_PRI_ADM", "SEJ_NBR", "ADM_ANN", "DAT_DELAI"),
)
COMMON = (
    "YEAR",
    "stay_id",
    "ETA_NUM",
    "RSA_NUM",
    "ucd",
    "number",
    "price",
    "shares",
    "month",
    "entry_month",
    "delay",
)


def public_lines(raw: Raw, sent: Frame) -> list[tuple[str, Frame]]:
    """Lines of the public collections: T_MCOaaMED and T_MCOaaMEDATU, in common columns."""
    found = []
    for table, price, stays, year, late in PUBLIC:
        if raw.has(table):
            lines = with_stay_id(raw.table(table), sent)
            code = nw.coalesce("UCD_UCD_COD", "UCD_COD").alias("ucd")
            found.append(
                (
                    table,
                    lines.select(
                        "YEAR",
                        "stay_id",
                        "ETA_NUM",
                        "RSA_NUM",
                        code,
                        nw.col("ADM_NBR").alias("number"),
                        nw.col(price).alias("price"),
                        drug.shares(stays).alias("shares"),
                        drug.month_of(year, "ADM_MOIS").alias("month"),
                        drug.month_of(year, "ADM_MOIS").alias("entry_month"),
                        nw.col(late).alias("delay"),
                    ),
                )
            )
    return found


def private_lines(raw: Raw, sent: Frame) -> list[tuple[str, Frame]]:
    """Lines of private stays, from T_MCOaaFH alone."""
    if not raw.has("T_MCOaaFH"):
        return []
    lines = with_stay_id(raw.table("T_MCOaaFH"), sent)
    number = nw.col("QUA_COD") * nw.col("COE_TAU").fill_null(1.0)
    common = lines.select(
        "YEAR",
        "stay_id",
        "ETA_NUM",
        "RSA_NUM",
        nw.coalesce("COD_UCD", "UCD_UCD_COD").alias("ucd"),
        number.alias("number"),
        (number * nw.col("ACH_PRI")).alias("price"),
        nw.lit(1.0).alias("shares"),
        nw.lit(None, nw.Int64()).alias("month"),
        drug.month_of("ENT_ANN", "ENT_MOI").alias("entry_month"),
        nw.col("DEL_DAT_ENT").alias("delay"),
    )
    return [("T_MCOaaFH", common)]


def outpatient_lines(raw: Raw, identities: Frame, sent: Frame) -> Frame | None:
    """Lines of public outpatient care with their person and day, from T_MCOaaFHSTC and CSTC."""
    if not raw.has("T_MCOaaFHSTC"):
        return None
    keys = ["YEAR", "ETA_NUM", "SEQ_NUM"]
    visits = raw.table("T_MCOaaCSTC").select(
        *keys,
        nw.col("EXE_SOI_DTD").alias("entry"),
        nw.col("NIR_ANO_17").alias("psa"),
        rules.link_is_right(raw, "T_MCOaaCSTC", rules.OUTPATIENT_CODES).alias("linked"),
    )
    lines = raw.table("T_MCOaaFHSTC").join(visits, on=keys, how="left")
    number = nw.col("QUA") * nw.col("FRACT_COE").fill_null(1.0)
    right = nw.col("linked").fill_null(False)
    return (
        lines.join(identities.select("psa", "person_id"), on="psa", how="left")
        .join(sent, on=["YEAR", "ETA_NUM"], how="left")
        .select(
            "YEAR",
            nw.lit(None, nw.Int64()).alias("stay_id"),
            "ETA_NUM",
            nw.col("SEQ_NUM").alias("RSA_NUM"),
            nw.coalesce("UCD_COD", "UCD_UCD_COD").alias("ucd"),
            number.alias("number"),
            (number * nw.col("ACH_PRU_TTC")).alias("price"),
            nw.lit(1.0).alias("shares"),
            nw.lit(None, nw.Int64()).alias("month"),
            drug.month_of("ENT_ANN", "ENT_MOI").alias("entry_month"),
            nw.col("DEL_DAT_ENT").alias("delay"),
            "entry",
            nw.when(right).then(nw.col("person_id")).otherwise(None).alias("person_id"),
            nw.when(nw.col("entry").is_null())
            .then(nw.lit("no_stay"))
            .when(nw.col("duplicate").fill_null(False))
            .then(nw.lit("duplicate_finess"))
            .otherwise(nw.lit(None, nw.String()))
            .alias("reason"),
        )
    )
