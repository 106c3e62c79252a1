"""The referentials of drugs and establishments that a simulated SNDS carries."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd
from duckdb import DuckDBPyConnection

from studylib.sources.simulated.establishments import establishments
from studylib.sources.simulated.formulary import formulary
from studylib.sources.simulated.hospital_drugs import unit_tariffs
from studylib.sources.simulated.settings import Settings
from studylib.sources.snds.simulation.flows import date_of
from studylib.sources.snds.simulation.traps import Traps
from studylib.sources.snds.simulation.writing import write

ALWAYS = -25_567  # 1900-01-01: first day of the packs whose ATC never changed
# Groups the planted effects stand on: their ATC stays.
PROTECTED = ("A02BC", "A10AE", "B01", "L04", "N03AX", "N05", "N06AB")
# Category and legal status (IDE_PSH_CAT, IDE_PSH_STJ) of the kinds of establishment.
CATEGORIES = {
    "CHU": ("101", "13"),
    "CH": ("355", "13"),
    "ESPIC": ("365", "60"),
    "CLINIQUE": ("365", "73"),
}


def drug_codes(settings: Settings, traps: Traps) -> pd.DataFrame:
    """ATC of each pack by period: pack, cip13, atc ("" when none), start, end (days, half-open).

    Under T28, one pack in a hundred (one at least) has no ATC, and as many changed theirs in the
    middle of the period.
    """
    packs = formulary()[["pack", "cip13", "atc"]].assign(start=ALWAYS, end=float("nan"))
    if "T28" not in traps:
        return packs
    movable = packs[~packs["atc"].str.startswith(PROTECTED)]
    order = movable["cip13"].map(
        lambda code: hashlib.sha256(f"{settings.seed}/{code}".encode()).hexdigest()
    )
    number = max(1, round(traps.rate("T28") * len(packs)))
    drawn = movable.loc[order.sort_values().index, "pack"].tolist()
    absent, changed = drawn[:number], drawn[number : 2 * number]
    packs.loc[packs["pack"].isin(absent), "atc"] = ""
    middle = sum(settings.days) // 2
    before = packs[packs["pack"].isin(changed)].assign(
        atc=lambda rows: rows["atc"].str[:5] + "99", end=middle
    )
    packs.loc[packs["pack"].isin(changed), "start"] = middle
    table = pd.concat([before, packs], ignore_index=True)
    return table.sort_values(["pack", "start"], ignore_index=True)


def create_referentials(connection: DuckDBPyConnection, settings: Settings, traps: Traps) -> None:
    """Tables ``drug_codes`` (see the function) and ``unit_prices`` (ucd7, price)."""
    prices = unit_tariffs().groupby("ucd7", as_index=False)["price"].min()
    codes = drug_codes(settings, traps).astype({"end": "Int64"})
    for name, table in (("drug_codes", codes), ("unit_prices", prices)):
        connection.register("given", table)
        connection.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM given")
        connection.unregister("given")


def write_referentials(connection: DuckDBPyConnection, settings: Settings, folder: Path) -> None:
    """Writes IR_PHA_R (historised) and BE_IDE_R."""
    write(
        connection,
        f"""
        SELECT c.cip13 AS PHA_CIP_C13, substr(c.cip13, 6, 7) AS PHA_PRS_IDE,
            left(nullif(c.atc, ''), 5) AS PHA_ATC_CLA, nullif(c.atc, '') AS PHA_ATC_C07,
            f.label AS PHA_NOM_PA, f.units::INTEGER::VARCHAR AS PHA_UNT_NBR_DSES,
            CASE WHEN f.large_pack THEN 'O' ELSE 'N' END AS PHA_GRD_CND,
            {date_of('c."start"')} AS PHA_DTE_DEB,
            CASE WHEN c."end" IS NOT NULL THEN {date_of('c."end" - 1')} END AS PHA_DTE_FIN,
            f.ddd::DOUBLE AS PHA_DDD_NBR
        FROM drug_codes AS c JOIN packs AS f USING (pack)
        ORDER BY PHA_CIP_C13, PHA_DTE_DEB""",
        folder / "IR_PHA_R",
        0,
    )
    table = establishments(settings)
    kinds = [CATEGORIES[category] for category in table["category"]]
    rows = pd.DataFrame(
        {
            "IDE_ETA_NUM": table["code"],
            "IDE_ETA_NU8": table["code"].str[:8],
            "IDE_ETA_NOM": table["name"],
            "IDE_PSH_CAT": [category for category, _ in kinds],
            "IDE_PSH_STJ": [status for _, status in kinds],
            "IDE_BDI_COD": table["department"].map(postal_code),
        }
    )
    connection.register("given", rows)
    write(connection, "SELECT * FROM given ORDER BY IDE_ETA_NUM", folder / "BE_IDE_R", 0)
    connection.unregister("given")


def postal_code(department: str) -> str:
    """A postal code of the department.

    >>> postal_code("2A"), postal_code("971"), postal_code("69")
    ('20000', '97100', '69000')
    """
    if department in ("2A", "2B"):
        return "20000" if department == "2A" else "20200"
    return department.ljust(5, "0")
