"""Choosing products by active substance, never by label: a label may be missing or cut."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

import pandas as pd

from studylib.errors import EstimationError


def folded(name: str) -> str:
    """Capitals without accents: ``Éxénatide`` and ``EXENATIDE`` are one name.

    >>> folded("Étanercept ")
    'ETANERCEPT'
    """
    flat = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return " ".join(flat.upper().split())


def with_substance(drugs: pd.DataFrame, substance: str, *, alone: bool = False) -> pd.DataFrame:
    """Products whose active substances include ``substance``, as whole words.

    Whole words keep a substance apart from those whose name contains its own: PEGFILGRASTIM from
    LIPEGFILGRASTIM. Salts are found by their base. ``alone`` leaves fixed combinations out.
    EstimationError when no product has it.
    """
    wanted = f" {folded(substance)} "
    names = drugs["substances"].map(lambda text: f" {folded(text)} ".replace(" + ", "  +  "))
    kept = names.str.contains(wanted, regex=False)
    if alone:
        kept &= drugs["substance_count"] == 1
    if not kept.any():
        raise EstimationError(
            f"Substance « {substance} » : aucun produit remboursé ; l'écrire comme dans la base de "
            "données publique des médicaments."
        )
    return drugs[kept]


def has_brand(drugs: pd.DataFrame, brands: Iterable[str]) -> pd.Series:
    """Whether the speciality's denomination in the BDPM begins with one of ``brands``.

    >>> drugs = pd.DataFrame({"brand": ["LANTUS 100 unités/ml", "LANTUSIA 5 mg"]})
    >>> has_brand(drugs, ["Lantus"]).tolist()
    [True, False]
    """
    starts = tuple(f"{folded(brand)} " for brand in brands)
    named = drugs["brand"].map(lambda text: f"{folded(text)} ".replace(", ", " "))
    return named.map(lambda text: text.startswith(starts)) if starts else named != named
