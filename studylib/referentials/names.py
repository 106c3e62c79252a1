"""From the names that open data write to codes, and from codes to names."""

from __future__ import annotations

import re
import unicodedata
from difflib import get_close_matches

from studylib.errors import CodeError
from studylib.referentials import shipped
from studylib.referentials.tables import (
    observatories,
    old_regions,
    open_data_zones,
    regions,
)


def folded(name: str) -> str:
    """Letters and digits only, small, without accents: what two spellings have in common."""
    plain = unicodedata.normalize("NFKD", name.replace("œ", "oe")).encode("ascii", "ignore")
    return re.sub(r"[^a-z0-9]", "", plain.decode().casefold())


def _region_names() -> dict[str, str]:
    provisional = old_regions().query("era == '2016 provisoire'")
    pairs = [
        *regions()[["name", "code"]].itertuples(index=False, name=None),
        *provisional[["name", "region"]].itertuples(index=False, name=None),
        *shipped.read("region_names").itertuples(index=False, name=None),
    ]
    return {folded(name): code for name, code in pairs}


def _zone_names() -> dict[str, str]:
    return {folded(name): code for code, name in open_data_zones()[["code", "name"]].to_numpy()}


def region_name(code: str) -> str:
    """Name of the region of ``code``; ``CodeError`` when it is not a region of 2016.

    >>> region_name("84")
    'Auvergne-Rhône-Alpes'
    """
    return str(_region_row(code)["name"])


def observatory(code: str) -> str:
    """Name of the observatory of medicines of the region of ``code``.

    >>> observatory("94")
    "OMEDIT Provence-Alpes-Côte d'Azur et Corse"
    """
    names = observatories().set_index("code")["name"]
    return str(names[str(_region_row(code)["observatory"])])


def _region_row(code: str) -> dict[str, object]:
    table = regions().set_index("code")
    if not isinstance(code, str) or code not in table.index:
        known = ", ".join(f"{key} {name}" for key, name in table["name"].items())
        raise CodeError(f"Région « {code} » inconnue : attendu un des codes {known}.")
    return {str(key): value for key, value in table.loc[code].items()}


def region_code(name: str) -> str:
    """INSEE code of 2016 of a region, from its code or any spelling met in open data.

    Accents, capitals, hyphens, apostrophes and spaces do not count; the names put together in
    2016 are known. ``CodeError`` for a zone that groups several regions, for a region of before
    2016 (``old_regions()`` says which one holds it), and for an unknown name, with close ones.

    >>> region_code("Aquitaine-Limousin-Poitou-Charentes"), region_code("Guadeloupe ")
    ('75', '01')
    """
    text = str(name).strip()
    if text in set(regions()["code"]):
        return text
    known = _region_names()
    if folded(text) in known:
        return known[folded(text)]
    raise CodeError(f"Région « {name} » {_why_not_a_region(text, known)}.")


def zone_code(name: str) -> str:
    """Code of the open-data zone of a zone name, a region name or a region code.

    ``CodeError`` otherwise, among others for the unknown region ("Inconnu", "0 et 99").

    >>> zone_code("Régions et Départements d'outre-mer "), zone_code("Corse"), zone_code("11")
    ('5', '93', '11')
    """
    text = str(name).strip()
    zones = _zone_names()
    if text in set(zones.values()):
        return text
    if folded(text) in zones:
        return zones[folded(text)]
    return str(_region_row(region_code(text))["open_data_zone"])


def _why_not_a_region(text: str, known: dict[str, str]) -> str:
    written = folded(text)
    if written in _zone_names():
        return "réunit plusieurs régions dans les données ouvertes : utiliser zone_code"
    if written in ("inconnu", "0et99", "99", "0"):
        return "non renseignée dans la source : écarter ces lignes et dire leur part"
    for row in old_regions().query("era == '2015'").to_dict("records"):
        if written in (folded(row["name"]), row["code"]):
            return f"d'avant 2016, comprise dans {region_name(row['region'])} ({row['region']})"
    names = {folded(row): row for row in regions()["name"]}
    close = get_close_matches(written, list(names), n=3, cutoff=0.5)
    shown = [f"{names[key]} ({known[key]})" for key in close] or list(names.values())
    return f"inconnue : noms proches {', '.join(shown)}"
