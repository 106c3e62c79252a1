"""Anticoagulant courses, and the major bleedings they cause: the study with a known truth."""

from __future__ import annotations

import pandas as pd
from duckdb import DuckDBPyConnection

from studylib.sources.simulated.draws import Draws, pick
from studylib.sources.simulated.settings import Settings, effects, model
from studylib.sources.simulated.transient_effects import brought_by_nsaids, create_nsaid_windows

AVK = (("'B01AA12'", 0.55), ("'B01AA03'", 0.45))
AOD = (("'B01AF02'", 0.60), ("'B01AF01'", 0.30), ("'B01AE07'", 0.10))
MEAN_YEARS = {"atrial_fibrillation": 5.0, "venous_thromboembolism": 0.6}
SWITCHES_A_YEAR = 0.06
BLEEDINGS_A_YEAR = 0.024  # under AVK, at 75, without any of the factors below
BACKGROUND_BLEEDINGS = 0.0009  # a year at 60, not under anticoagulant

# How the choice of class (log odds of AOD) and the hazard of bleeding (log) depend on the person.
CHOICE = "0.9 - 0.35 * (age - 75) / 10 - 1.3 * renal - 0.4 * heart_failure"
HAZARD = "0.40 * (age - 75) / 10 + 0.8 * renal + 0.3 * heart_failure + 0.5 * antiplatelet"


def create_anticoagulant_courses(connection: DuckDBPyConnection, settings: Settings) -> None:
    """Table ``anticoagulated``: id, segment, aod, atc, start, end_ and what drove the choice.

    One first course per person, after atrial fibrillation or venous thromboembolism; a switch of
    class opens a second segment on the day the first one ends.
    """
    draws = Draws(settings.seed)
    choice = CHOICE if settings.confounding else "0.5"
    connection.execute(f"""
        CREATE OR REPLACE TABLE anticoagulated AS
        WITH {_described(draws)}, antiplatelets AS (
            SELECT DISTINCT d.id FROM described AS d JOIN courses AS c USING (id)
            WHERE c.atc LIKE 'B01AC%' AND c.start < d.start AND c.end_ > d.start - 365
        ), chosen AS (
            SELECT d.*, CASE WHEN a.id IS NULL THEN 0 ELSE 1 END AS antiplatelet,
                {draws.uniform("ac/class", "d.id")} < 1 / (1 + exp(-({choice}))) AS aod,
                floor({draws.exponential("ac/switch", "d.id")} * 365.25 / {SWITCHES_A_YEAR})::BIGINT
                    + 30 AS until_switch
            FROM described AS d LEFT JOIN antiplatelets AS a USING (id)
        ), segments AS (
            SELECT id, 1 AS segment, aod, start, start + least(lasting, until_switch) AS end_,
                age, renal, heart_failure, antiplatelet
            FROM chosen
            UNION ALL
            SELECT id, 2, NOT aod, start + until_switch, start + lasting,
                age, renal, heart_failure, antiplatelet
            FROM chosen WHERE until_switch < lasting
        )
        SELECT *, CASE WHEN aod THEN {pick(draws.uniform("ac/substance", "id", "segment"), AOD)}
                  ELSE {pick(draws.uniform("ac/substance", "id", "segment"), AVK)} END AS atc
        FROM segments
    """)


def _described(draws: Draws) -> str:
    """SQL for the persons treated: when, for how long, their age and what drives the choice."""
    mean = " ".join(f"WHEN '{name}' THEN {years}" for name, years in MEAN_YEARS.items())
    return f"""indications AS (
            SELECT c.id, arg_min(c.name, (c.onset, c.name)) AS name, min(c.onset) AS onset
            FROM conditions AS c WHERE c.name IN ('{"', '".join(MEAN_YEARS)}')
            GROUP BY c.id
        ), started AS (
            SELECT i.id, i.name, p.natural_death,
                i.onset + 1 + floor({draws.exponential("ac/delay", "i.id")} * 20)::BIGINT AS start,
                90 + floor({draws.exponential("ac/duration", "i.id")} * 365.25
                    * CASE i.name {mean} END)::BIGINT AS lasting,
                p.birth
            FROM indications AS i JOIN people AS p USING (id)
            WHERE {draws.uniform("ac/treated", "i.id")} < 0.85
        ), described AS (
            SELECT s.*, (s.start - s.birth) / 365.25 AS age,
                max(CASE WHEN c.name = 'renal_disease' AND c.onset <= s.start THEN 1 ELSE 0 END)
                    AS renal,
                max(CASE WHEN c.name = 'heart_failure' AND c.onset <= s.start THEN 1 ELSE 0 END)
                    AS heart_failure
            FROM started AS s JOIN conditions AS c USING (id)
            GROUP BY ALL
        )"""


