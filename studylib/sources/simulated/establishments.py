"""The establishments of the world and what they take: their share, their kinds of patients."""

from __future__ import annotations

from functools import cache

import pandas as pd
from duckdb import DuckDBPyConnection

from studylib.sources.simulated.professionals import finess, territory
from studylib.sources.simulated.settings import Settings

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
CLINICS_FROM = 0.74  # where the clinics begin in the draw
TO_CLINIC = 0.45  # planned surgery that goes to a clinic whatever the person's usual place
FROM_CLINIC = 0.75  # emergencies of a clinic's neighbourhood taken by a public hospital
SIGNED = (2, 3)  # ranks of the establishments that signed the contract on biosimilars


@cache
def establishments(settings: Settings) -> pd.DataFrame:
    """One row per establishment: code (FINESS form, fictitious), name, category, region, rank.

    Also its department, its number (0 to n-1) and its share ``[from_, up_to)`` of the draw that
    ties a person of the region to an establishment.
    """
    rows = []
    places = territory(settings)
    for region in settings.regions:
        reached = 0.0
        around = list(places.loc[places["region"] == region, "department"])
        for rank, (category, share) in enumerate(ESTABLISHMENTS, start=1):
            department = around[(rank - 1) % len(around)]
            series = 999_000 if len(department) == 2 else 99_000
            rows.append(
                {
                    "code": finess(department, series + 10 * rank),
                    "name": f"Établissement {region}-{rank} ({category})",
                    "category": category,
                    "region": region,
                    "department": department,
                    "rank": rank,
                    "from_": reached,
                    "up_to": 1.1 if rank == len(ESTABLISHMENTS) else reached + share,
                }
            )
            reached += share
    return pd.DataFrame(rows).assign(number=range(len(rows)))


def create_establishments(connection: DuckDBPyConnection, settings: Settings) -> None:
    """Table ``establishment_list`` of the world."""
    connection.register("given", establishments(settings))
    connection.execute("CREATE OR REPLACE TABLE establishment_list AS SELECT * FROM given")
    connection.unregister("given")


def usual_or_fit(usual: str, planned_surgery: str, emergency: str, draw: str) -> str:
    """SQL for the place of a stay in the region's draw, from the person's usual place.

    This is the case mix: clinics take planned surgery, public hospitals take emergencies.
    """
    return f"""CASE
        WHEN {planned_surgery} AND {draw} < {TO_CLINIC}
            THEN {CLINICS_FROM} + {1 - CLINICS_FROM} * {draw} / {TO_CLINIC}
        WHEN {emergency} AND {usual} >= {CLINICS_FROM} AND {draw} < {FROM_CLINIC}
            THEN {CLINICS_FROM} * {draw} / {FROM_CLINIC}
        ELSE {usual} END"""
