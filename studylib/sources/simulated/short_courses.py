"""Occasional treatments: infections, pain, cough…, with season and spring 2020."""

from __future__ import annotations

from duckdb import DuckDBPyConnection

from studylib.sources.simulated.draws import Draws, poisson
from studylib.sources.simulated.hospital import LOCKDOWN, season
from studylib.sources.simulated.numbering import MOST_SHORT_COURSES, PERSON, SHORT_COURSES
from studylib.sources.simulated.settings import Settings, effect_start, effects, model
from studylib.sources.simulated.treatments import biosimilar_uptake, share_of_copies

LOCKDOWN_KEPT = 0.55  # short courses that still took place during the first lockdown
FROM_HOSPITAL = 0.15  # prescribed on leaving a hospital or its emergencies
FRAILTY = 0.6  # log of the rate for one more unit of frailty
AGED = 75
INAPPROPRIATE, INAPPROPRIATE_REGION = "N05BB01", "84"
SIGNED_REGION = "53"


def kept_by_contract(region: str, atc: str, day: str, draw: str) -> str:
    """SQL: the dispensing remains although its region may have signed to prescribe fewer PPIs."""
    return (
        f"({region} <> '{SIGNED_REGION}' OR {atc} NOT LIKE 'A02BC%' "
        f"OR {day} < {effect_start('contract_ppi')} OR {draw} < {effects()['contract_ppi']})"
    )


def _inappropriate(atc: str, person: str) -> str:
    """SQL: how much more one region prescribes a drug that old persons should not have."""
    more = effects()["inappropriate_region"]
    return f"""CASE WHEN {atc} = '{INAPPROPRIATE}' AND {person}.region = '{INAPPROPRIATE_REGION}'
                      AND {person}.age_end > {AGED} THEN {more} ELSE 1 END"""


def create_short_courses(connection: DuckDBPyConnection, settings: Settings) -> None:
    """Adds to ``dispensed`` the occasional treatments of ``short_dated``."""
    draws = Draws(settings.seed)
    connection.register("short_model", model("short_courses").reset_index(names="kind"))
    connection.register("uptake", biosimilar_uptake())
    key = ("d.id", "d.kind", "d.number")
    connection.execute(f"""
        INSERT INTO dispensed
        WITH described AS (
            SELECT d.*, m.atc, m.boxes, p.region, p.exempt_from, p.generalist, p.pharmacy, p.place,
                {draws.uniform("short/hospital", *key)} < {FROM_HOSPITAL} AS from_hospital,
                coalesce({draws.uniform("short/copy", *key)}
                    < {share_of_copies("u", "d.day")}, FALSE) AS copied
            FROM short_dated AS d JOIN short_model AS m USING (kind) JOIN lives AS p USING (id)
            LEFT JOIN uptake AS u ON u.atc = m.atc
            WHERE d.day >= p.seen_from AND d.day < least(p.seen_to, p.death)
                AND {
        kept_by_contract("p.region", "m.atc", "d.day", draws.uniform("short/contract", *key))
    }
        )
        SELECT d.id * {PERSON} + {SHORT_COURSES} + d.kind * 64 + d.number, d.id, d.day, f.pack,
            d.boxes, CASE WHEN d.from_hospital THEN e.number END, d.day - d.number % 2,
            CASE WHEN NOT d.from_hospital THEN d.generalist END, d.pharmacy,
            coalesce(d.day >= d.exempt_from, FALSE)
        FROM described AS d
        JOIN packs AS f ON f.atc = d.atc AND NOT f.large_pack AND f.biosimilar = d.copied
        JOIN establishment_list AS e ON e.region = d.region
            AND d.place >= e.from_ AND d.place < e.up_to
    """)
    connection.unregister("short_model")
    connection.unregister("uptake")


def create_dated_courses(
    connection: DuckDBPyConnection,
    settings: Settings,
    *,
    table: str = "short_dated",
    atc: str = "",
    stream: str = "short",
) -> None:
    """A table of id, kind, number, day, of a thinned Poisson process in season.

    The kinds are lines of ``model/short_courses.csv``, those whose code begins with ``atc``;
    another ``stream`` draws the same process afresh.
    """
    draws = Draws(settings.seed)
    kinds = model("short_courses").reset_index(names="kind")
    connection.register("short_kinds", kinds[kinds["atc"].str.startswith(atc)])
    first, last = settings.days
    key = ("d.id", "d.kind", "d.number")
    connection.execute(f"""
        CREATE OR REPLACE TABLE {table} AS
        WITH rates AS (
            SELECT p.id, m.kind, m.winter, {draws.uniform(stream, "p.id", "m.kind")} AS draw,
                (1 + abs(m.winter)) * m.yearly * {(last - first) / 365.25}
                    * exp(m.per_10_years * (p.age_end - 45) / 10 + {FRAILTY} * p.frailty)
                    * CASE WHEN p.age_end > {AGED} THEN m.aged ELSE 1 END
                    * CASE WHEN m.atc LIKE 'A02BC%' AND p.region = '84'
                      THEN {effects()["ppi_region"]} ELSE 1 END
                    * {_inappropriate("m.atc", "p")} AS mean
            FROM people AS p CROSS JOIN short_kinds AS m
        ), present AS (SELECT * FROM rates WHERE draw >= exp(-mean)
        ), numbered AS (
            SELECT *, unnest(range({poisson("draw", "mean", most=MOST_SHORT_COURSES)})) AS number
            FROM present
        ), dated AS (
            SELECT id, kind, number, winter, {first} + floor({draws.uniform(f"{stream}/day", *key)}
                    * {last - first})::BIGINT AS day,
                {draws.uniform(f"{stream}/season", *key)} AS season_draw,
                {draws.uniform(f"{stream}/lockdown", *key)} AS lockdown_draw
            FROM numbered AS d
        )
        SELECT id, kind, number, day FROM dated
        WHERE season_draw * (1 + abs(winter)) < 1 + winter * {season("day")}
            AND (day < {LOCKDOWN[0]} OR day >= {LOCKDOWN[1]} OR lockdown_draw < {LOCKDOWN_KEPT})
    """)
    connection.unregister("short_kinds")
