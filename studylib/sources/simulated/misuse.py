"""A misuse that begins in one region: pregabalin from many doctors and pharmacies."""

from __future__ import annotations

from duckdb import DuckDBPyConnection

from studylib.sources.simulated.draws import Draws
from studylib.sources.simulated.numbering import MISUSE, PERSON
from studylib.sources.simulated.settings import Settings, effect_start, effects

REGION, SUBSTANCE = "32", "N03AX16"
AGES = (18, 45)
EVERY_DAYS = 12  # between two pharmacies
BOXES = 2
SEEN_AS = 80  # dispensings at most, about two and a half years


def create_misuse(connection: DuckDBPyConnection, settings: Settings) -> None:
    """Adds the misusers' dispensings to ``dispensed``, and the table ``misusers``: id, start.

    From the planted day on, each inhabitant of the region aged 18 to 44 begins at the planted
    yearly rate, and goes on to the end: every twelve days another doctor, another pharmacy.
    """
    draws = Draws(settings.seed)
    onset, rate = effect_start("misuse_pregabalin"), effects()["misuse_pregabalin"]
    low, high = AGES
    connection.execute(f"""
        CREATE OR REPLACE TABLE misusers AS
        WITH begun AS (
            SELECT id, birth, seen_from, least(seen_to, death) AS seen_to, exempt_from, department,
                {onset} + floor({draws.exponential("misuse", "id")} * 365.25 / {rate})::BIGINT
                    AS start
            FROM lives WHERE region = '{REGION}'
        )
        SELECT * FROM begun WHERE start >= seen_from AND start < seen_to
            AND (start - birth) / 365.25 >= {low} AND (start - birth) / 365.25 < {high}
    """)
    key = ("m.id", "m.rank")
    connection.execute(f"""
        INSERT INTO dispensed
        WITH numbered AS (SELECT *, unnest(range({SEEN_AS})) AS rank FROM misusers),
        dated AS (
            SELECT m.*, m.start + m.rank * {EVERY_DAYS}
                    + floor({draws.uniform("misuse/day", *key)} * 5)::BIGINT AS day,
                k.generalist_first + floor({draws.uniform("misuse/doctor", *key)}
                    * k.generalist_count)::INTEGER AS doctor,
                k.pharmacy_first + floor({draws.uniform("misuse/pharmacy", *key)}
                    * k.pharmacy_count)::INTEGER AS pharmacy
            FROM numbered AS m JOIN territory AS k USING (department)
        )
        SELECT d.id * {PERSON} + {MISUSE} + d.rank, d.id, d.day, f.pack, {BOXES}, NULL, d.day,
            d.doctor, d.pharmacy, coalesce(d.day >= d.exempt_from, FALSE)
        FROM dated AS d
        JOIN packs AS f ON f.atc = '{SUBSTANCE}' AND NOT f.large_pack AND NOT f.biosimilar
        WHERE d.day < d.seen_to
    """)
