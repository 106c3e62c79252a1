"""Chronic conditions and the long treatments they bring."""

from __future__ import annotations

import pandas as pd
from duckdb import DuckDBPyConnection

from studylib.sources.simulated.draws import Draws
from studylib.sources.simulated.settings import Settings, effects, model

QUARTERLY_SHARE = 0.70  # treatments dispensed for three months at a time


def create_conditions(connection: DuckDBPyConnection, settings: Settings) -> None:
    """Table ``conditions``: id, name, cim10, long_term, onset.

    Whether a person has a condition by the end of the period follows a logistic model in age,
    sex and frailty (``model/conditions.csv``); onset lies an exponential time before that end.
    """
    draws = Draws(settings.seed)
    _, last = settings.days
    table = model("conditions").reset_index(names="kind")
    since = draws.exponential("onset", "c.id", "c.kind")
    connection.register("condition_model", table)
    connection.execute(f"""
        CREATE OR REPLACE TABLE conditions AS
        WITH candidates AS (
            SELECT p.id, m.kind, p.birth, p.natural_death,
                {draws.uniform("condition", "p.id", "m.kind")} AS draw,
                m.at_60 + m.per_10_years * (p.age_end - 60) / 10
                    + CASE WHEN p.male THEN m.male ELSE 0 END + m.frailty * p.frailty AS odds
            FROM people AS p CROSS JOIN condition_model AS m
        ), affected AS (
            SELECT c.*, m.name, m.cim10, m.long_term = 1 AS long_term,
                greatest(birth + 30, {last} - 1 - floor({since} * m.mean_years * 365.25)::BIGINT)
                    AS onset
            FROM candidates AS c JOIN condition_model AS m USING (kind)
            WHERE draw < 1 / (1 + exp(-odds))
        )
        SELECT id, name, cim10, long_term, onset FROM affected WHERE onset < natural_death
    """)
    connection.unregister("condition_model")


def create_courses(connection: DuckDBPyConnection, settings: Settings) -> None:
    """Table ``courses``: course, id, atc, start, end_, boxes, quarterly, hospital.

    Each condition opens slots (``model/therapies.csv``); a slot is treated or not, by one
    substance, from some time after onset and for an exponential time. ``hospital`` is the
    probability that a hospital prescribes it. Some generalists treat more than others with
    benzodiazepines, and one region more with proton-pump inhibitors: planted outliers.
    """
    draws, planted = Draws(settings.seed), effects()
    connection.register("therapy_model", _therapies())
    key = ("c.id", "m.slot_number")
    connection.execute(f"""
        CREATE OR REPLACE TABLE courses AS
        WITH opened AS (
            SELECT c.id, c.onset, m.*, {draws.uniform("treated", *key)} AS treated_draw,
                {draws.uniform("substance", *key)} AS substance_draw
            FROM conditions AS c JOIN therapy_model AS m ON m.condition = c.name
        ), chosen AS (
            SELECT o.* FROM opened AS o JOIN people AS p USING (id)
            WHERE treated_draw < treated * CASE
                    WHEN o.outlying AND {_is_outlier("p")} THEN {planted["benzodiazepine_outlier"]}
                    WHEN o.atc LIKE 'A02BC%' AND p.region = '84' THEN {planted["ppi_region"]}
                    ELSE 1 END
                AND substance_draw >= from_ AND (substance_draw < up_to OR up_to > 0.999999)
        ), dated AS (
            SELECT *, onset + floor({draws.exponential("delay", "id", "slot_number")}
                    * delay)::BIGINT AS start
            FROM chosen
        )
        SELECT id * 256 + line AS course, id, atc, start,
            start + floor({draws.exponential("duration", "id", "slot_number")}
                * mean_years * 365.25)::BIGINT + 30 AS end_, boxes, hospital,
            {draws.uniform("quarterly", "id", "slot_number")} < {QUARTERLY_SHARE} AS quarterly
        FROM dated
    """)
    connection.unregister("therapy_model")


def _is_outlier(person: str) -> str:
    """SQL: the person's doctor is the first generalist of the department."""
    return (
        f"EXISTS (SELECT 1 FROM territory AS k WHERE k.department = {person}.department "
        f"AND k.generalist_first = {person}.generalist)"
    )


def _therapies() -> pd.DataFrame:
    """``model/therapies.csv`` with lines and slots numbered, and each line's share of its slot."""
    table = model("therapies").reset_index(names="line")
    slots = table.groupby(["condition", "slot"], sort=False)
    table["slot_number"] = slots.ngroup()
    table["share"] = table["weight"] / slots["weight"].transform("sum")
    table["up_to"] = table.groupby("slot_number")["share"].cumsum()
    table["from_"] = table["up_to"] - table["share"]
    table["outlying"] = table["atc"].str.match("N05BA|N05CD|N05CF")
    return table
