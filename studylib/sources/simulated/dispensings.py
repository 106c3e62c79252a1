"""What is dispensed in town: the renewals of long treatments, and how dispensings are numbered."""

from __future__ import annotations

from duckdb import DuckDBPyConnection

from studylib.sources.simulated.draws import Draws
from studylib.sources.simulated.misuse import create_misuse
from studylib.sources.simulated.numbering import COURSE, PERSON
from studylib.sources.simulated.settings import Settings
from studylib.sources.simulated.short_courses import (
    create_dated_courses,
    create_short_courses,
    kept_by_contract,
)
from studylib.sources.simulated.transient_effects import add_cascade
from studylib.sources.simulated.treatments import create_treatments

MISSED_SHARE = 0.02  # renewals that never happen
RENEWALS_PER_PRESCRIPTION = 3

DISPENSINGS = """
    CREATE OR REPLACE VIEW dispensings AS
    SELECT d.id, d.start, f.atc, f.biosimilar, d.packs::BIGINT AS packs,
        e.code AS establishment, d.dispensing, f.cip13, f.price,
        CASE WHEN d.exempt THEN 1 ELSE f.rate END AS rate, d.prescribed,
        m.code AS prescriber, h.code AS pharmacy
    FROM dispensed AS d JOIN packs AS f USING (pack)
    JOIN pharmacies AS h ON h.number = d.pharmacy
    LEFT JOIN prescribers AS m ON m.number = d.prescriber
    LEFT JOIN establishment_list AS e ON e.number = d.establishment"""


def create_dispensings(connection: DuckDBPyConnection, settings: Settings) -> None:
    """View ``dispensings``: what was dispensed in town, one row per line.

    Columns: id, start, atc, biosimilar, packs, establishment (or null), dispensing (its number,
    unique in the world), cip13, price (euros per box), rate (share paid), prescribed (day),
    prescriber (RPPS form, null when the establishment prescribed) and pharmacy. It reads the
    narrow table ``dispensed``, where packs and professionals are numbers.
    """
    draws = Draws(settings.seed)
    create_treatments(connection, settings)
    _create_renewals(connection, draws)
    create_dated_courses(connection, settings)
    add_cascade(connection, settings)
    create_short_courses(connection, settings)
    create_misuse(connection, settings)
    connection.execute(DISPENSINGS)


def _create_renewals(connection: DuckDBPyConnection, draws: Draws) -> None:
    """Table ``dispensed`` with the renewals of every treatment that fall in the days seen."""
    first_of = f"(rank - rank % {RENEWALS_PER_PRESCRIPTION})"
    key = ("course", "part * 65536 + rank")
    contract = draws.uniform("renewal/contract", *key)
    connection.execute(f"""
        CREATE OR REPLACE TABLE dispensed AS
        WITH renewals AS (
            SELECT *, unnest(range(greatest(0, (seen_from - start) // covered),
                    (least(end_, seen_to) - start) // covered + 1)) AS rank
            FROM treatments
        ), dated AS (
            SELECT *, start + rank * covered + CASE WHEN rank = 0 THEN 0 ELSE
                    floor({draws.uniform("renewal/day", *key)} * 6)::BIGINT - 2 END AS day,
                {draws.uniform("renewal/missed", *key)} AS missed_draw
            FROM renewals
        )
        SELECT id * {PERSON} + (course % 256) * {COURSE} + part * {COURSE // 2} + rank
                AS dispensing,
            id, day AS start, pack::SMALLINT AS pack, boxes::TINYINT AS packs,
            establishment::SMALLINT AS establishment,
            start + {first_of} * covered - CASE WHEN {first_of} = 0 THEN course % 3
                ELSE 3 + course % 4 END AS prescribed,
            prescriber::INTEGER AS prescriber, pharmacy::INTEGER AS pharmacy,
            coalesce(day >= exempt_from, FALSE) AS exempt
        FROM dated
        WHERE day >= seen_from AND day < least(end_, seen_to)
            AND (rank = 0 OR missed_draw > {MISSED_SHARE})
            AND {kept_by_contract("region", "atc", "day", contract)}
    """)
