"""Greedy nearest neighbours on a line, in time that grows as n log n.

Candidates stand in cells, one per exclusion group and value, in order. Free cells are found from
any point by two chains of pointers (union-find): a cell emptied points to its neighbour. The
matching is greedy, each choice bearing on the next, so persons are gone through one by one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


class Line:
    """The candidates of a matching: ``group`` (exact columns), ``value``, in the order of ids."""

    def __init__(self, group: np.ndarray, value: np.ndarray, ids: np.ndarray) -> None:
        order = np.lexsort((ids, value, group))
        self.order: list[int] = order.tolist()
        group, value = group[order], value[order]
        new = np.r_[True, (np.diff(group) != 0) | (np.diff(value) != 0)][: len(order)]
        starts = np.flatnonzero(new)
        self.cell_group = group[starts]
        self.cell_value = value[starts]
        self.head: list[int] = starts.tolist()  # first person still free in each cell
        self.ends: list[int] = np.r_[starts[1:], len(order)].tolist()
        self.rank: list[int] = np.argsort(np.argsort(ids, kind="stable")).tolist()
        size = len(starts)
        self.up: list[int] = list(range(size + 1))  # size: nothing above
        self.down: list[int] = list(range(size + 1))  # shifted by one; 0: nothing below

    def places(self, group: np.ndarray, value: np.ndarray) -> list[int]:
        """For each person to match, the first cell of its group at its value or above."""
        size = len(self.cell_group)
        both_group = np.r_[self.cell_group, group]
        both_value = np.r_[self.cell_value, value]
        late = np.r_[np.ones(size, int), np.zeros(len(group), int)]
        order = np.lexsort((late, both_value, both_group))
        passed = np.cumsum(late[order])
        found = np.empty(len(order), int)
        found[order] = passed
        return [int(i) for i in found[size:]]

    def take(self, cell: int) -> int:
        """The free person of lowest id in the cell, free no more."""
        person = self.order[self.head[cell]]
        self.head[cell] += 1
        if self.head[cell] == self.ends[cell]:
            self.up[cell] = cell + 1
            self.down[cell + 1] = cell
        return person


def _root(chain: list[int], start: int) -> int:
    end = start
    while chain[end] != end:
        end = chain[end]
    while chain[start] != end:
        chain[start], start = end, chain[start]
    return end


def closest_free(
    line: Line,
    turns: Sequence[int],
    places: Sequence[int],
    group: Sequence[int],
    value: Sequence[float],
    *,
    caliper: float,
    ratio: int,
) -> list[tuple[int, int, float]]:
    """(person, candidate, distance) without replacement, ``turns`` gone through ``ratio`` times.

    Of two candidates at the same distance the one of lowest id is taken. A person without a free
    candidate within the caliper is not gone through again.
    """
    found: list[tuple[int, int, float]] = []
    cell_group, cell_value = line.cell_group.tolist(), line.cell_value.tolist()
    size = len(cell_group)
    waiting = list(turns)
    for _ in range(ratio):
        served = []
        for person in waiting:
            above = _root(line.up, places[person])
            below = _root(line.down, places[person]) - 1
            best, chosen = np.inf, -1
            if above < size and cell_group[above] == group[person]:
                best, chosen = cell_value[above] - value[person], above
            if below >= 0 and cell_group[below] == group[person]:
                distance = value[person] - cell_value[below]
                if distance < best or (distance == best and _lower(line, below, above)):
                    best, chosen = distance, below
            if chosen >= 0 and best <= caliper:
                found.append((person, line.take(chosen), best))
                served.append(person)
        waiting = served
    return found


def closest(
    line: Line,
    turns: Sequence[int],
    places: Sequence[int],
    group: Sequence[int],
    value: Sequence[float],
    *,
    caliper: float,
    ratio: int,
) -> list[tuple[int, int, float]]:
    """(person, candidate, distance) with replacement: the ``ratio`` closest of each person."""
    found = []
    cell_group, cell_value = line.cell_group.tolist(), line.cell_value.tolist()
    size = len(cell_group)
    for person in turns:
        above, below = places[person], places[person] - 1
        seen: list[tuple[float, int, int]] = []
        for _ in range(ratio):  # as many cells as candidates wanted, at most, on each side
            for cell, step in ((above, 1), (below, -1)):
                if 0 <= cell < size and cell_group[cell] == group[person]:
                    distance = abs(cell_value[cell] - value[person])
                    held = line.order[line.head[cell] : line.ends[cell]][:ratio]
                    seen += [(distance, line.rank[one], one) for one in held]
                above, below = (above + 1, below) if step == 1 else (above, below - 1)
        nearest = sorted(one for one in seen if one[0] <= caliper)[:ratio]
        found += [(person, one, distance) for distance, _, one in nearest]
    return found


def _lower(line: Line, first: int, second: int) -> bool:
    """Whether the next candidate of the first cell has a lower id than that of the second."""
    ranks = [line.rank[line.order[line.head[cell]]] for cell in (first, second)]
    return ranks[0] < ranks[1]
