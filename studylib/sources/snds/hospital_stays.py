"""Every stay of the raw PMSI MCO once, with its key, its person, its dates, its value, its rules.

The base that stays, diagnoses, acts and drugs are read from. A stay's key is its establishment's
number and a number that restarts every year, so the year is part of ``stay_id``.
"""

from __future__ import annotations

from datetime import date

import narwhals as nw
import pandas as pd

from studylib.errors import TableError
from studylib.sources.engine import Engine, Frame
from studylib.sources.snds import hospital_rules as rules
from studylib.sources.snds.columns import digits
from studylib.sources.snds.people import real_date
from studylib.sources.snds.raw import Raw

RANKS = 100_000  # establishments that one year may hold
NUMBERS = 10**10  # RSA_NUM has ten digits
EPOCH = date(1970, 1, 1)
KEY = ("YEAR", "ETA_NUM", "RSA_NUM")
B_COLUMNS = (
    "ETA_NUM",
    "RSA_NUM",
    "DGN_PAL",
    "DGN_REL",
    "GRG_GHM",
    "GHS_NUM",
    "ENT_MOD",
    "ENT_PRV",
    "SOR_MOD",
    "SEJ_TYP",
    "TYP_GEN_RSA",
    "BDI_DEP",
    "SOR_ANN",
    "SOR_MOI",
)


def year_part() -> nw.Expr:
    """The part of ``stay_id`` that tells years apart: numbers of stays restart each year."""
    return nw.col("YEAR") - 2000


def with_stay_id(lines: Frame, sent: Frame) -> Frame:
    """``lines`` with ``stay_id`` and ``duplicate``; null for an establishment without any stay.

    ``stay_id`` is year, rank of the establishment and RSA_NUM in one number: unique over years,
    the same whatever the order of files.
    """
    number = digits("RSA_NUM")
    return lines.join(sent, on=["YEAR", "ETA_NUM"], how="left").with_columns(
        ((year_part() * RANKS + nw.col("rank")) * NUMBERS + number).alias("stay_id")
    )


def months(engine: Engine) -> Frame:
    """First day of each month of 2000 to 2049: month (YYYYMM), first_day."""
    firsts = [date(year, month, 1) for year in range(2000, 2050) for month in range(1, 13)]
    table = {
        "month": [day.year * 100 + day.month for day in firsts],
        "first_day": [(day - EPOCH).days for day in firsts],
    }
    return engine.load(pd.DataFrame(table), "months")


def base_stays(raw: Raw, identities: Frame, sent: Frame) -> Frame:
    """One row per line of T_MCOaaB, kept or not.

    Columns: stay_id, the raw key, reason (why it is set aside, else null), start, end (days, null
    when not collected), first_day (of the month of exit, of January when it is not told: then
    month_known is null), psa, person_id (null when not linked),
    link (why not: return_code, unknown_person, no_exact_date), cost (euros, null when not valued),
    ghm, ghs, emergency, died, department, DGN_PAL, DGN_REL. TableError when a key repeats.
    """
    engine = raw.engine
    stays = with_stay_id(raw.table("T_MCOaaB", B_COLUMNS), sent)
    number = digits("SOR_MOI")
    right = (nw.col("SOR_ANN") == nw.col("YEAR")) & (number >= 1) & (number <= 12)
    month = nw.when(right).then(nw.col("YEAR") * 100 + number)
    without_key = nw.when(nw.col("stay_id").is_null()).then(nw.lit("no_key"))
    described = stays.select(
        "stay_id",
        *KEY,
        "DGN_PAL",
        "DGN_REL",
        without_key.otherwise(rules.rejection()).alias("reason"),
        nw.col("GRG_GHM").alias("ghm"),
        nw.col("GHS_NUM").alias("ghs"),
        nw.col("ENT_PRV").is_in(list(rules.EMERGENCY)).fill_null(False).alias("emergency"),
        (nw.col("SOR_MOD") == rules.DIED).fill_null(False).alias("died"),
        rules.department().alias("department"),
        month.alias("month_known"),
        nw.coalesce(month, nw.col("YEAR") * 100 + 1).alias("month"),
    )
    joined = (
        described.join(months(engine), on="month", how="left")
        .join(_persons(raw, identities, sent), on="stay_id", how="left")
        .join(_values(raw, sent), on="stay_id", how="left")
    )
    base = engine.checkpoint(joined.with_columns(_link().alias("link")), "hospital_base")
    _check_keys(raw, base)
    return base


