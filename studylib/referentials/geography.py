"""Every spelling of a department or a region, whatever the source and its era, and its region.

DCIR writes departments on three characters, Corse as 201, 202, 020 or 209; PMSI and FINESS write
Corse 2A and 2B and the overseas departments 9A to 9F; a code read as a number has lost its zero;
open data fold Corse into zone 93 and the overseas regions into zone 5.
"""

from __future__ import annotations

from functools import cache

import pandas as pd

from studylib.errors import CodeError
from studylib.referentials import shipped
from studylib.referentials.parsed import empty_as_missing
from studylib.referentials.tables import old_regions, open_data_zones, regions


def departments_by_spelling() -> pd.DataFrame:
    """One row per spelling of a department, for a join that leaves nothing unmatched.

    Columns (text): spelling (unique), notation (insee, unpadded, dcir, pmsi, insee_1975),
    department (INSEE code, None when several), region (code of 2016, None outside regions), zone
    (of open data, None too), kind (department, region_only, overseas, abroad, hidden, unknown),
    label.

    >>> table = departments_by_spelling().set_index("spelling")
    >>> table.loc[["2A", "02A", "201", "020", "9A", "971"], "region"].tolist()
    ['94', '94', '94', '94', '01', '01']
    """
    return _departments().copy()


def department_region(spelling: str) -> str | None:
    """Region (code of 2016) of a department in any of its spellings.

    None for what belongs to no region: abroad, collectivities overseas, military, unknown.
    CodeError for a spelling that no source uses.

    >>> department_region("209"), department_region("9D"), department_region("1")
    ('94', '04', '84')
    >>> department_region("991") is None
    True
    """
    known = _region_by_spelling()
    if not isinstance(spelling, str) or spelling.strip() not in known:
        raise CodeError(
            f"Département {spelling!r} inconnu : écritures acceptées, comme texte, « 01 » ou "
            "« 001 », « 2A », « 02A » ou « 201 », « 971 » ou « 9A »."
        )
    return known[spelling.strip()]


def regions_by_spelling() -> pd.DataFrame:
    """One row per code or name of a region, by era.

    Columns (text): spelling, era (2016, 2016 provisoire, 2015, open_data), region (code of 2016,
    None for a zone of several regions), zone. A code has a meaning only within its era: 93 is
    Provence-Alpes-Côte d'Azur in 2016, and that region with Corse in open data.

    >>> table = regions_by_spelling().set_index(["era", "spelling"])
    >>> table.loc[("2015", "82"), "region"], table.loc[("open_data", "93"), "region"] is None
    ('84', True)
    """
    return _regions().copy()


@cache
def _departments() -> pd.DataFrame:
    plain = shipped.read("departments").rename(columns={"code": "department", "name": "label"})
    plain = plain.assign(kind="department")
    padded = plain["department"].str.zfill(3)
    short = plain[plain["department"].str.startswith("0")]
    parts = [
        plain.assign(spelling=plain["department"], notation="insee"),
        plain.assign(spelling=padded, notation="dcir")[padded != plain["department"]],
        short.assign(spelling=short["department"].str[1:], notation="unpadded"),
        shipped.read("department_spellings"),
    ]
    table = pd.concat(parts, ignore_index=True)
    zones = regions().set_index("code")["open_data_zone"]
    table["zone"] = table["region"].map(zones)
    for column in ("department", "region", "zone"):
        table[column] = empty_as_missing(table[column])
    names = ["spelling", "notation", "department", "region", "zone", "kind", "label"]
    return table[names]


@cache
def _region_by_spelling() -> dict[str, str | None]:
    table = _departments()
    return dict(zip(table["spelling"], table["region"], strict=True))


@cache
def _regions() -> pd.DataFrame:
    now = regions()
    zone_of = dict(zip(now["code"], now["open_data_zone"], strict=True))
    old, zones = old_regions(), open_data_zones()
    rows: list[tuple[str, str, str | None, str]] = []
    for code, name in now[["code", "name"]].to_numpy():
        spellings = {code, name, code.lstrip("0")}
        rows += [(each, "2016", code, zone_of[code]) for each in sorted(spellings)]
    for code, name, era, region in old[["code", "name", "era", "region"]].to_numpy():
        spellings = {code, name, code.lstrip("0")} - {""}
        rows += [(each, era, region, zone_of[region]) for each in sorted(spellings)]
    for code, name, held in zones[["code", "name", "regions"]].to_numpy():
        region = held[0] if len(held) == 1 else None
        rows += [(each, "open_data", region, code) for each in (code, name)]
    return pd.DataFrame(rows, columns=["spelling", "era", "region", "zone"])
