"""Dated reference tables shipped with studylib: regions, departments, observatories, zones.

Each file of ``data/`` has its state date and its source in ``data/index.csv``.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

import pandas as pd

from studylib.errors import CodeError

REGION_ERA = 2016
_ATC = re.compile(r"[A-Z](?:[0-9]{2}(?:[A-Z](?:[A-Z](?:[0-9]{2})?)?)?)?")


@cache
def _read(file: str) -> pd.DataFrame:
    source = resources.files("studylib.referentials") / "data" / file
    with source.open(encoding="utf-8") as stream:
        return pd.read_csv(stream, dtype=str, keep_default_na=False)


def _grouped(file: str) -> pd.DataFrame:
    table = _read(file).copy()
    table["regions"] = table["regions"].str.split().map(tuple)
    return table


def _by_region(groups: pd.DataFrame) -> dict[str, str]:
    """Code of the group that holds each region."""
    pairs = groups[["code", "regions"]].itertuples(index=False, name=None)
    return {region: code for code, regions in pairs for region in regions}


def reference_files() -> pd.DataFrame:
    """One row per reference file: file, version (state date), source.

    >>> list(reference_files().columns)
    ['file', 'version', 'source']
    """
    return _read("index.csv").copy()


def regions() -> pd.DataFrame:
    """The 18 regions of 2016: code, name, era, overseas, observatory, open_data_zone.

    ``code`` is INSEE's, as text; ``observatory`` and ``open_data_zone`` are codes of
    ``observatories()`` and ``open_data_zones()``.

    >>> regions().set_index("code").loc["94", ["name", "open_data_zone"]].tolist()
    ['Corse', '93']
    """
    table = _read("regions.csv")
    return table.assign(
        era=REGION_ERA,
        overseas=table["overseas"] == "true",
        observatory=table["code"].map(_by_region(observatories())),
        open_data_zone=table["code"].map(_by_region(open_data_zones())),
    )[["code", "name", "era", "overseas", "observatory", "open_data_zone"]]


def departments() -> pd.DataFrame:
    """The 101 departments: code, name, region (code of 2016).

    >>> departments().set_index("code").loc["2A"].tolist()
    ['Corse-du-Sud', '94']
    """
    return _read("departments.csv").copy()


def old_regions() -> pd.DataFrame:
    """Regions as named before the reform: code, name, era, region (code of 2016 that holds it).

    ``era`` is "2015" for the 27 regions of before 2016 and "2016 provisoire" for the seven names
    put together in 2016, which open data still carry.

    >>> old = old_regions()
    >>> old.loc[old["name"] == "Nord-Pas-de-Calais-Picardie", "region"].item()
    '32'
    """
    return _read("old_regions.csv").copy()


def observatories() -> pd.DataFrame:
    """The observatories of medicines: code, name, regions, interregional.

    ``regions`` is a tuple of region codes; an interregional observatory serves several (CSP
    R1413-90). State of 2026-01-01, to be confirmed with each regional health agency.

    >>> observatories().set_index("code").loc["PACAC", "regions"]
    ('93', '94')
    """
    table = _grouped("observatories.csv")
    return table.assign(interregional=table["regions"].map(len) > 1)


def open_data_zones() -> pd.DataFrame:
    """Zones of the open data of the Cnam: code, name, regions (tuple of region codes).

    Zone 93 is PACA and Corse together, zone 5 the five overseas regions; others are regions.

    >>> open_data_zones().set_index("code").loc["5", "regions"]
    ('01', '02', '03', '04', '06')
    """
    return _grouped("open_data_zones.csv")


def atc_labels() -> pd.DataFrame:
    """French labels of the ATC groups: code (level 1 or 2), label.

    >>> len(atc_labels().query("code.str.len() == 1"))
    14
    """
    return _read("atc.csv").copy()


def atc_label(code: str) -> str:
    """French label of an ATC group of level 1 or 2, or of the level-2 group of a longer code.

    ``CodeError`` when the group does not exist.

    >>> atc_label("B"), atc_label("B01AF02")
    ('Sang et organes hématopoïétiques', 'Antithrombotiques')
    """
    labels: dict[str, str] = dict(_read("atc.csv").itertuples(index=False, name=None))
    written = _ATC.fullmatch(str(code))
    group = str(code)[:3]
    if not written or group not in labels:
        raise CodeError(
            f"Groupe ATC « {code} » inconnu : attendu une lettre (A à V) ou le code d'un groupe "
            f"thérapeutique, par exemple « B01 »."
        )
    return labels[group]
