"""The columns of the tables T_MCOaa*: names of the SNDS, SQL over the simulated summaries."""

from __future__ import annotations

from dataclasses import dataclass

from studylib.sources.simulated.draws import Draws
from studylib.sources.simulated.settings import Settings
from studylib.sources.snds import layout
from studylib.sources.snds.hospital_rules import RETURN_CODES, SUPPLEMENTS
from studylib.sources.snds.simulation import hospital_drug_columns as drugs
from studylib.sources.snds.simulation.hospital_drugs import written_code
from studylib.sources.snds.simulation.hospital_sql import (
    Columns,
    date,
    key,
    moment,
    month,
    return_codes,
)
from studylib.sources.snds.simulation.traps import Traps

SERVICE, AUTOMATIC = 3, 4
OVERSEAS = {"971": "9A", "972": "9B", "973": "9C", "974": "9D", "976": "9F"}
TEXT_DELAYS_UNTIL = 2013
CORSICA = "94"
KEY = "ETA_NUM, RSA_NUM"


@dataclass(frozen=True)
class Copied:
    """What a raw table is copied from: a table or view, its columns, their order of lines."""

    source: str
    columns: Columns
    order: str


def copies(settings: Settings, traps: Traps, year: int) -> dict[str, Copied]:
    """Every table of a year by its name; columns not collected that year are left to the caller."""
    draws = Draws(settings.seed)
    code = written_code(year, traps)
    valued = "(SELECT * FROM hosp_valued WHERE public AND variant <> 3)"
    bills = """(SELECT v.*, act FROM hosp_valued AS v, (VALUES ('GHS'), ('SRC')) AS a(act)
        WHERE NOT public AND variant = 0 AND (act = 'GHS' OR extra > 0))"""
    lines = "(SELECT * FROM hosp_written WHERE collection = '{}')"
    rank = f"{KEY}, administration, kind"
    stored = _stored_key(settings, traps)
    return {
        "T_MCOaaB": Copied("hosp_described", {**stored, **_stays(traps)}, KEY),
        "T_MCOaaC": Copied("hosp_rsa", {**stored, **_persons(draws, traps, year)}, KEY),
        "T_MCOaaD": Copied("hosp_associated", _associated(), "eta_num, rsa_num, rank"),
        "T_MCOaaA": Copied("hosp_acts", _acts(year), "eta_num, rsa_num, activity"),
        "T_MCOaaUM": Copied("hosp_units", _units(), "eta_num, rsa_num, unit"),
        "T_MCOaaE": Copied(f"(SELECT *, {year} AS year FROM hosp_senders)", _senders(), "ETA_NUM"),
        "T_MCOaaVALO": Copied(valued, _values(traps), KEY),
        "T_MCOaaFB": Copied(bills, _bills(), "eta_num, rsa_num, act"),
        "T_MCOaaMED": Copied(lines.format("MED"), drugs.med(code), rank),
        "T_MCOaaMEDATU": Copied(lines.format("MEDATU"), drugs.medatu(code), rank),
        "T_MCOaaFH": Copied(lines.format("FH"), drugs.fh(code), rank),
        "T_MCOaaFHSTC": Copied("hosp_visits", drugs.fhstc(code), "eta_num, seq_num"),
        "T_MCOaaCSTC": Copied("hosp_visits", drugs.visits(draws, traps), "eta_num, seq_num"),
    }


def _stored_key(settings: Settings, traps: Traps) -> Columns:
    """The key in T_MCOaaB and T_MCOaaC, whose parts may be numbers without their zeros (T9).

    A FINESS of Corse has a letter: where there are some, the column cannot be a number.
    """
    kept = {name: f"{written}::BIGINT" for name, written in key().items()}
    if "T9" not in traps:
        return key()
    return {**kept, "ETA_NUM": "eta_num"} if CORSICA in settings.regions else kept


