"""When and of what the persons of the world die."""

from __future__ import annotations

from duckdb import DuckDBPyConnection

from studylib.sources.simulated.draws import Draws
from studylib.sources.simulated.settings import Settings, model


def create_lives(connection: DuckDBPyConnection) -> None:
    """Table ``lives``: people with their death, a fatal bleeding included, and last day seen.

    ``exempt_from`` is the onset of the first long-term condition (null when there is none),
    ``bled_to_death`` the line of the bleeding model that killed (null otherwise).
    """
    connection.execute("""
        CREATE OR REPLACE TABLE lives AS
        WITH fatal AS (
            SELECT id, min(day) + 3 AS day, arg_min(kind, (day, kind)) AS kind
            FROM bleedings WHERE deadly GROUP BY id
        ), exempt AS (
            SELECT id, min(onset) AS exempt_from FROM conditions WHERE long_term GROUP BY id
        )
        SELECT p.*, least(p.natural_death, coalesce(f.day, p.natural_death)) AS death, exempt_from,
            CASE WHEN f.day < p.natural_death THEN f.kind END AS bled_to_death
        FROM people AS p LEFT JOIN fatal AS f USING (id) LEFT JOIN exempt USING (id)
    """)


def create_deaths(connection: DuckDBPyConnection, settings: Settings) -> None:
    """Table ``deaths``: id, day, cim10 (underlying cause), ghm_root and stay_cim10.

    The cause is one of the person's own conditions or a common one, in proportion to the weights
    of ``model/causes.csv``; the last two columns say
    what a last stay would be (empty when none fits).
    """
    draws = Draws(settings.seed)
    _, last = settings.days
    connection.register("cause_model", model("causes").reset_index(names="line"))
    connection.register("bleeding_model", model("bleeding").reset_index(names="kind"))
    race = f"{draws.exponential('cause', 'l.id', 'm.line')} / m.weight"
    connection.execute(f"""
        CREATE OR REPLACE TABLE deaths AS
        WITH dead AS (SELECT * FROM lives WHERE death < {last}),
        possible AS (
            SELECT l.id, m.line, {race} AS wait FROM dead AS l JOIN cause_model AS m
                ON m.condition = ''
            UNION ALL
            SELECT l.id, m.line, {race} FROM dead AS l
            JOIN conditions AS c ON c.id = l.id AND c.onset <= l.death
            JOIN cause_model AS m ON m.condition = c.name
        ), drawn AS (SELECT id, arg_min(line, wait) AS line FROM possible GROUP BY id)
        SELECT l.id, l.death AS day, coalesce(b.cim10, m.cim10) AS cim10,
            CASE WHEN b.kind IS NULL THEN m.ghm_root ELSE '' END AS ghm_root,
            CASE WHEN b.kind IS NULL THEN m.stay_cim10 ELSE '' END AS stay_cim10
        FROM dead AS l JOIN drawn AS d USING (id) JOIN cause_model AS m USING (line)
        LEFT JOIN bleeding_model AS b ON b.kind = l.bled_to_death
    """)
    connection.unregister("cause_model")
    connection.unregister("bleeding_model")
