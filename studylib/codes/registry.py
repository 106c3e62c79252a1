"""The code systems studylib knows, by name."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType

from studylib.codes import care, drugs, geography, omop
from studylib.codes.systems import CodeSystem
from studylib.errors import CodeError

SYSTEMS: Mapping[str, CodeSystem] = MappingProxyType(
    {
        known.name: known
        for known in (
            drugs.ATC,
            drugs.CIP7,
            drugs.CIP13,
            drugs.UCD7,
            drugs.UCD13,
            care.CIM10,
            care.CCAM,
            care.GHM,
            care.FINESS,
            geography.REGION,
            geography.DEPARTMENT,
            omop.OMOP,
        )
    }
)


def system(name: str) -> CodeSystem:
    """The code system called ``name``; ``CodeError`` naming those that exist otherwise.

    >>> system("ATC").check("B01AF02")
    'B01AF02'
    >>> system("ATC").is_valid("N06DA0")
    False
    """
    if name in SYSTEMS:
        return SYSTEMS[name]
    folded = {known.casefold(): known for known in SYSTEMS}
    close = get_close_matches(str(name).casefold(), list(folded), n=1)
    advice = f" ; vouliez-vous « {folded[close[0]]} » ?" if close else "."
    raise CodeError(
        f"Système de codes « {name} » inconnu : les systèmes connus sont "
        f"{', '.join(SYSTEMS)}{advice}"
    )