def create_bleedings(connection: DuckDBPyConnection, settings: Settings) -> None:
    """Table ``bleedings``: id, day, under ('AVK', 'AOD' or ''), kind (line of the model), deadly.

    On treatment the hazard is constant and proportional in the factors of ``HAZARD`` and in the
    class, whose hazard ratio is the planted effect; while a selective serotonin reuptake inhibitor
    is taken too it is multiplied by the planted interaction. After a short NSAID course digestive
    bleedings are more, in everybody (``transient_effects``). At most one bleeding per segment.
    """
    draws = Draws(settings.seed)
    first, last = settings.days
    create_nsaid_windows(connection, settings)
    _create_treated_bleedings(connection, settings)
    _create_untreated_bleedings(connection, settings)
    connection.register("bleeding_model", _kinds())
    connection.execute(f"""
        CREATE OR REPLACE TABLE bleedings AS
        WITH every AS (
            SELECT id, segment, CASE WHEN aod THEN 'AOD' ELSE 'AVK' END AS under, day, brought
            FROM treated_bleedings
            UNION ALL
            SELECT id, 0, '', day, brought FROM untreated_bleedings
        ), seen AS (
            SELECT e.*, {draws.uniform("bleeding/kind", "e.id", "e.segment")}
                    * CASE WHEN e.brought THEN {_digestive_share()} ELSE 1 END AS kind_draw,
                {draws.uniform("bleeding/death", "e.id", "e.segment")} AS death_draw
            FROM every AS e JOIN people AS p USING (id)
            WHERE e.day >= {first} AND e.day < least({last}, p.natural_death)
        )
        SELECT s.id, s.segment, s.day, s.under, m.kind, s.death_draw < m.fatality AS deadly
        FROM seen AS s JOIN bleeding_model AS m
            ON s.kind_draw >= m.from_ AND s.kind_draw < m.up_to
    """)
    connection.unregister("bleeding_model")


def _create_treated_bleedings(connection: DuckDBPyConnection, settings: Settings) -> None:
    """Table ``treated_bleedings``: id, segment, aod, day and brought, the first of each segment.

    Three risks compete: that of the anticoagulant, what the interaction adds to it while both are
    taken, and what an NSAID brings (``brought``); the first to come is the one that happens.
    """
    draws, added = Draws(settings.seed), effects()["bleeding_ssri"] - 1
    day = brought_by_nsaids(settings, "h.yearly", _digestive_share(), "nsaid/treated")
    connection.execute(f"""
        CREATE OR REPLACE TABLE treated_bleedings AS
        WITH hazards AS (
            SELECT *, {_hazard()} AS yearly FROM anticoagulated
        ), alone AS (
            SELECT id, segment, aod, end_, start + floor(365.25
                * {draws.exponential("bleeding", "id", "segment")} / yearly)::BIGINT AS day
            FROM hazards
        ), exposed AS (
            SELECT h.id, h.segment, h.aod, h.yearly, c.course,
                greatest(h.start, c.start) AS start, least(h.end_, c.end_) AS end_
            FROM hazards AS h JOIN courses AS c ON c.id = h.id AND c.atc LIKE 'N06AB%'
                AND c.start < h.end_ AND c.end_ > h.start
        ), together AS (
            SELECT id, segment, aod, end_, start + floor(365.25
                * {draws.exponential("interaction", "course", "segment")}
                / (yearly * {added}))::BIGINT AS day
            FROM exposed
        ), nsaid AS (
            SELECT h.id, h.segment, h.aod, least(h.end_, w.end_) AS end_, {day} AS day
            FROM hazards AS h JOIN nsaid_windows AS w ON w.id = h.id
                AND w.start >= h.start AND w.start < h.end_
        )
        SELECT id, segment, bool_or(aod) AS aod, min(day) AS day, arg_min(brought, day) AS brought
        FROM (
            SELECT *, FALSE AS brought FROM alone UNION ALL SELECT *, FALSE FROM together
            UNION ALL SELECT *, TRUE FROM nsaid
        ) WHERE day < end_
        GROUP BY id, segment
    """)


def _create_untreated_bleedings(connection: DuckDBPyConnection, settings: Settings) -> None:
    """Table ``untreated_bleedings``: id, day and brought, the first one off anticoagulants."""
    draws, (first, _) = Draws(settings.seed), settings.days
    yearly = f"({BACKGROUND_BLEEDINGS} * exp(0.7 * (p.age_end - 60) / 10))"
    brought = brought_by_nsaids(settings, yearly, _digestive_share(), "nsaid/untreated")
    connection.execute(f"""
        CREATE OR REPLACE TABLE untreated_bleedings AS
        WITH every AS (
            SELECT p.id, {first} + floor({draws.exponential("background", "p.id")} * 365.25
                / {yearly})::BIGINT AS day, FALSE AS brought
            FROM people AS p
            UNION ALL
            SELECT id, day, TRUE FROM (
                SELECT w.id, w.end_, {brought} AS day
                FROM nsaid_windows AS w JOIN people AS p USING (id)
            ) WHERE day < end_
        )
        SELECT u.id, min(u.day) AS day, arg_min(u.brought, u.day) AS brought FROM every AS u
        WHERE NOT EXISTS (SELECT 1 FROM anticoagulated AS a
                          WHERE a.id = u.id AND u.day >= a.start - 30 AND u.day < a.end_)
        GROUP BY u.id
    """)


def _hazard() -> str:
    """SQL for bleedings a year under treatment, without interaction."""
    ratio = effects()["bleeding_aod"]
    return f"{BLEEDINGS_A_YEAR} * exp({HAZARD}) * CASE WHEN aod THEN {ratio} ELSE 1 END"


def _kinds() -> pd.DataFrame:
    """``model/bleeding.csv`` numbered, with each kind's part of the draw."""
    table = model("bleeding").reset_index(names="kind")
    table["up_to"] = (table["share"] / table["share"].sum()).cumsum()
    table["from_"] = table["up_to"].shift(fill_value=0.0)
    table.loc[table.index[-1], "up_to"] = 1.1
    return table


def _digestive_share() -> float:
    """The part of bleedings that are digestive: the first lines of the model."""
    table = _kinds()
    return float(table.loc[table["cim10"].str.startswith("K"), "up_to"].max())
