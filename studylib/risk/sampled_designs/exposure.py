"""Whether persons were exposed in given stretches of days."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from studylib.errors import EstimationError
from studylib.risk.received import received

NAME = "Expositions"


def exposed_in(
    moments: pd.DataFrame, exposures: pd.DataFrame, *, first: str = "from_", after: str = "to"
) -> pd.DataFrame:
    """A column per drug, 1 where an exposure meets the days ``[first, after)`` of a moment, else 0.

    ``moments`` has person_id and the two columns of days; ``exposures`` person_id, drug, start,
    end. The rows and the index are those of ``moments``.

    >>> moments = pd.DataFrame({"person_id": [1, 1], "from_": [0, 30], "to": [10, 40]})
    >>> use = pd.DataFrame({"person_id": [1], "drug": ["A"], "start": [9], "end": [20]})
    >>> exposed_in(moments, use)["A"].tolist()
    [1, 0]
    """
    asked = received(moments, NAME, "moments", keys=["person_id"], days=[first, after])
    used = received(
        exposures, NAME, "exposures", keys=["person_id"], texts=["drug"], days=["start", "end"]
    )
    if (used["end"] <= used["start"]).any() or (asked[after] <= asked[first]).any():
        raise EstimationError(f"{NAME} : des lignes se terminent avant leur début.")
    persons = pd.Index(asked["person_id"].unique())
    row = persons.get_indexer(pd.Index(asked["person_id"]))
    low, high = (asked[name].to_numpy(np.int64) for name in (first, after))
    found = {}
    for drug, eras in used.groupby("drug", sort=True):
        at = persons.get_indexer(pd.Index(eras["person_id"]))
        start, end = (eras[name].to_numpy(np.int64) for name in ("start", "end"))
        met = _met(at[at >= 0], start[at >= 0], end[at >= 0], row, low, high)
        found[str(drug)] = met.astype(np.int64)
    return pd.DataFrame(found, index=moments.index)


def with_exposure(moments: pd.DataFrame, exposures: pd.DataFrame) -> pd.DataFrame:
    """``moments`` and their columns of ``exposed_in``; EstimationError for a drug named as another.

    EstimationError also when no exposure is given.
    """
    found = exposed_in(moments, exposures)
    if found.columns.empty:
        raise EstimationError(f"{NAME} : aucune exposition ; en donner une au moins.")
    named = [drug for drug in found if drug in moments]
    if named:
        raise EstimationError(
            f"{NAME} : le médicament « {named[0]} » a le nom d'une colonne des ensembles ; le "
            "renommer."
        )
    return pd.concat([moments, found], axis=1)


Ints = NDArray[np.int64]


def _met(at: Ints, start: Ints, end: Ints, row: Ints, low: Ints, high: Ints) -> NDArray[np.bool_]:
    """Whether an era of the row meets ``[low, high)``: the one that, begun before, ends last."""
    if not len(at):
        return np.zeros(len(row), bool)
    first = int(min(start.min(), low.min()))
    width = int(max(end.max(), high.max())) - first + 1
    order = np.argsort(at * width + (start - first), kind="stable")
    key = (at * width + (start - first))[order]
    reached = np.maximum.accumulate((at * width + (end - first))[order])
    last = np.searchsorted(key, row * width + (high - first), side="left") - 1
    return (last >= 0) & (reached[last] > row * width + (low - first))
