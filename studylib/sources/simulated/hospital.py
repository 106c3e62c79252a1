"""Stays in hospital: why, where, how long, their group and what is paid for them."""

from __future__ import annotations

from datetime import date

from duckdb import DuckDBPyConnection

from studylib.sources.simulated.draws import Draws, poisson
from studylib.sources.simulated.establishments import usual_or_fit
from studylib.sources.simulated.settings import EPOCH, Settings, effects, model
from studylib.sources.simulated.tariffs import tariff_year

LOCKDOWN = ((date(2020, 3, 17) - EPOCH).days, (date(2020, 5, 11) - EPOCH).days)
LOCKDOWN_KEPT = 0.35  # planned stays that still took place during the first lockdown
DIES_IN_HOSPITAL = 0.55  # of deaths with a cause that leads there (France: about half of all)
MOST_STAYS = 14  # of one kind for one person over the whole period
BLEEDING, LAST_STAY = 100, 120  # sources of stays that are no line of the model

# A stay's number: the person, then the kind of stay, then its rank.
PERSON, KIND = 1 << 12, 1 << 4


def create_stays(connection: DuckDBPyConnection, settings: Settings) -> None:
    """Table ``stays``: every stay seen, with its group and what is paid for it.

    Columns: stay, id, start, end_, cim10, ccam, ghm, ghs, tariff, cost, emergency, establishment,
    died, name (the line of the model, or empty) and sector. ``tariff`` is that
    of the group in the tariff year of the last day; ``cost`` adds the planted extra of a bleeding
    under AVK. A person is in one bed at a time: a planned stay that begins within another one, or
    during which a bleeding falls, is left out.
    """
    draws = Draws(settings.seed)
    connection.register("stay_model", _stay_model())
    connection.register("bleeding_model", model("bleeding").reset_index(names="kind"))
    _create_planned_stays(connection, settings, draws)
    _create_every_stay(connection, draws)
    _create_graded_stays(connection, draws)
    connection.execute(f"""
        CREATE OR REPLACE TABLE stays AS
        SELECT g.stay, g.id, g.start, g.end_, g.cim10, g.ccam, k.ghm, t.ghs, t.tariff,
            round(t.tariff + g.extra, 2) AS cost, g.emergency, e.code AS establishment,
            g.died, g.name, CASE WHEN e.category = 'CLINIQUE' THEN 'private' ELSE 'public' END
                AS sector
        FROM graded_stays AS g JOIN ghm_groups AS k USING (ghm_root, wanted)
        JOIN ghs_tariffs AS t ON t.ghm = k.ghm AND t.year = {tariff_year("g.end_ - 1")}
        JOIN establishment_list AS e ON e.region = g.region
            AND g.where_ >= e.from_ AND g.where_ < e.up_to
    """)
    connection.unregister("stay_model")
    connection.unregister("bleeding_model")


def _stay_model() -> object:
    """``model/stays.csv`` numbered; kinds without a condition have nobody multiplied."""
    return model("stays").reset_index(names="kind")


def _create_planned_stays(connection: DuckDBPyConnection, settings: Settings, draws: Draws) -> None:
    """Table ``planned_stays``: every stay but bleedings, a thinned Poisson process in season."""
    first, last = settings.days
    _create_having_stays(connection, (last - first) / 365.25, draws)
    key = ("d.id", "d.kind", "d.number")
    connection.execute(f"""
        CREATE OR REPLACE TABLE planned_stays AS
        WITH numbered AS (
            SELECT *, unnest(range({poisson("draw", "mean", most=MOST_STAYS)})) AS number
            FROM having_stays
        ), dated AS (
            SELECT d.*, {first} + floor({draws.uniform("stays/day", *key)}
                    * {last - first})::BIGINT AS day
            FROM numbered AS d
        ), drawn AS (
            SELECT d.*, m.* EXCLUDE (kind),
                {draws.uniform("stays/season", *key)} AS season_draw,
                {draws.uniform("stays/onset", *key)} AS onset_draw,
                {draws.uniform("stays/lockdown", *key)} AS lockdown_draw,
                {draws.exponential("stays/days", *key)} AS length_draw,
                {draws.uniform("stays/emergency", *key)} < m.emergency AS urgent
            FROM dated AS d JOIN stay_model AS m USING (kind)
            WHERE (d.day - d.birth) / 365.25 >= m.from_age AND (d.day - d.birth) / 365.25 < m.to_age
        )
        SELECT id, kind, number, day, name, cim10, ccam, ghm_root,
            1 + floor(length_draw * (mean_days - 1))::BIGINT AS length, urgent
        FROM drawn
        WHERE season_draw * (1 + abs(winter)) < 1 + winter * {season("day")}
            AND (onset IS NULL OR day >= onset OR onset_draw * multiplier < 1)
            AND (urgent OR ghm_root LIKE '28%' OR day < {LOCKDOWN[0]} OR day >= {LOCKDOWN[1]}
                OR lockdown_draw < {LOCKDOWN_KEPT})
    """)


