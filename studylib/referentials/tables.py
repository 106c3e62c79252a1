"""Dated reference tables shipped with studylib: regions, departments, observatories, zones.

Each file of ``data/`` has its state date, source, licence and hash in ``data/index.csv``.
"""

from __future__ import annotations

import re

import pandas as pd

from studylib.errors import CodeError
from studylib.referentials import shipped

REGION_ERA = 2016
_ATC = re.compile(r"[A-Z](?:[0-9]{2}(?:[A-Z](?:[A-Z](?:[0-9]{2})?)?)?)?")


def _grouped(name: str) -> pd.DataFrame:
    table = shipped.read(name).copy()
    table["regions"] = table["regions"].str.split().map(tuple)
    return table


def _by_region(groups: pd.DataFrame) -> dict[str, str]:
    """Code of the group that holds each region."""
    pairs = groups[["code", "regions"]].itertuples(index=False, name=None)
    return {region: code for code, regions in pairs for region in regions}


def reference_files() -> pd.DataFrame:
    """One row per shipped file: name, file, version, title, producer, licence, source, sha256.

    >>> reference_files().set_index("name").loc["regions", "version"]
    '2016-01-01'
    """
    return shipped.index().copy()


def regions() -> pd.DataFrame:
    """The 18 regions of 2016: code, name, era, overseas, observatory, open_data_zone.

    ``code`` is INSEE's, as text; ``observatory`` and ``open_data_zone`` are codes of
    ``observatories()`` and ``open_data_zones()``.

    >>> regions().set_index("code").loc["94", ["name", "open_data_zone"]].tolist()
    ['Corse', '93']
    """
    table = shipped.read("regions")
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
    return shipped.read("departments").copy()


def old_regions() -> pd.DataFrame:
    """Regions as named before the reform: code, name, era, region (code of 2016 that holds it).

    ``era`` is "2015" for the 27 regions of before 2016 and "2016 provisoire" for the seven names
    put together in 2016, which open data still carry.

    >>> old = old_regions()
    >>> old.loc[old["name"] == "Nord-Pas-de-Calais-Picardie", "region"].item()
    '32'
    """
    return shipped.read("old_regions").copy()


def observatories() -> pd.DataFrame:
    """The observatories of medicines: code, name, regions, interregional.

    ``regions`` is a tuple of region codes; an interregional observatory serves several (CSP
    R1413-90). State of 2026-01-01, to be confirmed with each regional health agency.

    >>> observatories().set_index("code").loc["PACAC", "regions"]
    ('93', '94')
    """
    table = _grouped("observatories")
    return table.assign(interregional=table["regions"].map(len) > 1)


def open_data_zones() -> pd.DataFrame:
    """Zones of the open data of the Cnam: code, name, regions (tuple of region codes).

    Zone 93 is PACA and Corse together, zone 5 the five overseas regions; others are regions.

    >>> open_data_zones().set_index("code").loc["5", "regions"]
    ('01', '02', '03', '04', '06')
    """
    return _grouped("open_data_zones")


def atc_labels() -> pd.DataFrame:
    """French labels of the ATC groups: code (level 1 or 2), label.

    >>> len(atc_labels().query("code.str.len() == 1"))
    14
    """
    return shipped.read("atc_groups").copy()


def atc_label(code: str) -> str:
    """French label of an ATC group of level 1 or 2, or of the level-2 group of a longer code.

    ``CodeError`` when the group does not exist.

    >>> atc_label("B"), atc_label("B01AF02")
    ('Sang et organes hématopoïétiques', 'Antithrombotiques')
    """
    labels: dict[str, str] = dict(shipped.read("atc_groups").itertuples(index=False, name=None))
    written = _ATC.fullmatch(str(code))
    group = str(code)[:3]
    if not written or group not in labels:
        raise CodeError(
            f"Groupe ATC « {code} » inconnu : attendu une lettre (A à V) ou le code d'un groupe "
            f"thérapeutique, par exemple « B01 »."
        )
    return labels[group]
