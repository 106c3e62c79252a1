"""What the way of reaching ATC does to an indicator in euros.

Open Medic's aggregate has no ATC, and the BDPM gives one to essential drugs only: a code is the
speciality's own (direct), or the commonest of its substances (spread), or is not needed when the
substance itself is counted. The three answers may differ threefold.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Any

import pandas as pd
import yaml

from studylib import tables
from studylib.errors import EstimationError
from studylib.usage.schemas import MAPPING
from studylib.usage.substances import with_substance


def mapping_effect(
    drugs: pd.DataFrame,
    indicator: str,
    *,
    prefixes: Iterable[str],
    substances: Iterable[str] = (),
) -> pd.DataFrame:
    """One indicator's euros under each way of reaching ATC, in the columns of ``MAPPING``.

    ``prefixes`` of ATC codes, for the two mappings; ``substances``, for the count by substance
    (combinations included), left empty to do without it.

    >>> rows = {"reimbursed": [5.0, 2.0], "substances": ["EZETIMIBE", "EZETIMIBE + SIMVASTATINE"]}
    >>> drugs = pd.DataFrame({**rows, "atc_direct": ["C10AX09", ""], "atc_spread": ["C10AX09", ""]})
    >>> effect = mapping_effect(drugs, "e", prefixes=["C10AX09"], substances=["EZETIMIBE"])
    >>> effect[["direct", "spread", "substance"]].to_numpy().tolist()
    [[5.0, 5.0, 7.0]]
    """
    starts = tuple(prefixes)
    named = {
        name: drugs.loc[drugs[f"atc_{name}"].str.startswith(starts), "reimbursed"].sum()
        for name in ("direct", "spread")
    }
    row = {"indicator": indicator, **named, "substance": _by_substance(drugs, substances)}
    return tables.check(pd.DataFrame([row]), MAPPING)


def mapping_effects(drugs: pd.DataFrame) -> pd.DataFrame:
    """``mapping_effect`` for the indicators studylib knows, after the euros each mapping covers.

    The indicators, with their codes and substances, stand in ``mapping_indicators.yaml``; one
    whose substances are not in the data is left out. The first row, ``coverage``, holds the euros
    that have a code (or a known substance) at all.
    """
    parts = [_coverage(drugs)]
    for entry in _indicators():
        try:
            parts.append(
                mapping_effect(
                    drugs,
                    entry["label"],
                    prefixes=entry["prefixes"],
                    substances=entry["substances"],
                )
            )
        except EstimationError:
            continue
    return tables.check(pd.concat(parts, ignore_index=True), MAPPING)


def _coverage(drugs: pd.DataFrame) -> pd.DataFrame:
    coded = {
        name: drugs.loc[drugs[f"atc_{name}"] != "", "reimbursed"].sum()
        for name in ("direct", "spread")
    }
    known = drugs.loc[drugs["substances"] != "", "reimbursed"].sum()
    return pd.DataFrame([{"indicator": "coverage", **coded, "substance": known}])


def _by_substance(drugs: pd.DataFrame, substances: Iterable[str]) -> float:
    wanted = list(substances)
    if not wanted:
        return float("nan")
    reached = pd.Series(False, index=drugs.index)
    for name in wanted:
        reached[with_substance(drugs, name).index] = True
    return float(drugs.loc[reached, "reimbursed"].sum())


@cache
def _indicators() -> tuple[dict[str, Any], ...]:
    text = resources.files(__package__).joinpath("mapping_indicators.yaml").read_text("utf-8")
    return tuple(yaml.safe_load(text))
