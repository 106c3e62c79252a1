"""Establishments, stays in hospital and what is coded in them."""

from __future__ import annotations

import pandas as pd
from duckdb import DuckDBPyConnection

from studylib.sources.simulated.draws import Draws, poisson
from studylib.sources.simulated.settings import Settings, effects, model

# Kind of establishment and its share of a region's stays; the first one is the university hospital.
ESTABLISHMENTS = (
    ("CHU", 0.28),
    ("CH", 0.16),
    ("CH", 0.12),
    ("CH", 0.10),
    ("ESPIC", 0.08),
    ("CLINIQUE", 0.12),
    ("CLINIQUE", 0.09),
    ("CLINIQUE", 0.05),
)
SEVERITY_COST = (1.0, 1.6, 2.3, 3.3)


def luhn_key(digits: str) -> str:
    """The digit that makes ``digits`` followed by it pass the Luhn test.

    >>> luhn_key("7992739871")
    '3'
    """
    doubled = [int(d) * (2 if i % 2 == 0 else 1) for i, d in enumerate(reversed(digits))]
    return str(-sum(value - 9 if value > 9 else value for value in doubled) % 10)


def establishments(settings: Settings) -> pd.DataFrame:
    """One row per establishment: code (FINESS form, fictitious), name, category, region, share."""
    rows = []
    for region in settings.regions:
        reached = 0.0
        for rank, (category, share) in enumerate(ESTABLISHMENTS, start=1):
            stem = f"{region}999{rank:02d}0"
            rows.append(
                {
                    "code": stem + luhn_key(stem),
                    "name": f"Établissement {region}-{rank} ({category})",
                    "category": category,
                    "region": region,
                    "rank": rank,
                    "from_": reached,
                    "up_to": 1.1 if rank == len(ESTABLISHMENTS) else reached + share,
                }
            )
            reached += share
    return pd.DataFrame(rows)


def create_lives(connection: DuckDBPyConnection) -> None:
    """Table ``lives``: people with their death, a fatal bleeding included, and last day seen."""
    connection.execute("""
        CREATE OR REPLACE TABLE lives AS
        WITH fatal AS (SELECT id, min(day) + 3 AS day FROM bleedings WHERE deadly GROUP BY id)
        SELECT p.*, least(p.natural_death, coalesce(f.day, p.natural_death)) AS death
        FROM people AS p LEFT JOIN fatal AS f USING (id)
    """)


def create_stays(connection: DuckDBPyConnection, settings: Settings) -> None:
    """Table ``stays``: stay, id, start, end_, cim10, ccam, ghm, cost, emergency, establishment."""
    draws = Draws(settings.seed)
    stay_model = model("stays").reset_index(names="kind")
    connection.register("stay_model", stay_model)
    connection.register("bleeding_model", model("bleeding").reset_index(names="kind"))
    connection.register("establishment_model", establishments(settings))
    _create_planned_stays(connection, settings, draws)
    under_avk = effects()["bleeding_cost_avk"]
    stay_key = ("s.id", "s.source", "s.number")
    severity = f"""1 + (s.length > 4)::INT * ({draws.uniform("severity", *stay_key)}
        < 0.35 + 0.1 * p.frailty)::INT + (s.length > 8)::INT * (p.age_end > 75)::INT"""
    connection.execute(f"""
        CREATE OR REPLACE TABLE stays AS
        WITH every AS (
            SELECT id, kind AS source, number, day, cim10, ccam, ghm_root, tariff, length,
                emergency, 0 AS extra
            FROM planned_stays
            UNION ALL
            SELECT b.id, 100 + b.segment, 0, b.day, m.cim10, m.ccam, m.ghm_root, m.tariff,
                1 + floor({draws.exponential("bleeding/days", "b.id", "b.segment")}
                    * (m.mean_days - 1))::BIGINT, 1,
                CASE WHEN b.under = 'AVK' THEN {under_avk} ELSE 0 END
            FROM bleedings AS b JOIN bleeding_model AS m USING (kind)
        ), graded AS (
            SELECT s.*, p.region, p.place, p.death, p.seen_from, p.seen_to,
                {severity} AS severity,
                {draws.uniform("establishment", *stay_key)} AS establishment_draw
            FROM every AS s JOIN lives AS p USING (id)
            WHERE s.day >= p.seen_from AND s.day < least(p.death, p.seen_to)
        )
        SELECT g.id * 4096 + g.source * 16 + g.number AS stay, g.id, g.day AS start,
            least(g.day + g.length, g.death + 1) AS end_, g.cim10, g.ccam,
            g.ghm_root || CASE WHEN g.length = 1 AND g.emergency = 0 THEN 'J'
                ELSE g.severity::VARCHAR END AS ghm,
            round(g.tariff * ({list(SEVERITY_COST)})[g.severity] + g.extra, 2) AS cost,
            g.emergency = 1 AS emergency, e.code AS establishment,
            g.death < g.day + g.length AS died
        FROM graded AS g JOIN establishment_model AS e ON e.region = g.region
            AND (0.7 * g.place + 0.3 * g.establishment_draw) >= e.from_
            AND (0.7 * g.place + 0.3 * g.establishment_draw) < e.up_to
    """)
    for name in ("stay_model", "bleeding_model", "establishment_model"):
        connection.unregister(name)


def _create_planned_stays(connection: DuckDBPyConnection, settings: Settings, draws: Draws) -> None:
    """Table ``planned_stays``: every stay but bleedings, a thinned Poisson process in season."""
    first, last = settings.days
    key = ("d.id", "d.kind", "d.number")
    connection.execute(f"""
        CREATE OR REPLACE TABLE planned_stays AS
        WITH rates AS (
            SELECT p.id, m.kind, c.onset, m.multiplier, m.winter,
                (1 + abs(m.winter)) * m.yearly * exp(m.per_10_years * (p.age_end - 60) / 10)
                    * CASE WHEN c.onset IS NULL THEN 1 ELSE m.multiplier END
                    * {(last - first) / 365.25} AS mean,
                {draws.uniform("stays", "p.id", "m.kind")} AS draw
            FROM people AS p CROSS JOIN stay_model AS m
            LEFT JOIN conditions AS c ON c.id = p.id AND c.name = m.condition
        ), numbered AS (
            SELECT *, unnest(range({poisson("draw", "mean", most=14)})) AS number FROM rates
        ), dated AS (
            SELECT d.*, {first} + floor({draws.uniform("stays/day", *key)}
                    * {last - first})::BIGINT AS day,
                {draws.uniform("stays/season", *key)} AS season_draw,
                {draws.uniform("stays/onset", *key)} AS onset_draw,
                {draws.exponential("stays/days", *key)} AS length_draw,
                {draws.uniform("stays/emergency", *key)} AS emergency_draw
            FROM numbered AS d
        )
        SELECT d.id, d.kind, d.number, d.day, m.cim10, m.ccam, m.ghm_root, m.tariff,
            1 + floor(d.length_draw * (m.mean_days - 1))::BIGINT AS length,
            (d.emergency_draw < m.emergency)::INT AS emergency
        FROM dated AS d JOIN stay_model AS m USING (kind)
        WHERE season_draw * (1 + abs(d.winter)) < 1 + d.winter * {season("d.day")}
            AND (d.onset IS NULL OR d.day >= d.onset OR onset_draw * d.multiplier < 1)
    """)


def season(day: str) -> str:
    """SQL for +1 in mid-January and -1 in mid-July."""
    return f"cos(2 * pi() * ({day} - 15) / 365.25)"
