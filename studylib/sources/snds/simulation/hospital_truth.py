"""The truth of the hospital tables: stays, their diagnoses and acts, drugs on the list, traps."""

from __future__ import annotations

from pathlib import Path

from duckdb import DuckDBPyConnection

from studylib.sources.snds.simulation.writing import write

# True stays of the simulated years. ``establishment`` is the FINESS a stay counts under, ``linked``
# says that its return codes are right, ``psa`` is the true pseudonym; persons by their number.
STAYS = """
    SELECT stay, id, start, exit + 1 AS "end", year, ghm, ghs, tariff, cost, sent AS establishment,
        emergency, died, department, psa, wrong_psa IS NULL AS linked
    FROM hosp_rsa WHERE variant = 0 ORDER BY stay"""
DIAGNOSES = """
    SELECT d.stay, d.code, d.position FROM hosp_diagnoses AS d
    JOIN hosp_rsa AS r ON r.stay = d.stay AND r.variant = 0 ORDER BY d.stay, d.code"""
PROCEDURES = """
    SELECT stay, ccam AS code, start + CASE WHEN exit > start THEN 1 ELSE 0 END AS start
    FROM hosp_rsa WHERE variant = 0 AND ccam <> '' ORDER BY stay"""
# ``stay`` is missing for outpatient care; amount in euros, the number at the price paid.
DRUGS = """
    SELECT administration, CASE WHEN collection <> 'FHSTC' THEN stay END AS stay, id, psa,
        wrong_psa IS NULL AS linked, day, strftime(DATE '1970-01-01' + day::INTEGER, '%Y-%m')
            AS month, ucd7, number AS quantity, round(number * price, 3) AS amount,
        sent AS establishment, collection
    FROM hosp_given ORDER BY administration"""
# Which line carries which trap; a line by year, establishment and number, then code for drugs.
LOG = """
    WITH summaries AS (
        SELECT *, year || '|' || eta_num || '|' || rsa_num AS line FROM hosp_rsa
    ), drugs AS (
        SELECT *, year || '|' || eta_num || '|' || rsa_num || '|' || ucd7 || '|' || kind AS line
        FROM hosp_written
    )
    SELECT CASE variant WHEN 1 THEN 'T14' WHEN 2 THEN 'T15' ELSE 'T22' END AS trap,
        'T_MCOaaB' AS "table", line, 0 AS rank, id FROM summaries WHERE variant > 0
    UNION ALL SELECT 'T12', 'T_MCOaaC', line, 0, id FROM summaries WHERE wrong_psa IS NOT NULL
    UNION ALL SELECT 'T16', CASE WHEN d.position = 'DAS' THEN 'T_MCOaaD' ELSE 'T_MCOaaUM' END,
        s.line || '|' || d.code, 0, s.id
    FROM summaries AS s JOIN hosp_diagnoses AS d USING (stay)
    WHERE d.position IN ('DP_UM', 'DR_UM') OR d.copies > 1
    UNION ALL SELECT 'T18', 'T_MCOaaMED', line, administration % 4, id FROM drugs WHERE shares > 1
    UNION ALL SELECT 'T19', 'T_MCOaa' || collection, line, administration % 4, id FROM drugs
    WHERE kind <> 'true' OR above OR collection = 'MEDATU'
    ORDER BY trap, "table", line, rank"""
TABLES = {
    "stay": STAYS,
    "diagnosis": DIAGNOSES,
    "procedure": PROCEDURES,
    "hospital_drug": DRUGS,
    "hospital_trap_log": LOG,
}


def write_truth(connection: DuckDBPyConnection, folder: Path, block: int) -> None:
    """Writes the truth of a block, ``truth/<table>/``, below ``folder``."""
    for name, query in TABLES.items():
        write(connection, query, folder / "truth" / name, block)
