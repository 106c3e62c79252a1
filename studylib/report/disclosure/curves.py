"""Survival curves without the steps that single people out.

Between two points shown, the events and the persons leaving are none or at least the threshold;
nothing is shown where fewer persons than the threshold are still at risk. Persons at risk and
events so far are rounded up to tens (the threshold less one): exact ones, less the counts of
another table or page, would tell of one person.
"""

from __future__ import annotations

from itertools import pairwise

import pandas as pd

_LABELS = ("day", "estimate", "ci_low", "ci_high", "at_risk", "events")


def coarsen(curves: pd.DataFrame, *, threshold: int) -> pd.DataFrame:
    """The rows of ``curves`` that may be shown, by curve and day.

    >>> curve = pd.DataFrame({"arm": "AVK", "day": [0, 10, 20, 30], "measure": "survival",
    ...     "estimate": [1, .95, .9, .8], "ci_low": 0.7, "ci_high": 1.0,
    ...     "at_risk": [200, 190, 170, 8], "events": [0, 4, 15, 17]})
    >>> coarsen(curve, threshold=11)[["day", "at_risk", "events"]].to_numpy().tolist()
    [[0, 200, 0], [20, 170, 20]]
    """
    labels = [name for name in curves.columns if name not in _LABELS]
    parts = [
        _coarsen_one(curve.sort_values("day", kind="stable"), threshold)
        for _, curve in curves.groupby(labels, sort=False, dropna=False)
    ]
    if not parts:
        return curves.copy()
    kept = pd.concat(parts, ignore_index=True)
    unit = threshold - 1
    for name in ("at_risk", "events"):
        kept[name] = (-(-kept[name] // unit) * unit).astype(kept[name].dtype)
    return kept


def _coarsen_one(curve: pd.DataFrame, threshold: int) -> pd.DataFrame:
    rows = list(zip(curve["at_risk"].astype(int), curve["events"].astype(int), strict=True))
    usable = [index for index, (at_risk, _) in enumerate(rows) if at_risk >= threshold]
    if not usable:
        return curve.iloc[:0]
    kept = [usable[0]]
    for index in usable[1:]:
        if _far_enough(rows[kept[-1]], rows[index], threshold):
            kept.append(index)
    last = usable[-1]
    if kept[-1] != last:  # reach the end of the curve: the last steps are merged
        earlier = [i for i in kept if _far_enough(rows[i], rows[last], threshold)]
        if earlier:
            kept = [*earlier, last] if _chain_holds(rows, [*earlier, last], threshold) else kept
    return curve.iloc[kept] if _first_is_safe(rows[kept[0]], threshold) else curve.iloc[:0]


def _chain_holds(rows: list[tuple[int, int]], kept: list[int], threshold: int) -> bool:
    return all(_far_enough(rows[a], rows[b], threshold) for a, b in pairwise(kept))


def _first_is_safe(row: tuple[int, int], threshold: int) -> bool:
    return row[1] == 0 or row[1] >= threshold


def _far_enough(earlier: tuple[int, int], later: tuple[int, int], threshold: int) -> bool:
    """Whether events, persons leaving and censored persons are each none or enough."""
    events = later[1] - earlier[1]
    leaving = earlier[0] - later[0]
    return all(gap == 0 or gap >= threshold for gap in (events, leaving, abs(leaving - events)))
