"""The columns of the tables of hospital drugs, inside stays and in outpatient care."""

from __future__ import annotations

from studylib.sources.simulated.draws import Draws
from studylib.sources.snds.hospital_rules import OUTPATIENT_CODES
from studylib.sources.snds.simulation.hospital_sql import (
    Columns,
    date,
    key,
    moment,
    month,
    return_codes,
)
from studylib.sources.snds.simulation.traps import Traps


def med(code: str) -> Columns:
    """Columns of T_MCOaaMED."""
    return {
        **key(),
        "UCD_COD": code,
        "UCD_UCD_COD": code,
        "ADM_NBR": "units",
        "ADM_NBR_PRI": "total",
        "NBR_SEJ": "shares::INTEGER",
        "DAT_ADM_ANN": "adm_year::INTEGER",
        "ADM_MOIS": month("day"),
        "DELAI": "(day - start)::INTEGER",
        "COD_LES": "'LIC0000'",
        "ETA_NUM_ENT": "eta_num",
    }


def medatu(code: str) -> Columns:
    """Columns of T_MCOaaMEDATU."""
    given = med(code)
    return {
        **key(),
        "UCD_COD": code,
        "UCD_UCD_COD": code,
        "ADM_NBR": "units",
        "ACH_PRI_ADM": "total",
        "SEJ_NBR": "shares::INTEGER",
        "ADM_ANN": given["DAT_ADM_ANN"],
        "ADM_MOIS": given["ADM_MOIS"],
        "DAT_DELAI": given["DELAI"],
        "ETA_NUM_ENT": "eta_num",
    }


def fh(code: str) -> Columns:
    """Private lines: whole units and a coefficient for the part of the last one that is used."""
    whole = "(sign(units) * ceil(abs(units)))"
    return {
        **key(),
        "COD_UCD": "ucd7",
        "UCD_UCD_COD": code,
        "QUA_COD": f"{whole}::INTEGER",
        "COE_TAU": f"CASE WHEN units = 0 THEN 1 ELSE units / {whole} END",
        "ACH_PRI": "written_price",
        "FAC_TOT": "round(total, 2)",
        "DEL_DAT_ENT": "(day - start)::INTEGER",
        "ENT_ANN": f"year({date('start')})::INTEGER",
        "ENT_MOI": month("start"),
        "COD_LES": "'LIC0000'",
    }


def fhstc(code: str) -> Columns:
    """Columns of T_MCOaaFHSTC."""
    private = fh(code)
    return {
        **key(stay=False),
        "UCD_COD": "ucd7",
        "UCD_UCD_COD": code,
        "QUA": private["QUA_COD"],
        "FRACT_COE": private["COE_TAU"],
        "ACH_PRU_TTC": "written_price",
        "FAC_MNT": "round(total)::INTEGER",
        "DEL_DAT_ENT": "0",
        "ENT_ANN": f"year({date('day')})::INTEGER",
        "ENT_MOI": month("day"),
    }


def visits(draws: Draws, traps: Traps) -> Columns:
    """Columns of T_MCOaaCSTC."""
    return {
        **key(stay=False),
        "NIR_ANO_17": "coalesce(wrong_psa, psa)",
        "EXE_SOI_DTD": moment(draws, traps, "day", "administration"),
        "EXE_SOI_DTF": moment(draws, traps, "day", "administration + 1"),
        **return_codes(list(OUTPATIENT_CODES), "administration", traps),
    }
