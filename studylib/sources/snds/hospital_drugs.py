"""Drugs given in hospital and paid on top of the stay, from their four collections.

Public stays: T_MCOaaMED (liste en sus) and T_MCOaaMEDATU (early access, part of Avastin). Private
stays: T_MCOaaFH; the same administrations are billed again in ER_UCD_F (UCD_TOP_UCD 1), which is
therefore never added. Public outpatient care: T_MCOaaFHSTC.
"""

from __future__ import annotations

import narwhals as nw
import pandas as pd

from studylib.sources.engine import Engine, Frame
from studylib.sources.snds import hospital_drug_lines as collections
from studylib.sources.snds import hospital_drug_rules as drug
from studylib.sources.snds.findings import Findings, line_key
from studylib.sources.snds.hospital_stays import EPOCH, months
from studylib.sources.snds.liste_en_sus import ListeEnSus
from studylib.sources.snds.raw import Raw

ABOVE_TARIFF = "price_above_tariff"  # kept, at the tariff
TABLES = (*[table for table, *_ in collections.PUBLIC], "T_MCOaaFH", "T_MCOaaFHSTC")


def read_hospital_drugs(
    raw: Raw, base: Frame, identities: Frame, sent: Frame, findings: Findings, listed: ListeEnSus
) -> Frame | None:
    """Event table ``hospital_drugs``: number and amount of each line, per stay; None without any.

    Amounts are the number times the purchase price, at most the responsibility tariff of the day.
    A line whose stay is not linked has no person_id; outpatient care has no stay_id. Lines of
    early access are not held against the list.
    """
    engine = raw.engine
    found = _with_stays(raw, base, identities, sent)
    if not found:
        return None
    written = engine.checkpoint(nw.concat(found), "drug_collections")
    checked = engine.checkpoint(_checked(engine, written, listed), "drug_lines")
    for table in TABLES:
        if raw.has(table):
            _set_aside(engine, table, checked.filter(nw.col("table") == table), findings)
    return engine.checkpoint(_events(checked), "hospital_drugs")


def _checked(engine: Engine, lines: Frame, listed: ListeEnSus) -> Frame:
    """Lines with their day, code, tariff, and the reason they are set aside."""
    tariffs = engine.load(listed.by_month(), "liste_en_sus")
    codes = pd.DataFrame({"ucd7": sorted(set(listed.periods["ucd7"])), "known": True})
    coded = lines.with_columns(drug.ucd7("ucd").alias("ucd7"), drug.ucd_form("ucd").alias("form"))
    dated = engine.checkpoint(_dated(coded, calendar(engine), months(engine)), "drug_days")
    priced = dated.join(tariffs, on=["ucd7", "month"], how="left").join(
        engine.load(codes, "known_ucd"), on="ucd7", how="left"
    )
    return priced.with_columns(drug.line_reason().alias("reason"), drug.tariff().alias("tariff"))


def _with_stays(raw: Raw, base: Frame, identities: Frame, sent: Frame) -> list[Frame]:
    """Every collection with its table, entry day, person and the reason its stay is set aside."""
    person = nw.when(nw.col("link").is_null()).then(nw.col("known_person")).otherwise(None)
    stays = base.select(
        "stay_id",
        nw.col("start").alias("entry"),
        person.alias("person_id"),
        "reason",
        nw.lit(True).alias("stay"),
    )
    found = []
    for table, lines in [
        *collections.public_lines(raw, sent),
        *collections.private_lines(raw, sent),
    ]:
        missing = nw.when(nw.col("stay").is_null()).then(nw.lit("no_stay"))
        joined = lines.join(stays, on="stay_id", how="left").select(
            *collections.COMMON,
            "entry",
            "person_id",
            missing.otherwise(nw.col("reason")).alias("reason"),
            nw.lit(table).alias("table"),
        )
        found.append(joined)
    outside = collections.outpatient_lines(raw, identities, sent)
    if outside is not None:
        found.append(outside.with_columns(nw.lit("T_MCOaaFHSTC").alias("table")))
    return found


