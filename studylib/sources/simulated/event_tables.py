"""The world written out as the common event tables, one Parquet file per chunk and table."""

from __future__ import annotations

from pathlib import Path

from duckdb import DuckDBPyConnection
from pyarrow import parquet

from studylib.sources.simulated.dispensings import formulary
from studylib.sources.simulated.draws import Draws, poisson
from studylib.sources.simulated.hospital import establishments
from studylib.sources.simulated.settings import Settings

SECONDARY_SHARE = 0.5  # chronic conditions coded as secondary diagnoses of a stay

PERSONS = """
    SELECT id AS person_id, CASE WHEN male THEN 'M' ELSE 'F' END AS sex, birth AS birth_date,
        CASE WHEN death < seen_to THEN death END AS death_date, region
    FROM lives WHERE seen_from < least(seen_to, death) ORDER BY person_id"""
OBSERVATION = """
    SELECT id AS person_id, seen_from AS start, least(seen_to, death + 1) AS "end"
    FROM lives WHERE seen_from < least(seen_to, death) ORDER BY person_id"""
DISPENSINGS = """
    SELECT d.id AS person_id, d.atc, f.cip13, d.start,
        d.start + f.days_supply * d.packs AS "end", d.packs::DOUBLE AS quantity,
        (f.days_supply * d.packs)::BIGINT AS days_supply,
        round(d.packs * f.price * CASE WHEN l.id IS NULL THEN f.rate ELSE 1 END, 2) AS cost,
        d.establishment
    FROM dispensings AS d JOIN formulary AS f USING (atc, biosimilar)
    LEFT JOIN (SELECT id, min(onset) AS onset FROM conditions WHERE long_term GROUP BY id) AS l
        ON l.id = d.id AND l.onset <= d.start
    ORDER BY d.atc, person_id, d.start, f.cip13"""
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
    coded = draws.uniform("secondary", "s.stay", "ascii(c.cim10) * 4096 + length(c.name)")
    return f"""
        SELECT stay AS stay_id, id AS person_id, cim10 AS code, 'DP' AS position, start,
            end_ AS "end", 1.0 AS quantity, 0.0 AS cost FROM stays
        UNION ALL
        SELECT s.stay, s.id, c.cim10, 'DAS', s.start, s.end_, 1.0, 0.0
        FROM stays AS s JOIN conditions AS c USING (id)
        WHERE c.onset <= s.start AND c.cim10 <> s.cim10 AND {coded} < {SECONDARY_SHARE}
        ORDER BY person_id, start, stay_id, position DESC, code"""


def _consultations(settings: Settings, draws: Draws) -> str:
    first, last = settings.days
    return f"""
        WITH kinds(kind, yearly, fee) AS (VALUES (1, 3.6::DOUBLE, 26.5), (2, 1.4::DOUBLE, 31.5)),
        rates AS (
            SELECT p.id, k.kind, k.fee, p.seen_from, least(p.seen_to, p.death) AS seen_to,
                k.yearly * {(last - first) / 365.25}
                    * exp(0.12 * (p.age_end - 45) / 10 + 0.15 * p.frailty) AS mean,
                {draws.uniform("visits", "p.id", "k.kind")} AS draw
            FROM lives AS p CROSS JOIN kinds AS k
        ), numbered AS (
            SELECT *, unnest(range({poisson("draw", "mean", most=30)})) AS number FROM rates
        ), dated AS (
            SELECT *, {first} + floor({draws.uniform("visits/day", "id", "kind", "number")}
                * {last - first})::BIGINT AS start FROM numbered
        )
        SELECT id AS person_id, CASE kind WHEN 1 THEN 'generalist' ELSE 'specialist' END AS code,
            start, start + 1 AS "end", 1.0 AS quantity, round(fee * 0.7, 2) AS cost
        FROM dated WHERE start >= seen_from AND start < seen_to ORDER BY person_id, start, code"""


def write(
    connection: DuckDBPyConnection, settings: Settings, folder: Path, chunk: int
) -> dict[str, int]:
    """Writes the tables of this chunk below ``folder``; rows written by table name."""
    draws = Draws(settings.seed)
    connection.register("formulary", formulary())
    queries = {
        "persons": PERSONS,
        "observation": OBSERVATION,
        "dispensings": DISPENSINGS,
        "stays": STAYS,
        "diagnoses": _diagnoses(draws),
        "procedures": PROCEDURES,
        "long_term_conditions": LONG_TERM,
        "consultations": _consultations(settings, draws),
    }
    rows = {
        name: _write(connection, query, folder / name, chunk) for name, query in queries.items()
    }
    if chunk == 0:
        connection.register("establishments_", establishments(settings))
        query = "SELECT code, name, category, region FROM establishments_ ORDER BY code"
        rows["establishments"] = _write(connection, query, folder / "establishments", 0)
        connection.unregister("establishments_")
    connection.unregister("formulary")
    return rows


def _write(connection: DuckDBPyConnection, query: str, folder: Path, chunk: int) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{chunk:04d}.parquet"
    connection.execute(f"COPY ({query}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
    return int(parquet.read_metadata(target).num_rows)
