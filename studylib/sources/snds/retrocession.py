"""Drugs that hospitals sell to people who are not in them (*rétrocession*), from ER_UCD_F."""

from __future__ import annotations

import narwhals as nw

from studylib.sources.engine import Frame
from studylib.sources.snds import lines as rules
from studylib.sources.snds.layout import NINE_KEYS
from studylib.sources.snds.netting import netted
from studylib.sources.snds.prescribing import by_eight_characters
from studylib.sources.snds.raw import Raw
from studylib.sources.snds.town import (
    FEES,
    NO_PRESTATION,
    VISIT_GROUP,
    VISITS,
    Town,
    set_aside_pseudonym,
)

UCD_KEY = (*NINE_KEYS, "UCD_ORD_NUM")
RETROCEDED = 0  # UCD_TOP_UCD; 1 is the liste en sus of private hospitals, told by the PMSI too


def retrocession(town: Town) -> Frame | None:
    """Drugs sold by hospitals to people who are not in them: rows of ``hospital_drugs``.

    Lines of the liste en sus of private hospitals (UCD_TOP_UCD 1) are set aside: the PMSI tells
    them too. None when ER_UCD_F is absent.
    """
    raw, findings = town.raw, town.findings
    if not raw.has("ER_UCD_F"):
        return None
    kept = town.kept("ER_UCD_F", _unit_lines(town), UCD_KEY).drop("reason", "pseudonym")
    unpriced = raw.engine.count(kept.filter(nw.col("cents").is_null()))
    findings.link("ER_UCD_F", "UCD_TTF_MNT", raw.engine.count(kept), unpriced)
    priced = kept.with_columns(nw.col("cents").fill_null(0))
    whole = netted(raw.engine, priced, VISIT_GROUP, findings, "ER_UCD_F", UCD_KEY)
    return whole.select(
        nw.lit(None, nw.Int64()).alias("stay_id"),
        "person_id",
        nw.col("product").alias("ucd7"),
        nw.lit(None, nw.String()).alias("atc"),
        nw.col("day").alias("start"),
        (nw.col("day") + 1).alias("end"),
        "quantity",
        (nw.col("cents") / 100).alias("cost"),
        nw.col("prescriber").alias("establishment"),
    )


def _unit_lines(town: Town) -> Frame:
    """Lines of ER_UCD_F, each with its prestation, kept or set aside (``reason``). Checkpointed."""
    raw = town.raw
    columns = [*UCD_KEY, "UCD_UCD_COD", "UCD_DLV_NBR", "UCD_TTF_MNT", "UCD_TOP_UCD"]
    fine = rules.united(raw, "ER_UCD_F", columns, UCD_KEY, town.findings)
    others = ~nw.col("PRS_NAT_REF").is_in([*FEES, *VISITS])
    joined = fine.join(town.prestations((), others), on=list(NINE_KEYS), how="left")
    aside = (
        nw.when(nw.col("PRS_NAT_REF").is_null())
        .then(nw.lit(NO_PRESTATION))
        .when(in_the_pmsi())
        .then(nw.lit("en_sus_in_pmsi"))
        .otherwise(nw.col("reason"))
    )
    return raw.engine.checkpoint(
        with_seller(raw, joined).select(
            *UCD_KEY,
            "person_id",
            "day",
            set_aside_pseudonym(),
            ucd7().alias("product"),
            nw.col("UCD_DLV_NBR").alias("quantity"),
            rules.cents(nw.col("UCD_TTF_MNT")).alias("cents"),
            nw.col("seller").fill_null("").alias("prescriber"),
            rules.or_no_quantity(aside, nw.col("UCD_DLV_NBR")).alias("reason"),
        ),
        "unit_lines",
    )


def with_seller(raw: Raw, lines: Frame) -> Frame:
    """Adds ``seller``: FINESS of the hospital, from ER_ETE_F; null where it is not told.

    BE_IDE_R gives the whole number of the eight characters in ER_ETE_F; where it does not, they
    stay as they are.
    """
    if not raw.has("ER_ETE_F"):
        return lines.with_columns(nw.lit(None, nw.String()).alias("seller"))
    told = raw.table("ER_ETE_F", [*NINE_KEYS, "ETB_EXE_FIN"])
    billed = told.group_by(*NINE_KEYS).agg(nw.col("ETB_EXE_FIN").min().alias("eight"))
    placed = lines.join(billed, on=list(NINE_KEYS), how="left")
    if not raw.has("BE_IDE_R"):
        return placed.rename({"eight": "seller"})
    known = raw.engine.load(by_eight_characters(raw), "establishments_by_eight")
    named = placed.join(known, on="eight", how="left")
    return named.with_columns(nw.coalesce("nine", "eight").alias("seller")).drop("nine", "eight")


def in_the_pmsi() -> nw.Expr:
    """Lines that the PMSI tells too: one source per sector, never the sum."""
    return nw.col("UCD_TOP_UCD").fill_null(RETROCEDED) != RETROCEDED


def ucd7() -> nw.Expr:
    """UCD7 from its two forms of 13 characters: six zeros and it, or 34008, it and a key."""
    code = nw.col("UCD_UCD_COD")
    official = code.str.starts_with("34008") & (code.str.len_chars() == 13)
    return nw.when(official).then(code.str.slice(5, 7)).otherwise(code.str.tail(7))
