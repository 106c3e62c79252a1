"""Effects of a drug that last some days: bleedings after an NSAID, coughs after an ACE inhibitor.

Both are planted as a process drawn afresh during the days of effect, beside the usual one: the
rate is then that of the usual times the planted ratio.
"""

from __future__ import annotations

from duckdb import DuckDBPyConnection

from studylib.sources.simulated.draws import Draws
from studylib.sources.simulated.settings import Settings, effects
from studylib.sources.simulated.short_courses import create_dated_courses

NSAIDS, NSAID_DAYS = "M01A", 30
INHIBITORS, COUGH, COUGH_DAYS = "C09AA", "R05C", 365
ADDED = 32
"""Ranks of the courses a cascade adds, beyond those of the usual ones (at most 16)."""


def create_nsaid_windows(connection: DuckDBPyConnection, settings: Settings) -> None:
    """Table ``nsaid_windows``: id, number, start, end_: the days after each short NSAID course.

    A window ends where the next course of the person opens its own, so that none adds up.
    """
    create_dated_courses(connection, settings, table="nsaid_courses", atc=NSAIDS)
    connection.execute(f"""
        CREATE OR REPLACE TABLE nsaid_windows AS
        SELECT id, kind * 64 + number AS number, day AS start,
            least(day + {NSAID_DAYS}, coalesce(lead(day) OVER (
                PARTITION BY id ORDER BY day, kind, number), day + {NSAID_DAYS})) AS end_
        FROM nsaid_courses
    """)


def brought_by_nsaids(settings: Settings, hazard: str, share: float, stream: str) -> str:
    """SQL for the day of the digestive bleeding that a window ``w`` brings, perhaps after it ends.

    ``hazard`` is what the person has a year of any bleeding, ``share`` the part that is digestive.
    """
    more = (effects()["bleeding_nsaid"] - 1) * share
    wait = Draws(settings.seed).exponential(stream, "w.id", "w.number")
    return f"w.start + floor({wait} * 365.25 / ({more} * {hazard}))::BIGINT"


def add_cascade(connection: DuckDBPyConnection, settings: Settings) -> None:
    """Adds to ``short_dated`` the cough remedies of the year after an ACE inhibitor is begun."""
    create_dated_courses(connection, settings, table="cough_again", atc=COUGH, stream="cascade")
    draws, more = Draws(settings.seed), effects()["cascade_cough"] - 1
    kept = draws.uniform("cascade/kept", "a.id", "a.kind", "a.number")
    connection.execute(f"""
        INSERT INTO short_dated
        WITH begun AS (
            SELECT id, min(start) AS day FROM courses WHERE atc LIKE '{INHIBITORS}%' GROUP BY id
        )
        SELECT a.id, a.kind, a.number + {ADDED}, a.day
        FROM cough_again AS a JOIN begun AS b USING (id)
        WHERE a.day > b.day AND a.day <= b.day + {COUGH_DAYS} AND {kept} < {more}
    """)
