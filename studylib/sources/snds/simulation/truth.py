"""What truly happened, beside the raw tables that tell it badly: ``LOCATION/truth/``."""

from __future__ import annotations

from pathlib import Path

from duckdb import DuckDBPyConnection

from studylib.sources.simulated import planted_effects
from studylib.sources.simulated.consultations import REIMBURSED
from studylib.sources.simulated.settings import Settings
from studylib.sources.snds.simulation.dcir import keys
from studylib.sources.snds.simulation.flows import (
    DOCTOR,
    HOSPITAL,
    RETROCESSION,
    Flows,
    month_of,
)
from studylib.sources.snds.simulation.people import long_term_records
from studylib.sources.snds.simulation.prestations import euros
from studylib.sources.snds.simulation.town import UNIT_SHARE
from studylib.sources.snds.simulation.traps import Traps
from studylib.sources.snds.simulation.writing import write

FOLDER = "truth"

# A person can be followed when one pseudonym is certified and none is shared with somebody else.
PERSON = """
    WITH shared AS (
        SELECT psa FROM identities JOIN known USING (id) GROUP BY psa
        HAVING count(DISTINCT id) > 1
    ), described AS (
        SELECT i.id, bool_or(i.nir_ano IS NOT NULL) AS certified,
            bool_or(s.psa IS NOT NULL) AS ambiguous, list(i.psa ORDER BY i.from_) AS psa,
            min(i.rng_gem) AS rng_gem
        FROM identities AS i LEFT JOIN shared AS s USING (psa) GROUP BY i.id
    )
    SELECT k.id, CASE WHEN l.male THEN 'M' ELSE 'F' END AS sex, l.birth,
        CASE WHEN k.died THEN l.death END AS death, l.department, l.region, k.seen_from, k.until,
        d.certified AND NOT d.ambiguous AS followable, d.certified, d.ambiguous, d.psa, d.rng_gem
    FROM known AS k JOIN lives AS l USING (id) JOIN described AS d USING (id) ORDER BY k.id"""

EFFECT = """SELECT name, kind, exposure, reference, outcome, value, unit, meaning
    FROM given ORDER BY name"""


def write_truth(
    connection: DuckDBPyConnection, settings: Settings, traps: Traps, folder: Path, block: int
) -> None:
    """Writes the truth of a block: persons, care in town, long-term conditions, trap log.

    Amounts are what was reimbursed, in euros; ``available`` tells what the extraction holds.
    Needs what the recording of the block created.
    """
    truth = folder / FOLDER
    queries = {
        "person": PERSON,
        "dispensing": _dispensings(settings, traps),
        "consultation": _consultations(settings, traps),
        "long_term": f"""SELECT id, cim10 AS code, onset AS start
            FROM ({long_term_records(settings, traps)}) ORDER BY id, code, start""",
        "retrocession": f"""SELECT p.id, p.day AS start, u.ucd7, u.number AS quantity,
                p.amount AS cost, TRUE AS available
            FROM prestations AS p JOIN unit_drugs AS u USING (stream, id, day, prs)
            WHERE p.stream = {RETROCESSION} AND u.top = 0 ORDER BY p.id, start, u.ucd7, p.prs""",
        "trap_log": _log(settings, traps),
    }
    for name, query in queries.items():
        write(connection, query, truth / name, block)
    if block == 0:
        connection.register("given", planted_effects(settings))
        write(connection, EFFECT, truth / "effect", 0)
        connection.unregister("given")


def _dispensings(settings: Settings, traps: Traps) -> str:
    """One row per true dispensing; the amount adds up its lines, each rounded to the cent."""
    units = f"greatest(1, floor(packs * unit_count * {UNIT_SHARE}))"
    one = euros("d.price * d.percent / 100")
    bought = euros("(packs + 1) * d.price * d.percent / 100")
    whole = euros("packs * d.price * d.percent / 100")
    split = euros(f"{units} * round(d.price / unit_count, 2) * d.percent / 100")
    return f"""
        WITH described AS (
            SELECT d.*, CASE fate WHEN 'units' THEN {units} / unit_count ELSE packs END AS quantity,
                CASE fate WHEN 'units' THEN {split} WHEN 'split' THEN packs * {one}
                    WHEN 'one_box_too_many' THEN {bought} - {one} ELSE {whole} END AS cost
            FROM drawn AS d
        )
        SELECT d.dispensing, d.id, d.start, f.cip13, c.atc, d.quantity::DOUBLE AS quantity,
            round(d.cost, 2) AS cost, left(e.code, 8) AS establishment,
            CASE WHEN d.prescriber IS NULL THEN 'hospital' ELSE 'town' END AS prescriber_type,
            d.fate, {_available(settings, traps, "d")} AS available
        FROM described AS d JOIN packs AS f USING (pack)
        JOIN drug_codes AS c ON c.pack = d.pack AND d.start >= c."start"
            AND (c."end" IS NULL OR d.start < c."end")
        LEFT JOIN establishment_list AS e ON e.number = d.establishment
        ORDER BY d.id, d.start, d.dispensing"""


def _available(settings: Settings, traps: Traps, event: str) -> str:
    """SQL for whether the flow of an event lies within the extraction."""
    flows = Flows(settings, traps)
    day = f"{event}.start"
    return f"{flows.lag(f'{event}.id', day)} <= {flows.last} - {month_of(day)}"


def _consultations(settings: Settings, traps: Traps) -> str:
    return f"""
        SELECT consultation, id, start, kind AS code, {euros(f"fee * {REIMBURSED}")} AS cost,
            {_available(settings, traps, "c")} AS available
        FROM consultation_events AS c ORDER BY consultation"""


def _log(settings: Settings, traps: Traps) -> str:
    """Traps met: trap, table, line (the nine keys joined by |), rank of the fine line, id, lines.

    Traps that touch a large part of the lines (T2, T10) are counted, one row each, not listed.
    """
    columns = f"SELECT {keys(settings, traps)}, trap, id, "
    line = """strftime(FLX_DIS_DTD, '%Y-%m-%d') || '|' || strftime(FLX_TRT_DTD, '%Y-%m-%d')
        || '|' || FLX_EMT_TYP || '|' || FLX_EMT_NUM || '|' || FLX_EMT_ORD || '|' || ORG_CLE_NUM
        || '|' || DCT_ORD_NUM || '|' || PRS_ORD_NUM || '|' || REM_TYP_AFF"""
    return f"""
        SELECT 'T' || trap AS trap, table_ AS "table", {line} AS line, rank, id, 1 AS lines FROM (
            {columns} 'ER_PHA_F' AS table_, pha AS rank
            FROM drug_lines JOIN offices USING (id) WHERE trap IS NOT NULL AND trap <> 2
            UNION ALL
            {columns} 'ER_PRS_F', 0
            FROM prestations JOIN offices USING (id)
            WHERE trap IS NOT NULL AND trap <> 10 AND stream IN ({DOCTOR}, {HOSPITAL},
                {RETROCESSION})
        )
        UNION ALL SELECT 'T2', 'ER_PHA_F', NULL, NULL, NULL, count(*) FROM drug_lines
            WHERE trap = 2 HAVING count(*) > 0
        UNION ALL SELECT 'T10', 'ER_PRS_F', NULL, NULL, NULL, count(*) FROM prestations
            WHERE trap = 10 HAVING count(*) > 0
        ORDER BY trap, "table", line, rank"""
