"""Who prescribes and who dispenses in town: departments, practitioners, pharmacies.

All are fictitious; their numbers have the form and the key of real ones (RPPS with Luhn's key,
FINESS with its own). Their count follows the size of the simulated population: about one
generalist for 900 persons, one specialist for 1,500, one pharmacy for 2,500 (of the order of France
in 2022), and never fewer than a few per department.
"""

from __future__ import annotations

from functools import cache

import pandas as pd
from duckdb import DuckDBPyConnection

from studylib.codes.checkdigits import finess_key
from studylib.referentials import departments
from studylib.sources.simulated.settings import Settings, model

PERSONS_PER_GENERALIST, PERSONS_PER_SPECIALIST, PERSONS_PER_PHARMACY = 900, 1_500, 2_500
GENERALIST = "01"
# Specialties of IR_SPE_V and their share of specialists in town.
SPECIALTIES = (
    ("03", 0.20),  # cardiology
    ("33", 0.20),  # psychiatry
    ("13", 0.10),  # pulmonology
    ("08", 0.10),  # gastroenterology
    ("14", 0.10),  # rheumatology
    ("15", 0.15),  # ophthalmology
    ("07", 0.15),  # gynaecology
)


def luhn_key(digits: str) -> str:
    """The digit that makes ``digits`` followed by it pass the Luhn test.

    >>> luhn_key("7992739871")
    '3'
    """
    doubled = [int(d) * (2 if i % 2 == 0 else 1) for i, d in enumerate(reversed(digits))]
    return str(-sum(value - 9 if value > 9 else value for value in doubled) % 10)


def finess(department: str, number: int) -> str:
    """A FINESS number of ``department`` with its key, from a number under 100,000.

    >>> finess("2A", 99010), finess("971", 99010)
    ('2A0990107', '971990106')
    """
    stem = f"{department}{number:0{8 - len(department)}d}"
    return stem + finess_key(stem)


@cache
def territory(settings: Settings) -> pd.DataFrame:
    """One row per department lived in: where it lies in its region's draw, and its professionals.

    Columns: department, region, from_, up_to, then first and count of generalists, specialists
    and pharmacies (``generalist_first``, ``generalist_count``…), numbers of ``prescribers`` and
    ``pharmacies``.
    """
    table = model("departments").merge(departments()[["code", "region"]], on="code")
    table = table[table["region"].isin(settings.regions)].sort_values(["region", "code"])
    weight = model("regions").set_index("code")["inhabitants"]
    whole = float(weight[list(settings.regions)].sum())
    share = table["inhabitants"] / table.groupby("region")["inhabitants"].transform("sum")
    table["up_to"] = share.groupby(table["region"]).cumsum()
    table["from_"] = table["up_to"] - share
    table.loc[~table.duplicated("region", keep="last"), "up_to"] = 1.1
    persons = share * table["region"].map(weight).astype(float) / whole * settings.persons
    for name, each, least in (
        ("generalist", PERSONS_PER_GENERALIST, 4),
        ("specialist", PERSONS_PER_SPECIALIST, 7),
        ("pharmacy", PERSONS_PER_PHARMACY, 3),
    ):
        count = (persons / each).round().astype(int).clip(lower=least)
        table[f"{name}_count"] = count
        table[f"{name}_first"] = count.cumsum() - count
    table["specialist_first"] += int(table["generalist_count"].sum())
    return table.rename(columns={"code": "department"}).reset_index(drop=True)


@cache
def prescribers(settings: Settings) -> pd.DataFrame:
    """One row per town practitioner: number, code (RPPS form), specialty, department, region."""
    rows = []
    for kind in ("generalist", "specialist"):
        for place in territory(settings).to_dict("records"):
            count = int(place[f"{kind}_count"])
            for rank in range(count):
                specialty = GENERALIST if kind == "generalist" else _specialty((rank + 0.5) / count)
                rows.append((specialty, place["department"], place["region"]))
    table = pd.DataFrame(rows, columns=["specialty", "department", "region"])
    stems = [f"109{number:07d}" for number in range(len(table))]
    codes = [stem + luhn_key(stem) for stem in stems]
    return table.assign(number=range(len(table)), code=codes)


def _specialty(position: float) -> str:
    """The specialty at ``position`` (0 to 1) of a department's specialists."""
    reached = 0.0
    for code, share in SPECIALTIES:
        reached += share
        if position < reached:
            return code
    return SPECIALTIES[-1][0]


@cache
def pharmacies(settings: Settings) -> pd.DataFrame:
    """One row per pharmacy: number, code (FINESS form), department, region."""
    rows = [
        (finess(str(place["department"]), 20_000 + rank), place["department"], place["region"])
        for place in territory(settings).to_dict("records")
        for rank in range(int(place["pharmacy_count"]))
    ]
    table = pd.DataFrame(rows, columns=["code", "department", "region"])
    return table.assign(number=range(len(table)))


def create_professionals(connection: DuckDBPyConnection, settings: Settings) -> None:
    """Tables ``territory``, ``prescribers`` and ``pharmacies`` of the world."""
    for name, table in (
        ("territory", territory(settings)),
        ("prescribers", prescribers(settings)),
        ("pharmacies", pharmacies(settings)),
    ):
        connection.register("given", table)
        connection.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM given")
        connection.unregister("given")
