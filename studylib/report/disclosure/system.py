"""Counts bound by sums, seen as a reader would attack them.

A published table is a set of linear equations between counts. A count that is not printed is safe
only if those equations leave it several possible values. ``interval`` solves for the smallest and
largest value a reader could deduce; ``protect`` hides further counts until each hidden one is safe
(complementary suppression: Willenborg & de Waal, Elements of Statistical Disclosure Control, 2001).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linprog

DEFAULT_THRESHOLD = 11
"""Counts below it are small: the least a page may ask for."""


@dataclass
class Count:
    """One count of a published table, or a count a reader can form from it (``printed`` False).

    A ``settled`` count stands elsewhere on the page: it can no longer be hidden, or shown.
    """

    value: int
    cost: float = 1.0
    printed: bool = True
    small: bool = False
    hidden: bool = False
    settled: bool = False


@dataclass
class CountSystem:
    """Counts by key, and the sums that must come to zero: {key: coefficient}."""

    threshold: int
    show_zero: bool = True
    counts: dict[Hashable, Count] = field(default_factory=dict)
    sums: list[Mapping[Hashable, int]] = field(default_factory=list)

    def add(
        self, key: Hashable, value: int, *, cost: float = 1.0, printed: bool = True
    ) -> Hashable:
        """The key, its count being declared; small counts are hidden at once."""
        if key not in self.counts:
            lowest = 1 if self.show_zero else 0
            small = lowest <= value < self.threshold
            hidden = small or not printed
            self.counts[key] = Count(int(value), cost, printed, small, hidden)
        return key

    def bind(self, total: Hashable, parts: Iterable[Hashable]) -> None:
        """Declare that ``total`` is the sum of ``parts``."""
        terms: dict[Hashable, int] = {total: 1}
        for part in parts:
            terms[part] = terms.get(part, 0) - 1
        self.sums.append(terms)

    def settle(self, key: Hashable, *, hidden: bool) -> None:
        """Declare that ``key`` was already printed, or already hidden, elsewhere on the page."""
        self.counts[key].hidden, self.counts[key].settled = hidden, True

    def hide(self, key: Hashable) -> None:
        """Declare that ``key`` must not be printed, whatever its size."""
        self.counts[key].hidden = True

    def difference(self, larger: Hashable, smaller: Hashable) -> None:
        """Declare that a reader can subtract ``smaller`` from ``larger``."""
        gap = self.counts[larger].value - self.counts[smaller].value
        key = ("difference", larger, smaller)
        self.add(key, gap, printed=False)
        self.bind(larger, [smaller, key])

    def _component(self, start: Hashable) -> tuple[list[Hashable], list[Mapping[Hashable, int]]]:
        """Hidden counts and sums connected to ``start`` through hidden counts."""
        unknown, waiting, used = {start: None}, [start], []
        left = list(self.sums)
        while waiting:
            key = waiting.pop()
            touching = [terms for terms in left if key in terms]
            left = [terms for terms in left if key not in terms]
            used += touching
            for terms in touching:
                for other in terms:
                    if self.counts[other].hidden and other not in unknown:
                        unknown[other] = None
                        waiting.append(other)
        return list(unknown), used

    def _known_bounds(self, key: Hashable) -> tuple[float, float | None]:
        count = self.counts[key]
        if count.printed and count.small:
            return (1 if self.show_zero else 0), self.threshold - 1
        return 0, None

    def interval(self, key: Hashable) -> tuple[float, float]:
        """The smallest and largest value of a hidden count that the printed ones allow."""
        attack = self._attack(key)
        return attack.lowest(), attack.highest()

    def _attack(self, key: Hashable) -> _Attack:
        unknown, sums = self._component(key)
        position = {other: index for index, other in enumerate(unknown)}
        matrix = np.zeros((len(sums), len(unknown)))
        right = np.zeros(len(sums))
        for row, terms in enumerate(sums):
            for other, coefficient in terms.items():
                if other in position:
                    matrix[row, position[other]] += coefficient
                else:
                    right[row] -= coefficient * self.counts[other].value
        bounds = [self._known_bounds(other) for other in unknown]
        return _Attack(matrix, right, bounds, position[key])

    def width_required(self, key: Hashable) -> int:
        """How many values must stay possible: 2, and half the threshold for a small count."""
        return max(2, self.threshold // 2) if self.counts[key].small else 2

    def exposed(self, key: Hashable) -> bool:
        """Whether a reader can narrow a hidden count down too far."""
        attack, width = self._attack(key), self.width_required(key)
        low = attack.lowest()
        if self.counts[key].value - low + 1 >= width:
            return False
        return attack.highest() - low + 1 < width

    def protect(self) -> None:
        """Hide further counts, cheapest first, until no hidden count is exposed."""
        hidden_more = True
        while hidden_more:
            hidden_more = False
            to_check = [key for key, count in self.counts.items() if self._to_check(count)]
            for key in sorted(to_check, key=lambda key: not self.counts[key].small):
                while self.exposed(key):
                    choice = self._cheapest_neighbour(key)
                    if choice is None:
                        break
                    self.counts[choice].hidden = hidden_more = True

    def _can_be_hidden(self, key: Hashable) -> bool:
        return not self.counts[key].hidden and not self.counts[key].settled

    @staticmethod
    def _to_check(count: Count) -> bool:
        return count.hidden and (count.printed or count.small)

    def _cheapest_neighbour(self, key: Hashable) -> Hashable | None:
        """The released count to hide next: first where a single count is missing from a sum."""
        _, sums = self._component(key)
        if not sums:
            return None
        loose = [terms for terms in sums if sum(self.counts[k].hidden for k in terms) == 1]
        for group in (loose, sums):
            released = {k for terms in group for k in terms if self._can_be_hidden(k)}
            if released:
                return min(
                    released, key=lambda k: (self.counts[k].cost, self.counts[k].value, str(k))
                )
        return None


@dataclass(frozen=True)
class _Attack:
    """The linear programme a reader would solve for one hidden count."""

    matrix: np.ndarray
    right: np.ndarray
    bounds: list[tuple[float, float | None]]
    position: int

    def lowest(self) -> float:
        return math.ceil(self._extreme(1) - 1e-6)  # never below zero: counts have bounds

    def highest(self) -> float:
        extreme = -self._extreme(-1)
        return math.floor(extreme + 1e-6) if math.isfinite(extreme) else math.inf

    def _extreme(self, sign: int) -> float:
        """The minimum of the count (of its opposite for ``sign`` -1); -inf when unbounded."""
        goal = np.zeros(len(self.bounds))
        goal[self.position] = sign
        if not len(self.right):
            low, high = self.bounds[self.position]
            return low if sign == 1 else (-math.inf if high is None else -high)
        solved = linprog(goal, A_eq=self.matrix, b_eq=self.right, bounds=self.bounds)
        return float(solved.fun) if solved.status == 0 else -math.inf
