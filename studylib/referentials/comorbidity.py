"""Charlson's comorbidities: ICD-10 codes of Quan 2005, published weights."""

from __future__ import annotations

from typing import Literal

import pandas as pd

from studylib.errors import DataMissing
from studylib.referentials import shipped

Weights = Literal["1987", "2011"]


def charlson(weights: str = "1987") -> pd.DataFrame:
    """Codes and weights of Charlson's index, one row per code prefix.

    Columns: condition, label (French), code (CIM-10 prefix without dot), weight (integer),
    supersedes (the milder condition not counted beside this one, "" when none). ``weights``:
    "1987" (Charlson, J Chronic Dis 1987;40:373) or "2011" (Quan, Am J Epidemiol 2011;173:676).
    Codes: Quan, Med Care 2005;43:1130. DataMissing for French weights: Bannay (Med Care 2016;
    54:188) looks for the conditions in ALD, procedures and drugs too and retains the index adjusted
    on age, in four classes; no two sources at hand give a table of its weights.

    >>> table = charlson().drop_duplicates("condition")
    >>> len(table), int(table["weight"].sum())
    (17, 33)
    """
    if weights not in ("1987", "2011"):
        raise DataMissing(
            f"Poids de Charlson « {weights} » absents : « 1987 » (Charlson) ou « 2011 » (Quan) ; "
            "aucun tableau de poids français (Bannay 2016) n'a pu être confirmé par deux sources."
        )
    table = shipped.read("charlson")
    out = table.assign(weight=table[f"weight_{weights}"].astype("int64"))
    return out[["condition", "label", "code", "weight", "supersedes"]].copy()