def _stays(traps: Traps) -> Columns:
    service, provider = f"variant = {SERVICE} AND stay % 2 = 0", f"variant = {SERVICE}"
    cases = " ".join(f"WHEN '{code}' THEN '{written}'" for code, written in OVERSEAS.items())
    department = f"CASE department {cases} ELSE department END" if "T13" in traps else "department"
    return {
        "DGN_PAL": "dp",
        "DGN_REL": "related",
        "GRG_GHM": "ghm",
        "GHS_NUM": "CASE WHEN starts_with(ghm, '90') THEN '9999' ELSE ghs END",
        "SEJ_NBJ": "(exit - start)::INTEGER",
        "ENT_MOD": f"CASE WHEN {service} THEN '0' ELSE '8' END",
        "ENT_PRV": "CASE WHEN emergency THEN '5' END",
        "SOR_MOD": f"CASE WHEN {service} THEN '0' WHEN died THEN '9' ELSE '8' END",
        "SOR_DES": "NULL::VARCHAR",
        "AGE_ANN": "floor((start - birth) / 365.25)::INTEGER",
        "AGE_JOU": "CASE WHEN start - birth < 366 THEN (start - birth)::INTEGER END",
        "COD_SEX": "CASE WHEN male THEN '1' ELSE '2' END",
        "BDI_DEP": department,
        "BDI_COD": f"({department}) || '000'",
        "SEJ_TYP": f"CASE WHEN {provider} AND stay % 2 = 1 THEN 'B' END",
        "TYP_GEN_RSA": f"CASE WHEN variant = {AUTOMATIC} THEN 1 ELSE 0 END",
        "SOR_ANN": "year::INTEGER",
        "SOR_MOI": month("exit"),
        "NBR_RUM": "units::INTEGER",
        "NBR_DGN": "associated::INTEGER",
        "NBR_ACT": "(ccam <> '')::INTEGER",
        "NBR_SEA": "CASE WHEN starts_with(ghm, '28') THEN 1 ELSE 0 END",
        "UHCD_TOP": "'0'",
        "TOP_AVASTIN": "'0'",
    }


def _persons(draws: Draws, traps: Traps, year: int) -> Columns:
    declared = layout.table("T_MCOaaC")
    codes = [code for code in RETURN_CODES if declared.column(code).collected_in(year)]
    return {
        "NIR_ANO_17": "coalesce(wrong_psa, psa)",
        "EXE_SOI_DTD": moment(draws, traps, "start", "stay"),
        "EXE_SOI_DTF": moment(draws, traps, "exit", "stay + 1"),
        "ENT_DAT": date("start"),
        "SOR_DAT": date("exit"),
        "SEJ_NUM": "(stay % 65536)::INTEGER",
        **return_codes(codes, "stay", traps),
        "ETA_NUM_RET": "'0'",
    }


def _associated() -> Columns:
    return {**key(), "ASS_DGN": "code", "DGN_ASS_NUM": "rank::INTEGER"}


def _acts(year: int) -> Columns:
    later = "CASE WHEN exit > start THEN 1 ELSE 0 END"
    return {
        **key(),
        "CDC_ACT": "ccam",
        "ACV_ACT": "activity",
        "PHA_ACT": "'0'",
        "ENT_DAT_DEL": f"lpad(({later})::VARCHAR, 3, '0')" if year <= TEXT_DELAYS_UNTIL else later,
        "NBR_EXE_ACT": "1",
        "EXT_PMSI": "NULL::VARCHAR",
    }


def _units() -> Columns:
    return {
        **key(),
        "DGN_PAL": "dp",
        "DGN_REL": "dr",
        "UM_ORD_NUM": "unit::INTEGER",
        "UM_TYP": "'01'",
        "AUT_TYP1_UM": "'00'",
        "ETA_NUM_GEO": "site",
        "ETA_NUM_GEO1": "site",
        "PAR_DUR_SEJ": "nights::INTEGER",
    }


def _senders() -> Columns:
    return {
        "ETA_NUM": "eta_num",
        "ETB_EXE_FIN": "left(eta_num, 8)",
        "SOC_RAI": "name",
        "STA_ETA": "CASE WHEN public THEN 'DGF' ELSE 'OQN' END",
        "REG_ETA": "region_name",
    }


def _values(traps: Traps) -> Columns:
    """Public value: total with the drugs on the list (T21), its parts without them."""
    total = "round(value + on_list + early, 2)" if "T21" in traps else "value"
    return {
        **key(),
        "VALO": "CASE WHEN variant > 1 THEN '0' WHEN stay % 50 = 0 THEN '3' ELSE '1' END",
        "GHS_NUM": "ghs",
        "COEFGEO": "1.0::DOUBLE",
        "MNT_TOT_AM": total,
        "MNT_GHS_AM": "round(value - extra, 2)",
        "MNT_EXH_AM": "CASE WHEN stay % 3 = 0 THEN extra ELSE 0 END",
        "MNT_REA_AM": "CASE WHEN stay % 3 = 0 THEN 0 ELSE extra END",
        **{name: "0.0::DOUBLE" for name in SUPPLEMENTS if name not in ("MNT_EXH_AM", "MNT_REA_AM")},
        "MNT_MON": "on_list",
        "MNT_MED_ATU": "early",
        "MNT_DMI": "0.0::DOUBLE",
    }


def _bills() -> Columns:
    amount = "CASE act WHEN 'GHS' THEN round(value - extra, 2) ELSE extra END"
    return {
        **key(),
        "ACT_COD": "act",
        "ACT_NBR": "1",
        "PRI_UNI": amount,
        "REM_BAS": amount,
        "REM_TAU": "100.0::DOUBLE",
        "AMO_MNR": amount,
        "GHS_NUM": "ghs",
    }