def _persons(raw: Raw, identities: Frame, sent: Frame) -> Frame:
    """Per stay: psa, start, end, linked (return codes) and person_id, from T_MCOaaC."""
    names = [*KEY[1:], "NIR_ANO_17", "EXE_SOI_DTD", "EXE_SOI_DTF", *rules.RETURN_CODES]
    first, last = real_date("EXE_SOI_DTD"), real_date("EXE_SOI_DTF")
    sound = first <= last
    lines = with_stay_id(raw.table("T_MCOaaC", names), sent).select(
        "stay_id",
        nw.col("NIR_ANO_17").alias("psa"),
        nw.when(sound).then(first).alias("start"),
        nw.when(sound).then(last + 1).alias("end"),
        rules.link_is_right(raw, "T_MCOaaC").alias("linked"),
    )
    known = identities.select("psa", nw.col("person_id").alias("known_person"))
    return raw.engine.checkpoint(lines.join(known, on="psa", how="left"), "hospital_persons")


def _link() -> nw.Expr:
    """Why a stay cannot be tied to a person and exact days; null when it can."""
    dated = ~nw.col("start").is_null() & ~nw.col("end").is_null()
    return (
        nw.when(~nw.col("linked").fill_null(False))
        .then(nw.lit("return_code"))
        .when(nw.col("known_person").is_null())
        .then(nw.lit("unknown_person"))
        .when(~dated)
        .then(nw.lit("no_exact_date"))
        .otherwise(nw.lit(None, nw.String()))
    )


def _values(raw: Raw, sent: Frame) -> Frame:
    """Per stay: its reimbursed value, from T_MCOaaVALO (public) or T_MCOaaFB (private)."""
    parts = []
    if raw.has("T_MCOaaVALO"):
        names = [*KEY[1:], "VALO", "MNT_TOT_AM", "MNT_GHS_AM", *rules.SUPPLEMENTS]
        public = with_stay_id(raw.table("T_MCOaaVALO", names), sent)
        parts.append(public.select("stay_id", rules.public_value().alias("cost")))
    if raw.has("T_MCOaaFB"):
        private = with_stay_id(raw.table("T_MCOaaFB", [*KEY[1:], "AMO_MNR"]), sent)
        parts.append(private.select("stay_id", nw.col("AMO_MNR").alias("cost")))
    if not parts:
        raise TableError(
            f"Source « {raw.name} » : ni T_MCOaaVALO ni T_MCOaaFB, aucun séjour n'a de valeur ; "
            "extraire la valorisation des séjours publics et la facturation des privés."
        )
    valued = nw.concat(parts).filter(~nw.col("cost").is_null())
    whole = valued.group_by("stay_id").agg(nw.col("cost").sum())
    return raw.engine.checkpoint(whole, "hospital_values")


def _check_keys(raw: Raw, base: Frame) -> None:
    numbered = base.filter(~nw.col("stay_id").is_null())
    counts = raw.engine.collect(
        numbered.select(nw.len().alias("rows"), nw.col("stay_id").n_unique().alias("different"))
    ).fillna(0)
    repeated = int(counts["rows"].iloc[0]) - int(counts["different"].iloc[0])
    if repeated:
        raise TableError(
            f"Source « {raw.name} », tables T_MCOaaB et T_MCOaaC : {repeated} lignes dont la clé "
            "ETA_NUM + RSA_NUM se répète dans une même année ; vérifier qu'aucun fichier n'a été "
            "déposé deux fois."
        )