def _create_having_stays(connection: DuckDBPyConnection, years: float, draws: Draws) -> None:
    """Table ``having_stays``: persons and kinds of stay of which they have at least one.

    Columns: id, birth, kind, onset (of the condition that multiplies the rate, or null), mean and
    draw (of the Poisson number of stays).
    """
    connection.execute(f"""
        CREATE OR REPLACE TABLE having_stays AS
        WITH base AS (
            SELECT p.id, p.birth, m.kind, m.condition, m.multiplier, (1 + abs(m.winter)) * m.yearly
                    * exp(m.per_10_years * (p.age_end - 60) / 10) * {years} AS mean,
                {draws.uniform("stays", "p.id", "m.kind")} AS draw
            FROM people AS p JOIN stay_model AS m
                ON p.age_end >= m.from_age AND p.age_end < m.to_age + {years}
                AND (m.sex = '' OR p.male = (m.sex = 'M'))
        ), of_the_ill AS (
            SELECT b.id, b.birth, b.kind, c.onset, b.mean * b.multiplier AS mean, b.draw
            FROM base AS b JOIN conditions AS c ON c.id = b.id AND c.name = b.condition
        )
        SELECT b.id, b.birth, b.kind, NULL::BIGINT AS onset, b.mean, b.draw
        FROM (SELECT * FROM base WHERE draw >= exp(-mean)) AS b
        ANTI JOIN conditions AS c ON c.id = b.id AND c.name = b.condition
        UNION ALL SELECT * FROM of_the_ill WHERE draw >= exp(-mean)
    """)


def _create_every_stay(connection: DuckDBPyConnection, draws: Draws) -> None:
    """Table ``every_stay``: planned stays, bleedings and last stays, one bed at a time."""
    under_avk = effects()["bleeding_cost_avk"]
    days = draws.exponential("bleeding/days", "b.id", "b.segment")
    connection.execute(f"""
        CREATE OR REPLACE TABLE every_stay AS
        WITH bled AS (
            SELECT b.id, {BLEEDING} + b.segment AS source, 0 AS number, b.day, '' AS name,
                m.cim10, m.ccam, m.ghm_root, 1 + floor({days} * (m.mean_days - 1))::BIGINT
                    AS length,
                TRUE AS urgent, CASE WHEN b.under = 'AVK' THEN {under_avk} ELSE 0 END AS extra
            FROM bleedings AS b JOIN bleeding_model AS m USING (kind)
        ), ended AS (
            SELECT d.id, {LAST_STAY} AS source, 0 AS number,
                floor({draws.exponential("last/days", "d.id")} * 7)::BIGINT AS before,
                d.day, d.stay_cim10 AS cim10, d.ghm_root
            FROM deaths AS d
            WHERE d.ghm_root <> '' AND {draws.uniform("last", "d.id")} < {DIES_IN_HOSPITAL}
        ), others AS (
            SELECT id, kind AS source, number, day, name, cim10, ccam, ghm_root, length, urgent,
                0 AS extra
            FROM planned_stays
            UNION ALL
            SELECT id, source, number, day - before, '', cim10, '', ghm_root, before + 1, TRUE, 0
            FROM ended
        ), free AS (
            SELECT o.* FROM others AS o ANTI JOIN bled AS b
                ON b.id = o.id AND b.day < o.day + o.length AND b.day + b.length > o.day
        ), first_come AS (
            SELECT *, max(day + length) OVER (PARTITION BY id ORDER BY day, source, number
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS busy_until
            FROM free
        )
        SELECT * EXCLUDE (busy_until) FROM first_come WHERE busy_until IS NULL OR day >= busy_until
        UNION ALL SELECT * FROM bled
    """)


def _create_graded_stays(connection: DuckDBPyConnection, draws: Draws) -> None:
    """Table ``graded_stays``: those seen, with their severity and place in the region's draw."""
    key = ("s.id", "s.source", "s.number")
    severity = f"""1 + (s.length > 4)::INT * ({draws.uniform("severity", *key)}
        < 0.35 + 0.1 * p.frailty)::INT + (s.length > 8)::INT * (p.age_end > 75)::INT"""
    surgery = "NOT emergency AND ghm_root[3] IN ('C', 'K')"
    connection.execute(f"""
        CREATE OR REPLACE TABLE graded_stays AS
        WITH seen AS (
            SELECT s.id * {PERSON} + s.source * {KIND} + s.number AS stay, s.id, s.day AS start,
                least(s.day + s.length, p.death + 1) AS end_, s.cim10, s.ccam, s.ghm_root,
                s.extra, s.name, s.urgent AS emergency, p.death < s.day + s.length AS died,
                p.region, CASE WHEN s.length > 1 THEN ({severity})::VARCHAR
                    WHEN s.urgent AND s.source < {BLEEDING} THEN 'T'
                    WHEN s.urgent THEN '1' ELSE 'J' END AS wanted,
                0.7 * p.place + 0.3 * {draws.uniform("establishment", *key)} AS usual,
                {draws.uniform("case mix", *key)} AS mix_draw
            FROM every_stay AS s JOIN lives AS p USING (id)
            WHERE s.day >= p.seen_from AND s.day < least(p.death, p.seen_to)
        )
        SELECT *, {usual_or_fit("usual", surgery, "emergency", "mix_draw")} AS where_ FROM seen
    """)


def season(day: str) -> str:
    """SQL for +1 in mid-January and -1 in mid-July."""
    return f"cos(2 * pi() * ({day} - 15) / 365.25)"
