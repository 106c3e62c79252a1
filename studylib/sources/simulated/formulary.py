"""What is dispensed in town: one row per pack, with its price, its content and what it covers."""

from __future__ import annotations

from functools import cache

import pandas as pd
from duckdb import DuckDBPyConnection

from studylib.codes.checkdigits import ean13_key
from studylib.sources.simulated.settings import days_since_epoch, model

LARGE_PACK_PRICE = 2.85  # of three monthly packs sold as one


@cache
def formulary() -> pd.DataFrame:
    """The packs: pack (number), atc, cip13, label, days_supply, price, rate, units, ddd and flags.

    Codes are right in form and fictitious; ``price`` is in euros per box, ``rate`` the share the
    mandatory insurance pays, ``units`` the tablets or doses of a box, ``ddd`` the defined daily
    doses of a unit. ``large_pack`` marks the boxes of three months; ``biosimilar`` the cheaper
    copies of a biological medicine, sold from ``launch`` on (days since 1970-01-01).
    """
    standard = model("formulary").rename(columns={"reimbursed": "rate"})
    standard = standard.assign(biosimilar=False, large_pack=False, launch=0)
    large = standard[standard["large"] == 1]
    large = large.assign(
        large_pack=True,
        units=large["units"] * 3,
        days_supply=large["days_supply"] * 3,
        price=(large["price"] * LARGE_PACK_PRICE).round(2),
        label=large["label"] + ", boîte de 3 mois",
    )
    copies = model("biosimilars").assign(launch=lambda rows: days_since_epoch(rows["launch"]))[
        ["atc", "label", "launch", "price"]
    ]
    originals = standard.drop(columns=["label", "price", "launch"])
    copies = copies.merge(originals, on="atc").assign(biosimilar=True)
    table = pd.concat([standard, large, copies], ignore_index=True).drop(columns="large")
    stems = [f"34009999{number:04d}" for number in range(1, len(table) + 1)]
    return table.assign(pack=range(len(table)), cip13=[stem + ean13_key(stem) for stem in stems])


def create_packs(connection: DuckDBPyConnection) -> None:
    """Table ``packs`` of the world: the formulary."""
    connection.register("given", formulary())
    connection.execute("CREATE OR REPLACE TABLE packs AS SELECT * FROM given")
    connection.unregister("given")
