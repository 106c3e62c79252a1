"""Chronic conditions and the long treatments they bring."""

from __future__ import annotations

from duckdb import DuckDBPyConnection

from studylib.sources.simulated.draws import Draws
from studylib.sources.simulated.settings import Settings, model

QUARTERLY_SHARE = 0.12  # treatments dispensed in packs of three months


def create_conditions(connection: DuckDBPyConnection, settings: Settings) -> None:
    """Table ``conditions``: id, name, cim10, long_term, onset.

    Whether a person has a condition by the end of the period follows a logistic model in age,
    sex and frailty (``model/conditions.csv``); onset lies an exponential time before that end.
    """
    draws = Draws(settings.seed)
    _, last = settings.days
    table = model("conditions").reset_index(names="kind")
    connection.register("condition_model", table)
    connection.execute(f"""
        CREATE OR REPLACE TABLE conditions AS
        WITH candidates AS (
            SELECT p.id, m.name, m.cim10, m.long_term = 1 AS long_term, p.birth, p.natural_death,
                1 / (1 + exp(-(m.at_60 + m.per_10_years * (p.age_end - 60) / 10
                    + CASE WHEN p.male THEN m.male ELSE 0 END + m.frailty * p.frailty))) AS chance,
                {draws.uniform("condition", "p.id", "m.kind")} AS draw,
                {draws.exponential("onset", "p.id", "m.kind")} * m.mean_years * 365.25 AS since
            FROM people AS p CROSS JOIN condition_model AS m
        )
        SELECT id, name, cim10, long_term,
            greatest(birth + 30, {last} - 1 - floor(since)::BIGINT) AS onset
        FROM candidates
        WHERE draw < chance
            AND greatest(birth + 30, {last} - 1 - floor(since)::BIGINT) < natural_death
    """)
    connection.unregister("condition_model")


def create_courses(connection: DuckDBPyConnection, settings: Settings) -> None:
    """Table ``courses``: course, id, atc, start, end_, packs (1, or 3 for quarterly packs).

    Each condition opens slots (``model/therapies.csv``); a slot is treated or not, by one
    substance, from some weeks after onset and for an exponential time.
    """
    draws = Draws(settings.seed)
    table = model("therapies").reset_index(names="line")
    slots = table.groupby(["condition", "slot"], sort=False)
    table["slot_number"] = slots.ngroup()
    table["share"] = table["weight"] / slots["weight"].transform("sum")
    table["up_to"] = table.groupby("slot_number")["share"].cumsum()
    table["from_"] = table["up_to"] - table["share"]
    connection.register("therapy_model", table)
    key = ("c.id", "m.slot_number")
    connection.execute(f"""
        CREATE OR REPLACE TABLE courses AS
        WITH opened AS (
            SELECT c.id, m.line, m.atc, m.from_, m.up_to, m.treated,
                {draws.uniform("treated", *key)} AS treated_draw,
                {draws.uniform("substance", *key)} AS substance_draw,
                {draws.uniform("quarterly", *key)} AS quarterly_draw,
                c.onset + floor({draws.exponential("delay", *key)} * 30)::BIGINT AS start,
                floor({draws.exponential("duration", *key)} * m.mean_years * 365.25)::BIGINT + 30
                    AS lasting
            FROM conditions AS c JOIN therapy_model AS m ON m.condition = c.name
        )
        SELECT id * 64 + line AS course, id, atc, start, start + lasting AS end_,
            CASE WHEN quarterly_draw < {QUARTERLY_SHARE} THEN 3 ELSE 1 END AS packs
        FROM opened
        WHERE treated_draw < treated AND substance_draw >= from_
            AND (substance_draw < up_to OR up_to > 0.999999)
    """)
    connection.unregister("therapy_model")
