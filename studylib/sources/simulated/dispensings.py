"""What is dispensed in town: long treatments, anticoagulants, short courses, biologics."""

from __future__ import annotations

from datetime import date

import pandas as pd
from duckdb import DuckDBPyConnection

from studylib.sources.simulated.draws import Draws, poisson
from studylib.sources.simulated.hospital import establishments, season
from studylib.sources.simulated.settings import EPOCH, Settings, effects, model

MISSED_SHARE = 0.02  # renewals that never happen
HOSPITAL_PRESCRIBED_SHARE = 0.20
LOCKDOWN = ((date(2020, 3, 17) - EPOCH).days, (date(2020, 5, 11) - EPOCH).days)
LOCKDOWN_KEPT = 0.55  # short courses that still took place during the first lockdown
ADALIMUMAB, BIOSIMILAR_LAUNCH = "L04AB04", (date(2018, 10, 17) - EPOCH).days
BIOSIMILAR_SHARE = 0.65


def ean13_key(digits: str) -> str:
    """The check digit of a 12-digit EAN-13 stem.

    >>> ean13_key("340093020207")
    '4'
    """
    return str(-sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(digits)) % 10)


def formulary() -> pd.DataFrame:
    """One row per pack: atc, cip13 (right in form, fictitious), label, days_supply, price, rate.

    Adalimumab has two packs, the originator and a cheaper biosimilar (``biosimilar`` True).
    """
    table = model("formulary").rename(columns={"reimbursed": "rate"}).assign(biosimilar=False)
    cheaper = table[table["atc"] == ADALIMUMAB].assign(
        biosimilar=True, price=lambda rows: rows["price"] - effects()["biosimilar_price"]
    )
    table = pd.concat([table, cheaper], ignore_index=True)
    stems = [f"34009999{number:04d}" for number in range(1, len(table) + 1)]
    return table.assign(cip13=[stem + ean13_key(stem) for stem in stems])


def create_dispensings(connection: DuckDBPyConnection, settings: Settings) -> None:
    """Table ``dispensings``: id, start, atc, biosimilar, packs, establishment (or null)."""
    draws = Draws(settings.seed)
    connection.register("formulary", formulary())
    connection.register("establishment_model", establishments(settings))
    _create_long_treatments(connection, draws)
    _create_renewals(connection, settings, draws)
    _create_short_courses(connection, settings, draws)
    connection.unregister("formulary")
    connection.unregister("establishment_model")


def _create_long_treatments(connection: DuckDBPyConnection, draws: Draws) -> None:
    """Table ``treatments``: every course that is renewed, with its prescribing establishment."""
    outlier = effects()["biosimilar_outlier"]
    connection.execute(f"""
        CREATE OR REPLACE TABLE treatments AS
        WITH biologics AS (
            SELECT c.id, c.onset + 200 + floor({draws.exponential("biologic/delay", "c.id")}
                * 400)::BIGINT AS start, {draws.uniform("biologic/which", "c.id")} AS which
            FROM conditions AS c WHERE c.name = 'rheumatoid_arthritis'
                AND {draws.uniform("biologic", "c.id")} < 0.40
        ), every AS (
            SELECT course * 4 AS course, id, atc, start, end_, packs, NULL::DOUBLE AS which
            FROM courses
            UNION ALL
            SELECT id * 256 + 252 + segment, id, atc, start, end_, 1, NULL FROM anticoagulated
            UNION ALL
            SELECT id * 256 + 251, id, '{ADALIMUMAB}', start, start + 1500, 1, which FROM biologics
        )
        SELECT t.*, p.seen_from, least(p.seen_to, p.death) AS seen_to, e.code AS prescriber,
            t.which IS NOT NULL AND t.start >= {BIOSIMILAR_LAUNCH} AND t.which
                < {BIOSIMILAR_SHARE} + CASE WHEN e.rank = 1 THEN {outlier} ELSE 0 END AS biosimilar,
            t.which IS NOT NULL OR {draws.uniform("hospital", "t.course")}
                < {HOSPITAL_PRESCRIBED_SHARE} AS from_hospital
        FROM every AS t JOIN lives AS p USING (id)
        JOIN establishment_model AS e ON e.region = p.region
            AND p.place >= e.from_ AND p.place < e.up_to
        WHERE t.end_ > p.seen_from AND t.start < least(p.seen_to, p.death)
    """)


def _create_renewals(connection: DuckDBPyConnection, settings: Settings, draws: Draws) -> None:
    """Table ``dispensings`` with the renewals of every treatment that fall in the days seen."""
    connection.execute(f"""
        CREATE OR REPLACE TABLE dispensings AS
        WITH renewals AS (
            SELECT t.*, f.days_supply * t.packs AS covered,
                unnest(range(greatest(0, (t.seen_from - t.start) // (f.days_supply * t.packs)),
                    (least(t.end_, t.seen_to) - t.start) // (f.days_supply * t.packs) + 1)) AS rank
            FROM treatments AS t JOIN formulary AS f
                ON f.atc = t.atc AND f.biosimilar = t.biosimilar
        ), dated AS (
            SELECT *, start + rank * covered + CASE WHEN rank = 0 THEN 0 ELSE
                    floor({draws.uniform("renewal/day", "course", "rank")} * 6)::BIGINT - 2 END
                    AS day,
                {draws.uniform("renewal/missed", "course", "rank")} AS missed_draw
            FROM renewals
        )
        SELECT id, day AS start, atc, biosimilar, packs,
            CASE WHEN from_hospital THEN prescriber END AS establishment
        FROM dated
        WHERE day >= seen_from AND day < least(end_, seen_to)
            AND (rank = 0 OR missed_draw > {MISSED_SHARE})
    """)


def _create_short_courses(connection: DuckDBPyConnection, settings: Settings, draws: Draws) -> None:
    """Adds to ``dispensings`` the occasional treatments, with season and spring 2020."""
    first, last = settings.days
    region_ratio = effects()["heartburn_region"]
    connection.register("short_model", model("short_courses").reset_index(names="kind"))
    key = ("d.id", "d.kind", "d.number")
    connection.execute(f"""
        INSERT INTO dispensings
        WITH rates AS (
            SELECT p.id, p.seen_from, least(p.seen_to, p.death) AS seen_to, m.kind, m.atc,
                m.boxes, m.winter, {draws.uniform("short", "p.id", "m.kind")} AS draw,
                (1 + abs(m.winter)) * m.yearly * {(last - first) / 365.25}
                    * exp(m.per_10_years * (p.age_end - 45) / 10)
                    * CASE WHEN m.name = 'heartburn' AND p.region = '84' THEN {region_ratio}
                      ELSE 1 END AS mean
            FROM lives AS p CROSS JOIN short_model AS m
        ), numbered AS (
            SELECT *, unnest(range({poisson("draw", "mean", most=16)})) AS number FROM rates
        ), dated AS (
            SELECT d.*, {first} + floor({draws.uniform("short/day", *key)}
                    * {last - first})::BIGINT AS day,
                {draws.uniform("short/season", *key)} AS season_draw,
                {draws.uniform("short/lockdown", *key)} AS lockdown_draw
            FROM numbered AS d
        )
        SELECT id, day, atc, FALSE, boxes, NULL FROM dated
        WHERE day >= seen_from AND day < seen_to
            AND season_draw * (1 + abs(winter)) < 1 + winter * {season("day")}
            AND (day < {LOCKDOWN[0]} OR day >= {LOCKDOWN[1]} OR lockdown_draw < {LOCKDOWN_KEPT})
    """)
    connection.unregister("short_model")
