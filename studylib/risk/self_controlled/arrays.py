"""Arrays of the self-controlled designs, and the two moves on them that avoid loops on persons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Spans:
    """Stretches of days: ``row`` of the case, first day, day after the last one."""

    row: Ints
    start: Ints
    end: Ints

    def kept(self, which: Flags | Ints) -> Spans:
        """The stretches chosen by a mask or by positions."""
        return Spans(self.row[which], self.start[which], self.end[which])

    def within(self, start: Ints, end: Ints) -> Spans:
        """The stretches cut to each case's own ``[start, end)``; empty ones stay, negative."""
        return Spans(
            self.row, np.maximum(self.start, start[self.row]), np.minimum(self.end, end[self.row])
        )

    @property
    def lasting(self) -> Flags:
        """Which stretches hold at least one day."""
        return self.end > self.start


def ranges(first: Ints, after: Ints) -> tuple[Ints, Ints]:
    """Every whole number of each ``[first, after)`` in turn, and the position it comes from.

    >>> ranges(np.array([2, 7]), np.array([4, 8]))
    (array([0, 0, 1]), array([2, 3, 7]))
    """
    lengths = np.maximum(after - first, 0)
    origin = np.repeat(np.arange(len(first)), lengths)
    offset = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return origin, first[origin] + offset


@dataclass(frozen=True)
class Calendar:
    """A whole number for each (row of the case, day), in the order of rows then days."""

    first: int
    width: int

    @classmethod
    def of(cls, start: Ints, end: Ints) -> Calendar:
        """The calendar that holds every day of the spans."""
        first = int(start.min())
        return cls(first, int(end.max()) - first + 1)

    def key(self, row: Ints, day: Ints) -> Ints:
        """The number of each day of each case."""
        return row * self.width + (day - self.first)
