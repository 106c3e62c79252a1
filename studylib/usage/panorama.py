"""City drugs by ATC group, and how few products make most of the spending."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from studylib import referentials, tables
from studylib.errors import CodeError, EstimationError
from studylib.usage.schemas import CONCENTRATION, LORENZ, PANORAMA, TOP

Mapping = Literal["direct", "spread", "file"]
LEVELS = {1: 1, 2: 3, 3: 4, 4: 5, 5: 7}


def drug_panorama(
    drugs: pd.DataFrame, *, level: int = 1, mapping: Mapping = "spread"
) -> pd.DataFrame:
    """Amount, share, products and boxes of each ATC group, largest first, in ``PANORAMA``.

    ``mapping``: ``direct`` (the code of the speciality in the BDPM's list of essential drugs),
    ``spread`` (else the commonest code of the same substances) or ``file`` (the code written in
    Open Medic, complete layout only). Products without a code, or whose code is shorter than the
    level, make the last row, with an empty code: shares always add up to 1.

    >>> rows = {"cip13": ["1", "2"], "reimbursed": [30.0, 10.0], "boxes": [3.0, 1.0]}
    >>> drugs = pd.DataFrame({**rows, "atc_spread": ["A02BC01", ""]})
    >>> drug_panorama(drugs)[["atc", "share"]].to_dict("list")
    {'atc': ['A', ''], 'share': [0.75, 0.25]}
    """
    if level not in LEVELS:
        raise EstimationError(f"Niveau ATC {level} : un entier de 1 à 5 est attendu.")
    width = LEVELS[level]
    code = drugs[f"atc_{mapping}"]
    grouped = drugs.assign(atc=code.str[:width].where(code.str.len() >= width, "")).groupby("atc")
    frame = pd.DataFrame(
        {
            "reimbursed": grouped["reimbursed"].sum(),
            "products": grouped["cip13"].nunique(),
            "boxes": grouped["boxes"].sum(min_count=1).astype(float),
        }
    ).reset_index()
    frame["share"] = frame["reimbursed"] / frame["reimbursed"].sum()
    frame["label"] = frame["atc"].map(_label)
    frame["unknown"] = frame["atc"] == ""
    frame = frame.sort_values(["unknown", "reimbursed", "atc"], ascending=[True, False, True])
    return tables.check(frame.drop(columns="unknown").reset_index(drop=True), PANORAMA)


def _label(atc: str) -> str:
    if not atc:
        return "Sans code ATC connu"
    for width in (len(atc), 3, 1):
        try:
            return str(referentials.atc_label(atc[:width]))
        except (CodeError, KeyError):
            continue
    return atc


def concentration(amounts: pd.Series) -> pd.DataFrame:
    """How concentrated amounts are over products: one row in the columns of ``CONCENTRATION``.

    Products at zero or below are left out. The product that crosses 80 % is counted. The Gini
    coefficient has no n/(n-1) correction: 0 when all are equal, (n-1)/n when one holds all.

    Reference: Gini C (1912); the discrete formula of Damgaard C, Weiner J (2000), Ecology 81:1139.

    >>> concentration(pd.Series([60.0, 30.0, 10.0])).loc[0, "products_for_80"].item()
    2
    """
    held = _descending(amounts)
    cumulated = np.cumsum(held) / held.sum()
    size = len(held)
    ascending = held[::-1]
    ranks = np.arange(1, size + 1)
    gini = float((2 * ranks - size - 1) @ ascending / (size * ascending.sum()))
    row = {
        "products": size,
        "reimbursed": float(held.sum()),
        "top_10": float(cumulated[min(10, size) - 1]),
        "top_100": float(cumulated[min(100, size) - 1]),
        "products_for_80": int(np.searchsorted(cumulated, 0.8 - 1e-12) + 1),
        "gini": gini,
    }
    return tables.check(pd.DataFrame([row]), CONCENTRATION)


def lorenz(amounts: pd.Series, *, points: int = 200) -> pd.DataFrame:
    """The concentration curve, largest products first, thinned to ``points`` rows (``LORENZ``)."""
    held = _descending(amounts)
    ranks = np.unique(np.geomspace(1, len(held), num=min(points, len(held))).round().astype(int))
    frame = pd.DataFrame(
        {
            "rank": ranks,
            "product_share": ranks / len(held),
            "amount_share": (np.cumsum(held) / held.sum())[ranks - 1],
        }
    )
    return tables.check(frame, LORENZ)


def top_products(drugs: pd.DataFrame, *, count: int = 10) -> pd.DataFrame:
    """The ``count`` presentations with the largest amounts, in the columns of ``TOP``."""
    ordered = drugs.sort_values(["reimbursed", "cip13"], ascending=[False, True]).head(count)
    share = ordered["reimbursed"] / drugs["reimbursed"].sum()
    frame = ordered[["cip13", "label", "reimbursed"]].assign(
        rank=np.arange(1, len(ordered) + 1), share=share, cumulative_share=share.cumsum()
    )
    return tables.check(frame.reset_index(drop=True), TOP)


def _descending(amounts: pd.Series) -> np.ndarray:
    held = np.sort(amounts[amounts > 0].to_numpy(dtype=float))[::-1]
    if len(held) == 0:
        raise EstimationError("Concentration : aucun produit au montant positif.")
    return held
