"""Who is at risk when: rows put in the order of strata and days, once for every evaluation.

Follow-up counts in whole days, so the risk sets are few: sums over them are cumulative sums over
the distinct days of each stratum, and no risk set is ever listed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = np.ndarray
Integers: TypeAlias = np.ndarray
ApproximateTies: TypeAlias = Literal["efron", "breslow"]


@dataclass(frozen=True)
class RiskSets:
    """Rows in the order of (stratum, stop), and the distinct days their sums stand on.

    A row is at risk on days ``start < day <= stop``. ``order`` puts given rows in this order;
    ``moment`` is the distinct (stratum, day) each row leaves at, ``entered`` the number of moments
    up to and including its start (0 when it starts before the first). ``last`` is, for each
    moment, the last one of its stratum. ``tied`` lists moments with an event, one item per event
    (rows of events in order: ``event_rows``); ``fraction`` is the share of the tied events taken
    out of the risk set in that item's turn (Efron), 0 under Breslow.
    """

    order: Integers
    moment: Integers
    entered: Integers
    truncated: bool
    first: Integers
    last: Integers
    days: Floats
    event_rows: Integers
    tied: Integers
    fraction: Floats
    weights: Floats
    turn_weight: Floats
    ties: str

    @property
    def moments(self) -> int:
        """How many distinct days of strata there are."""
        return len(self.days)


def risk_sets(
    start: Floats | None,
    stop: Floats,
    event: NDArray[np.bool_],
    *,
    weights: Floats | None = None,
    strata: Integers | None = None,
    ties: str = "efron",
) -> RiskSets:
    """The risk sets of rows ``(start, stop]``; ``start`` is None when all begin together.

    ``strata`` are whole numbers from 0. Rows of weight zero take no part and are to be left out
    before.
    """
    days, day_of = np.unique(stop, return_inverse=True)
    size = len(stop)
    stratum = np.zeros(size, np.int64) if strata is None else strata
    key = stratum * len(days) + day_of
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    fresh = np.r_[True, ordered[1:] != ordered[:-1]]
    moment = np.cumsum(fresh) - 1
    first = np.flatnonzero(fresh)
    keys = ordered[first]
    edges = np.flatnonzero(np.r_[keys[1:] // len(days) != keys[:-1] // len(days), True])
    last = edges[np.searchsorted(edges, np.arange(len(keys)))]
    truncated = start is not None
    entered = np.zeros(size, np.int64)
    if start is not None:
        begun = np.searchsorted(days, start, side="right")
        entered = np.searchsorted(keys, stratum * len(days) + begun, side="left")[order]
    weight = np.ones(size) if weights is None else np.asarray(weights, float)
    weight = weight[order]
    rows = np.flatnonzero(np.asarray(event, bool)[order])
    tied, fraction, turn = _turns(moment[rows], weight[rows], ties)
    return RiskSets(
        order, moment, entered, truncated, first, last, days[keys % len(days)], rows, tied,
        fraction, weight, turn, ties,
    )  # fmt: skip


def _turns(tied: Integers, weights: Floats, ties: str) -> tuple[Integers, Floats, Floats]:
    """Moment of each event, the share of its ties already gone, and its weight.

    Under Efron, tied events leave one after the other, each with the mean weight of its ties, as
    none is known to be the first.
    """
    if ties == "breslow" or not len(tied):
        return tied, np.zeros(len(tied)), weights
    begins = np.flatnonzero(np.r_[True, tied[1:] != tied[:-1]])
    sizes = np.diff(np.r_[begins, len(tied)])
    rank = np.arange(len(tied)) - np.repeat(begins, sizes)
    mean = np.repeat(np.add.reduceat(weights, begins) / sizes, sizes)
    return tied, rank / np.repeat(sizes, sizes), mean


def reweighted(sets: RiskSets, times: Floats) -> RiskSets:
    """``sets`` with the weight of each row (in order) multiplied by ``times``, zero leaving it out.

    The order of rows and the risk sets stay as they are, so that a bootstrap sorts once.
    """
    weights = sets.weights * times
    rows = sets.event_rows[times[sets.event_rows] > 0]
    tied, fraction, turn = _turns(sets.moment[rows], weights[rows], sets.ties)
    return replace(
        sets, weights=weights, event_rows=rows, tied=tied, fraction=fraction, turn_weight=turn
    )


def at_risk_sums(sets: RiskSets, values: Floats) -> Floats:
    """For each moment, the sum of ``values`` (rows in order, one or several columns) at risk."""
    by_exit = np.add.reduceat(values, sets.first, axis=0)
    total = _from_the_end(by_exit, sets.last)
    if sets.truncated:
        total = total - _from_the_end(_by_entry(sets, values), sets.last)
    return total


def _by_entry(sets: RiskSets, values: Floats) -> Floats:
    """Sums of rows by the last moment they are not yet at risk at; nothing where they all are."""
    late = np.flatnonzero(sets.entered > 0)
    before = sets.entered[late] - 1
    shape = (sets.moments,) if values.ndim == 1 else (sets.moments, values.shape[1])
    sums = np.zeros(shape)
    # A row that starts before its stratum's first day has nothing to subtract there.
    own = sets.last[before] == sets.last[sets.moment[late]]
    late, before = late[own], before[own]
    if values.ndim == 1:
        return np.asarray(np.bincount(before, weights=values[late], minlength=sets.moments))
    for column in range(values.shape[1]):
        sums[:, column] = np.bincount(before, values[late, column], minlength=sets.moments)
    return sums


def _from_the_end(sums: Floats, last: Integers) -> Floats:
    """Sums from each moment to the last one of its stratum."""
    running = np.cumsum(sums, axis=0)
    return np.asarray(running[last] - running + sums)


def since_entry(sets: RiskSets, hazard: Floats) -> Floats:
    """For each row, the sum of ``hazard`` (by moment, one or several columns) while at risk."""
    zero = np.zeros((1, *hazard.shape[1:]))
    running = np.concatenate([zero, np.cumsum(hazard, axis=0)])
    stratum_start = np.r_[0, np.flatnonzero(np.diff(sets.last)) + 1]
    begins = stratum_start[np.searchsorted(stratum_start, sets.moment, side="right") - 1]
    entry = np.maximum(sets.entered, begins) if sets.truncated else begins
    return np.asarray(running[sets.moment + 1] - running[entry])