def calendar(engine: Engine) -> Frame:
    """The month (YYYYMM) of each day of 2000 to 2049."""
    dates = pd.date_range("2000-01-01", "2049-12-31")
    table = {"day": (dates - pd.Timestamp(EPOCH)).days, "day_month": dates.year * 100 + dates.month}
    return engine.load(pd.DataFrame(table).astype("int64"), "calendar")


def _dated(lines: Frame, days: Frame, firsts: Frame) -> Frame:
    """``lines`` with their day and month.

    The day is entry and delay, or the first of the month where days were not collected; the month
    is the one the line says, else that of the day.
    """
    given = lines.with_columns((nw.col("entry") + nw.col("delay").fill_null(0)).alias("exact"))
    month_days = firsts.select(nw.col("month").alias("entry_month"), "first_day")
    return (
        given.join(month_days, on="entry_month", how="left")
        .with_columns(nw.coalesce("exact", "first_day").alias("day"))
        .join(days, on="day", how="left")
        .with_columns(nw.coalesce("month", "day_month").alias("month"))
    )


def _set_aside(engine: Engine, table: str, checked: Frame, findings: Findings) -> None:
    """Lines set aside by reason, prices cut to the tariff; what the table's lines tell."""
    total = engine.count(checked)
    aside = checked.filter(~nw.col("reason").is_null())
    told = findings.reject_each(table, _shown(aside, nw.col("reason")), total)
    kept = checked.filter(nw.col("reason").is_null())
    excess = (nw.col("price") - drug.capped()).alias("price")
    unpriced = kept.filter(nw.col("price").is_null())
    findings.link(table, "price", engine.count(kept), engine.count(unpriced))
    above = kept.with_columns(excess).filter(nw.col("price") > 0)
    findings.reject_each(table, _shown(above, nw.lit(ABOVE_TARIFF)), total, (ABOVE_TARIFF,))
    known = "T_MCOaaCSTC" if table == "T_MCOaaFHSTC" else "T_MCOaaB"
    findings.link(table, known, total, told.get("no_stay", 0))
    _note(table, checked, findings)


def _note(table: str, checked: Frame, findings: Findings) -> None:
    """Unknown codes, forms of codes by year, and volumes of the table's lines."""
    findings.unknown(
        checked.filter(nw.col("known").is_null())
        .group_by("ucd")
        .agg(nw.len().alias("lines"), nw.col("price").sum().alias("amount"))
        .select(
            nw.lit(table).alias("table"),
            nw.lit("UCD").alias("column"),
            nw.lit("UCD7").alias("system"),
            nw.col("ucd").fill_null("").alias("code"),
            "lines",
            "amount",
        )
    )
    findings.coding(
        checked.group_by("YEAR", "form")
        .agg(nw.len().alias("lines"))
        .select(
            nw.lit(table).alias("table"),
            nw.lit("UCD").alias("column"),
            nw.col("YEAR").alias("year"),
            "form",
            "lines",
        )
    )
    findings.volume(
        checked.filter(~nw.col("day").is_null())
        .group_by(nw.col("day").alias("care_day"))
        .agg(
            nw.len().alias("lines"),
            (nw.col("price") / nw.col("shares")).sum().alias("amount"),
        )
        .with_columns(nw.lit(table).alias("table"))
    )


def _shown(lines: Frame, reason: nw.Expr) -> Frame:
    return lines.select(
        reason.alias("reason"),
        line_key(("YEAR", "ETA_NUM", "RSA_NUM", "ucd", "month")),
        "day",
        nw.col("ucd").alias("code"),
        nw.col("number").alias("quantity"),
        (nw.col("price") / nw.col("shares")).alias("amount"),
    )


def _events(checked: Frame) -> Frame:
    kept = checked.filter(nw.col("reason").is_null())
    return kept.select(
        "stay_id",
        "person_id",
        "ucd7",
        "atc",
        nw.col("day").alias("start"),
        (nw.col("day") + 1).alias("end"),
        (nw.col("number") / nw.col("shares")).alias("quantity"),
        (drug.capped() / nw.col("shares")).fill_null(0.0).alias("cost"),
        nw.col("ETA_NUM").alias("establishment"),
    )
