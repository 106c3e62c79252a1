"""The world written out as the common event tables, one Parquet file per chunk and table."""

from __future__ import annotations

from pathlib import Path

from duckdb import DuckDBPyConnection
from pyarrow import parquet

from studylib.sources.simulated.consultations import REIMBURSED
from studylib.sources.simulated.draws import Draws
from studylib.sources.simulated.establishments import establishments
from studylib.sources.simulated.hospital_drugs import hospital_drug_list
from studylib.sources.simulated.settings import Settings

CONSULTATIONS = f"""
    SELECT id AS person_id, kind AS code, start, start + 1 AS "end", 1.0 AS quantity,
        round(fee * {REIMBURSED}, 2) AS cost
    FROM consultation_events ORDER BY person_id, start, code, consultation"""
HOSPITAL_DRUGS = """
    SELECT a.stay AS stay_id, a.id AS person_id, a.ucd7, m.atc, a.day AS start,
        a.day + 1 AS "end", a.number AS quantity, round(a.number * a.unit_price, 2) AS cost,
        a.establishment
    FROM en_sus AS a LEFT JOIN en_sus_model AS m USING (ucd7)
    ORDER BY person_id, start, a.ucd7, a.administration"""
SECONDARY_SHARE = 0.5  # chronic conditions coded as secondary diagnoses of a stay

PERSONS = """
    SELECT id AS person_id, CASE WHEN male THEN 'M' ELSE 'F' END AS sex, birth AS birth_date,
        CASE WHEN death < seen_to THEN death END AS death_date, region
    FROM lives WHERE seen_from < least(seen_to, death) ORDER BY person_id"""
OBSERVATION = """
    SELECT id AS person_id, seen_from AS start, least(seen_to, death + 1) AS "end"
    FROM lives WHERE seen_from < least(seen_to, death) ORDER BY person_id"""
DISPENSINGS = """
    SELECT d.id AS person_id, d.atc, d.cip13, d.start,
        d.start + f.days_supply * d.packs AS "end", d.packs::DOUBLE AS quantity,
        (f.days_supply * d.packs)::BIGINT AS days_supply,
        round(d.packs * d.price * d.rate, 2) AS cost, d.establishment, d.prescriber
    FROM dispensings AS d JOIN packs AS f USING (cip13)
    ORDER BY d.atc, person_id, d.start, d.cip13, d.dispensing"""
STAYS = """
    SELECT stay AS stay_id, id AS person_id, start, end_ AS "end", ghm, 1.0 AS quantity, cost,
        establishment, emergency, died FROM stays ORDER BY person_id, start, stay_id"""
PROCEDURES = """
    SELECT stay AS stay_id, id AS person_id, ccam AS code, start, start + 1 AS "end",
        1.0 AS quantity, 0.0 AS cost FROM stays WHERE ccam <> '' ORDER BY person_id, start, stay_id
    """
LONG_TERM = """
    SELECT c.id AS person_id, c.cim10 AS code, c.onset AS start, p.seen_to AS "end",
        1.0 AS quantity, 0.0 AS cost
    FROM conditions AS c JOIN lives AS p USING (id)
    WHERE c.long_term AND c.onset < p.seen_to ORDER BY person_id, code"""


def _diagnoses(draws: Draws) -> str:
    coded = draws.uniform("secondary", "s.stay", "hash(c.name)")
    return f"""
        SELECT stay AS stay_id, id AS person_id, cim10 AS code, 'DP' AS position, start,
            end_ AS "end", 1.0 AS quantity, 0.0 AS cost FROM stays
        UNION ALL
        SELECT s.stay, s.id, c.cim10, 'DAS', s.start, s.end_, 1.0, 0.0
        FROM stays AS s JOIN conditions AS c USING (id)
        WHERE c.onset <= s.start AND c.cim10 <> s.cim10 AND {coded} < {SECONDARY_SHARE}
        UNION ALL
        SELECT s.stay, s.id, a.code, 'DAS', s.start, s.end_, 1.0, 0.0
        FROM stays AS s JOIN adverse_codes AS a USING (stay)
        ORDER BY person_id, start, stay_id, position DESC, code"""


def write(
    connection: DuckDBPyConnection, settings: Settings, folder: Path, chunk: int
) -> dict[str, int]:
    """Writes the tables of this chunk below ``folder``; rows written by table name."""
    draws = Draws(settings.seed)
    connection.register("en_sus_model", hospital_drug_list())
    queries = {
        "persons": PERSONS,
        "observation": OBSERVATION,
        "dispensings": DISPENSINGS,
        "stays": STAYS,
        "diagnoses": _diagnoses(draws),
        "procedures": PROCEDURES,
        "long_term_conditions": LONG_TERM,
        "consultations": CONSULTATIONS,
        "hospital_drugs": HOSPITAL_DRUGS,
    }
    rows = {
        name: _write(connection, query, folder / name, chunk) for name, query in queries.items()
    }
    if chunk == 0:
        connection.register("establishments_", establishments(settings))
        query = "SELECT code, name, category, region FROM establishments_ ORDER BY code"
        rows["establishments"] = _write(connection, query, folder / "establishments", 0)
        connection.unregister("establishments_")
    connection.unregister("en_sus_model")
    return rows


def _write(connection: DuckDBPyConnection, query: str, folder: Path, chunk: int) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{chunk:04d}.parquet"
    connection.execute(f"COPY ({query}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
    return int(parquet.read_metadata(target).num_rows)
