"""Which class of drugs an ICD-10 code of poisoning or adverse effect names."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import resources

import pandas as pd

UNSPECIFIED = "Classe non précisée"


@cache
def drug_classes() -> pd.DataFrame:
    """The map shipped with studylib: code (what a code begins with), drug_class, atc (prefixes)."""
    file = resources.files(__package__) / "drug_classes.csv"
    with file.open(encoding="utf-8") as stream:
        return pd.read_csv(stream, dtype=str, keep_default_na=False)


def class_of(code: str) -> str:
    """The class that the longest matching code of the map names.

    >>> class_of("Y442"), class_of("Y449"), class_of("K711")
    ('Anticoagulants', 'Autres médicaments systémiques et du sang', 'Classe non précisée')
    """
    named = dict(zip(drug_classes()["code"], drug_classes()["drug_class"], strict=True))
    lengths = range(len(code), 2, -1)
    return next((named[code[:n]] for n in lengths if code[:n] in named), UNSPECIFIED)


def class_of_atc(atc: str) -> str:
    """The class whose ATC prefix is the longest that the code begins with.

    >>> class_of_atc("B01AF02"), class_of_atc("B01AC06"), class_of_atc("")
    ('Anticoagulants', 'Antiagrégants et thrombolytiques', 'Classe non précisée')
    """
    held = [
        (len(prefix), name)
        for name, prefixes in zip(drug_classes()["drug_class"], drug_classes()["atc"], strict=True)
        for prefix in prefixes.split()
        if atc.startswith(prefix)
    ]
    return max(held)[1] if held else UNSPECIFIED


def classes_of(codes: Iterable[str]) -> pd.DataFrame:
    """One row per code: code and drug_class, as text columns an engine can load."""
    rows = [(code, class_of(code)) for code in codes]
    return pd.DataFrame(rows, columns=["code", "drug_class"]).astype("string")
