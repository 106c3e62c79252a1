"""From the regions of a request to the zones open data are published for."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from studylib import referentials
from studylib.tables import CheckResult


def zones_of(regions: Iterable[str]) -> tuple[str, ...]:
    """Open-data zones that hold these regions, each once, in order.

    >>> zones_of(["94", "11", "93", "01"])
    ('93', '11', '5')
    """
    return tuple(dict.fromkeys(referentials.zone_code(region) for region in regions))


def zone_name(zone: str) -> str:
    """The name of an open-data zone.

    >>> zone_name("93")
    "Provence-Alpes-Côte d'Azur et Corse"
    """
    zones = referentials.open_data_zones()
    return str(dict(zip(zones["code"], zones["name"], strict=True))[zone])


def check_zones(regions: Iterable[str]) -> CheckResult:
    """Whether each region has its own open-data zone; informs, with names, when one has not.

    >>> check_zones(["11"]).passed
    True
    """
    asked = list(regions)
    zones = referentials.open_data_zones().set_index("code")
    held_by = dict(zip(zones.index, zones["regions"], strict=True))
    shared = {zone: [str(code) for code in held_by[zone]] for zone in zones_of(asked)}
    wider = {zone: held for zone, held in shared.items() if not set(held) <= set(asked)}
    table = pd.DataFrame({"zone": list(shared), "name": [zone_name(zone) for zone in shared]})
    if not wider:
        text = "chaque région demandée est comptée à part, ou toute sa zone est demandée."
        return CheckResult("Zones", True, table, text)
    parts = []
    for zone, held in wider.items():
        named = ", ".join(referentials.region_name(code) for code in held if code in asked)
        parts.append(f"{named} : chiffres de la zone « {zone_name(zone)} » entière")
    text = "Les données ouvertes ne séparent pas toutes les régions ; " + " ; ".join(parts) + "."
    return CheckResult("Zones", None, table, text)
