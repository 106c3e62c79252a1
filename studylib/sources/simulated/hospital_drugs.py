"""Expensive drugs given in hospital and paid on top of the stay (*liste en sus*).

Codes of units (UCD) and their responsibility tariffs are real facts: ATIH, history of the list, as
gathered by the nomensland package. Which drug a person gets follows ``model/en_sus.csv``:
biosimilars appear on their real dates, and the person keeps to its place in the draw.
"""

from __future__ import annotations

from functools import cache

import pandas as pd
from duckdb import DuckDBPyConnection

from studylib.sources.simulated.draws import Draws
from studylib.sources.simulated.settings import Settings, days_since_epoch, model

ADMINISTRATIONS = 4  # at most, within one stay
EVER = 1 << 30


@cache
def hospital_drug_list() -> pd.DataFrame:
    """One row per unit of the model: ucd7, atc, label."""
    return model("en_sus")[["ucd7", "atc", "label"]].drop_duplicates("ucd7", ignore_index=True)


@cache
def unit_tariffs() -> pd.DataFrame:
    """One row per unit and period: ucd7, since, until (days, half-open), price (euros a unit).

    The first known tariff also holds before its date.
    """
    table = model("en_sus_tariffs").sort_values(["ucd7", "start"], ignore_index=True)
    since = pd.Series(days_since_epoch(table["start"]))
    until = since.groupby(table["ucd7"]).shift(-1).fillna(EVER).astype("int64")
    since = since.where(table.duplicated("ucd7"), 0)
    return table.assign(since=since, until=until)[["ucd7", "since", "until", "price"]]


def _regimens() -> pd.DataFrame:
    table = model("en_sus").rename(columns={"stay": "name"}).reset_index(names="line")
    table = table.assign(
        since=days_since_epoch(table["start"]), until=days_since_epoch(table["end"])
    )
    table["up_to"] = table.groupby(["name", "slot", "start"])["share"].cumsum()
    table["from_"] = table["up_to"] - table["share"]
    return table.drop(columns=["start", "end", "share"])


def create_hospital_drugs(connection: DuckDBPyConnection, settings: Settings) -> None:
    """Table ``en_sus``: administration, stay, id, day, ucd7, number, unit_price, establishment.

    ``administration`` is unique in the world; ``unit_price`` is the responsibility tariff in force
    on the day.
    """
    draws = Draws(settings.seed)
    connection.register("en_sus_model", _regimens())
    connection.register("en_sus_tariffs", unit_tariffs())
    connection.execute(f"""
        CREATE OR REPLACE TABLE en_sus AS
        SELECT s.stay * {ADMINISTRATIONS} + m.slot AS administration, s.stay, s.id,
            s.start AS day, m.ucd7, m.units::DOUBLE AS number, t.price AS unit_price,
            s.establishment
        FROM (SELECT * FROM stays WHERE ghm LIKE '28Z%') AS s
        JOIN en_sus_model AS m ON m.name = s.name AND s.start >= m.since AND s.start < m.until
        JOIN en_sus_tariffs AS t ON t.ucd7 = m.ucd7 AND s.start >= t.since AND s.start < t.until
        WHERE {draws.uniform("en_sus", "s.id", "m.slot")} >= m.from_
            AND {draws.uniform("en_sus", "s.id", "m.slot")} < m.up_to
    """)
    connection.unregister("en_sus_model")
    connection.unregister("en_sus_tariffs")
