"""Visits to doctors in town."""

from __future__ import annotations

from duckdb import DuckDBPyConnection

from studylib.sources.simulated.draws import Draws, poisson
from studylib.sources.simulated.settings import Settings

# Kind, visits a year at 45, fee (convention médicale, 2023).
KINDS = (("generalist", 3.6, 26.5), ("specialist", 1.4, 31.5))
REIMBURSED = 0.7
PERSON, KIND = 1 << 16, 1 << 8  # a visit's number: the person, the kind, the rank


def create_consultations(connection: DuckDBPyConnection, settings: Settings) -> None:
    """Table ``consultation_events``: consultation (unique in the world), id, start, kind, fee."""
    draws = Draws(settings.seed)
    first, last = settings.days
    values = ", ".join(
        f"({number}, '{kind}', {yearly}::DOUBLE, {fee}::DOUBLE)"
        for number, (kind, yearly, fee) in enumerate(KINDS, start=1)
    )
    connection.execute(f"""
        CREATE OR REPLACE TABLE consultation_events AS
        WITH kinds(number_, kind, yearly, fee) AS (VALUES {values}),
        rates AS (
            SELECT p.id, k.number_, k.kind, k.fee, p.seen_from,
                least(p.seen_to, p.death) AS seen_to,
                k.yearly * {(last - first) / 365.25}
                    * exp(0.12 * (p.age_end - 45) / 10 + 0.15 * p.frailty) AS mean,
                {draws.uniform("visits", "p.id", "k.number_")} AS draw
            FROM lives AS p CROSS JOIN kinds AS k
        ), numbered AS (
            SELECT *, unnest(range({poisson("draw", "mean", most=30)})) AS rank FROM rates
        ), dated AS (
            SELECT *, {first} + floor({draws.uniform("visits/day", "id", "number_", "rank")}
                * {last - first})::BIGINT AS start FROM numbered
        )
        SELECT id * {PERSON} + number_ * {KIND} + rank AS consultation, id, start, kind, fee
        FROM dated WHERE start >= seen_from AND start < seen_to
    """)
