"""The tables of flows of the DCIR, written under their real names, by archive."""

from __future__ import annotations

from pathlib import Path

from duckdb import DuckDBPyConnection

from studylib.sources.simulated.draws import Draws, pick
from studylib.sources.simulated.settings import Settings
from studylib.sources.snds.simulation.flows import (
    CORRECTED_BILLS,
    HOSPITAL,
    RETROCESSION,
    Flows,
    date_of,
)
from studylib.sources.snds.simulation.traps import Traps
from studylib.sources.snds.simulation.writing import write

CARE_TIME = "INTERVAL '13 hours 45 minutes'"  # the hour that some care dates carry (T9)
CIP7_ALONE_UNTIL = 16_071  # 2014-01-01
_ORDER = "flow, stream, version, id, day, prs"  # unique, and all numbers: text sorts slowly
CORSICA = (("'201'", 3), ("'202'", 3), ("'020'", 1), ("'209'", 1))
UNKNOWN_DEPARTMENTS = (("'000'", 1), ("'099'", 2), ("'999'", 3))


def write_dcir(
    connection: DuckDBPyConnection, settings: Settings, traps: Traps, folder: Path, block: int
) -> None:
    """Writes ER_PRS_F, ER_PHA_F, ER_UCD_F and ER_ETE_F, one file per archive and block.

    Needs ``prestations``, ``drug_lines``, ``unit_drugs``, ``identities`` and the world.
    """
    flows = Flows(settings, traps)
    queries = {
        "ER_PRS_F": _prestations(settings, traps),
        "ER_PHA_F": _pharmacy(settings, traps),
        "ER_UCD_F": _units(settings, traps),
        "ER_ETE_F": _establishments(settings, traps),
    }
    for table, query in queries.items():
        for archive in flows.archives:
            name = table if archive is None else f"{table}_{archive}"
            year = archive or 0
            write(connection, query.format(archive=year), folder / name, block)


def keys(settings: Settings, traps: Traps, rank: str = "prs") -> str:
    """SQL for the nine keys, from stream, version, id, day, flow and a rank in the bill."""
    flows = Flows(settings, traps)
    bill = flows.bill("id", "day")
    return f"""month AS FLX_DIS_DTD, month - (1 + (id + day + version) % 27)::INTEGER
        AS FLX_TRT_DTD, 12 AS FLX_EMT_TYP, stream::INTEGER AS FLX_EMT_NUM, version::INTEGER
        AS FLX_EMT_ORD, office AS ORG_CLE_NUM,
        ({bill} + CASE WHEN version > 1 THEN {CORRECTED_BILLS} ELSE 0 END)::INTEGER AS DCT_ORD_NUM,
        {rank}::INTEGER AS PRS_ORD_NUM, 0 AS REM_TYP_AFF"""


# The lines of an archive; ``{archive}`` is filled later.
_KEPT = "(archive = {archive} OR again = {archive})"


def _prestations(settings: Settings, traps: Traps) -> str:
    draws = Draws(settings.seed)
    care = date_of("day")
    if "T9" in traps:
        timed = f"(draw * 1000) % 1 < {traps.rate('T9')}"
        care = f"({care}::TIMESTAMP + CASE WHEN {timed} THEN {CARE_TIME} " + (
            "ELSE INTERVAL '0 hours' END)"
        )
    return f"""
        SELECT {keys(settings, traps)}, i.psa AS BEN_NIR_PSA, i.rng_gem::INTEGER AS BEN_RNG_GEM,
            i.cdi_nir AS BEN_CDI_NIR, {_age()} AS BEN_AMA_COD, l.sex AS BEN_SEX_COD,
            l.birth_year AS BEN_NAI_ANN, {_department(traps)} AS BEN_RES_DPT,
            l.town AS BEN_RES_COM, {care} AS EXE_SOI_DTD, {care} AS EXE_SOI_DTF,
            {date_of("prescribed")} AS PRE_PRE_DTD, nature::INTEGER AS PRS_NAT_REF,
            quantity AS PRS_ACT_QTE, paid AS PRS_PAI_MNT,
            CASE WHEN supplement > 0 THEN 0 ELSE paid END AS BSE_REM_BSE,
            CASE WHEN supplement > 0 THEN 0 ELSE amount END AS BSE_REM_MNT,
            CASE WHEN supplement > 0 THEN amount ELSE 0 END AS CPL_REM_MNT,
            percent::DOUBLE AS RGO_REM_TAU, supplement::INTEGER AS CPL_MAJ_TOP,
            CASE WHEN told = 1 THEN 71 ELSE 0 END AS DPN_QLF,
            CASE WHEN told = 2 THEN 71 END AS PRS_DPN_QLP,
            CASE WHEN exempt AND NOT never_exempt THEN 42 ELSE 0 END AS EXO_MTF,
            p.specialty::INTEGER AS PSE_SPE_COD, try_cast(m.specialty AS INTEGER) AS PSP_SPE_COD,
            CASE WHEN establishment IS NULL THEN 0 ELSE 50 END AS PSP_ACT_NAT,
            left(e.code, 8) AS ETB_PRE_FIN, m.code AS PFS_PRE_NUM,
            coalesce(h.code, d.code) AS PFS_EXE_NUM, l.fund AS ORG_AFF_BEN,
            101 AS RGM_COD, 0 AS BEN_CMU_TOP, 0 AS BEN_ACS_TOP
        FROM (SELECT *, {draws.uniform("dcir/line", "id", "day")} AS draw FROM prestations
              WHERE {_KEPT}) AS p
        JOIN identities AS i USING (id) JOIN offices AS l USING (id)
        LEFT JOIN establishment_list AS e ON e.number = p.establishment
        LEFT JOIN prescribers AS m ON m.number = p.prescriber
        LEFT JOIN pharmacies AS h ON h.number = p.executant AND p.stream NOT IN
            ({HOSPITAL}, {RETROCESSION}, 2)
        LEFT JOIN prescribers AS d ON d.number = p.executant AND p.stream = 2
        WHERE day >= i.from_ AND day < i.to_
        ORDER BY {_ORDER}"""


