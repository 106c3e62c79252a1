"""What a stay is paid: its group (GHM), its tariff line (GHS) and the tariff of the year.

Tariffs of the public sector, 2010 to 2025 (``model/ghs.csv``): ATIH, tables of the *arrêtés
tarifaires*, as gathered by the nomensland package. Where a group has several lines the dearest
one is kept (the first one for sessions). Earlier and later years take the nearest.
"""

from __future__ import annotations

from functools import cache

import pandas as pd
from duckdb import DuckDBPyConnection

from studylib.sources.simulated.settings import model

LETTERS = dict(zip("1234", "ABCD", strict=True))  # levels of deliveries


@cache
def ghs_tariffs() -> pd.DataFrame:
    """One row per group and tariff year (from 1 March): ghm, ghs, year, tariff (euros)."""
    return model("ghs")


@cache
def groups() -> pd.DataFrame:
    """Which group a stay falls in: ghm_root, wanted, ghm.

    ``wanted`` is a level of severity, 1 to 4, or ``J`` for a planned stay within one day, ``T``
    for an unplanned one; roots without that level give the nearest one they have.

    >>> table = groups().set_index(["ghm_root", "wanted"])["ghm"]
    >>> table["28Z07", "J"], table["06M04", "3"], table["14Z14", "2"], table["06M04", "J"]
    ('28Z07Z', '06M043', '14Z14B', '06M04T')
    """
    known = set(ghs_tariffs()["ghm"])
    rows = []
    for root in sorted({code[:5] for code in known}):
        for wanted in ("J", "T", *LETTERS):
            tried = [wanted, *LETTERS.get(wanted, ""), *("JT" if wanted in "JT" else ""), *"1AZJT"]
            level = next(level for level in tried if root + level in known)
            rows.append({"ghm_root": root, "wanted": wanted, "ghm": root + level})
    return pd.DataFrame(rows)


def create_tariffs(connection: DuckDBPyConnection) -> None:
    """Tables ``ghs_tariffs`` and ``ghm_groups`` of the world."""
    for name, table in (("ghs_tariffs", ghs_tariffs()), ("ghm_groups", groups())):
        connection.register("given", table)
        connection.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM given")
        connection.unregister("given")


def tariff_year(day: str) -> str:
    """SQL for the tariff year of a day (days since 1970-01-01): it begins on 1 March."""
    last = int(ghs_tariffs()["year"].max())
    first = int(ghs_tariffs()["year"].min())
    # two months back, 1 March is 1 January, and January and February belong to the year before
    moved = f"year(DATE '1970-01-01' + ({day})::INTEGER - INTERVAL 2 MONTH)"
    return f"least(greatest({moved}, {first}), {last})"