def _age() -> str:
    """SQL for the age: months below two years, years above."""
    return """(CASE WHEN day - l.birth < 730 THEN greatest(0, (day - l.birth) // 30.4375)
        ELSE (day - l.birth) // 365.25 END)::INTEGER"""


def _department(traps: Traps) -> str:
    """SQL for the department as the DCIR writes it, with every spelling under T13."""
    corsica = "CASE l.department WHEN '2A' THEN '201' ELSE '202' END"
    usual = "lpad(l.department, 3, '0')"
    if "T13" not in traps:
        return f"CASE WHEN l.department IN ('2A', '2B') THEN {corsica} ELSE {usual} END"
    spelling = "((draw * 100) % 1)"
    return f"""CASE WHEN draw < {traps.rate("T13")} THEN {pick(spelling, UNKNOWN_DEPARTMENTS)}
        WHEN l.department IN ('2A', '2B') THEN {pick(spelling, CORSICA)}
        WHEN {spelling} < 0.02 THEN l.department ELSE {usual} END"""


def _pharmacy(settings: Settings, traps: Traps) -> str:
    old = "T9" in traps
    stored = "BIGINT" if old else "VARCHAR"
    alone = f"day < {CIP7_ALONE_UNTIL}" if old else "FALSE"
    return f"""
        SELECT {keys(settings, traps)}, pha::INTEGER AS PHA_ORD_NUM,
            CASE WHEN {alone} THEN NULL ELSE f.cip13::{stored} END AS PHA_PRS_C13,
            substr(f.cip13, 6, 7)::{stored} AS PHA_PRS_IDE, boxes::INTEGER AS PHA_ACT_QSN,
            d.price AS PHA_ACT_PRU, CASE WHEN d.units IS NULL THEN NULL ELSE 'D' END AS PHA_DEC_TOP,
            d.units AS PHA_DEC_QSU, unit_price AS PHA_DEC_PRU, 0 AS PHA_SEQ_RNV, 0 AS PHA_SUB_MTF
        FROM drug_lines AS d JOIN packs AS f USING (pack) JOIN offices USING (id)
        WHERE {_KEPT} ORDER BY {_ORDER}, pha"""


def _units(settings: Settings, traps: Traps) -> str:
    """Lines of ER_UCD_F: six zeros and the UCD7 under T9, the official UCD13 otherwise."""
    code = "'000000' || ucd7" if "T9" in traps else "'34008' || ucd7 || '0'"
    return f"""
        SELECT {keys(settings, traps)}, 1 AS UCD_ORD_NUM, {code} AS UCD_UCD_COD,
            number AS UCD_DLV_NBR, paid AS UCD_TTF_MNT, top::INTEGER AS UCD_TOP_UCD,
            1.0::DOUBLE AS UCD_FRC_COE
        FROM (SELECT u.number, u.ucd7, u.top, p.* FROM prestations AS p
              JOIN unit_drugs AS u USING (stream, id, day, prs)) JOIN offices USING (id)
        WHERE {_KEPT} ORDER BY {_ORDER}"""


def _establishments(settings: Settings, traps: Traps) -> str:
    return f"""
        SELECT {keys(settings, traps)}, left(e.code, 8) AS ETB_EXE_FIN,
            public::INTEGER AS ETE_IND_TAA, 1 AS ETE_TYP_COD,
            CASE e.category WHEN 'CHU' THEN 101 WHEN 'CH' THEN 355 ELSE 365 END AS ETE_CAT_COD,
            NULL::INTEGER AS ETE_GHS_NUM, CASE WHEN public = 1 THEN 1 ELSE 2 END AS PRS_PPU_SEC,
            NULL::INTEGER AS MDT_COD
        FROM prestations AS p JOIN establishment_list AS e ON e.number = p.executant
        JOIN offices USING (id)
        WHERE stream IN ({HOSPITAL}, {RETROCESSION}) AND public IS NOT NULL
            AND {_KEPT} ORDER BY {_ORDER}"""
