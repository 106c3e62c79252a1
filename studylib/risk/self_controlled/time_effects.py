"""Age, season and calendar time: clocks that cut each case's time and enter the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from scipy.interpolate import BSpline

from studylib.errors import EstimationError, is_whole, refuse_choices
from studylib.risk.self_controlled.arrays import Ints, Reals, Spans, ranges

MONTH = 30
"""Days of a step of a spline: the curve is taken as flat within each."""

CutSide = Literal["first_day", "last_day"]
Season = Literal["none", "months", "spline"]


@dataclass(frozen=True)
class Steps:
    """Groups of time, each with its own rate.

    ``cuts`` are days of the clock: days of age, or days since 1970-01-01 for calendar time. With
    ``side="first_day"`` each is the first day of the new group; with ``"last_day"`` the last day
    of the old one.
    """

    cuts: tuple[int, ...]
    side: CutSide = "first_day"

    def __post_init__(self) -> None:
        refuse_choices("Groupes de temps", side=(self.side, get_args(CutSide)))
        if not all(map(is_whole, self.cuts)):
            raise EstimationError(
                f"Groupes de temps : coupures {self.cuts} ; des jours en nombres entiers sont "
                "attendus."
            )

    @property
    def first_days(self) -> Ints:
        """The first day of each group but the first."""
        return np.sort(np.array(self.cuts, np.int64)) + (self.side == "last_day")


@dataclass(frozen=True)
class Spline:
    """A restricted cubic spline, ``knots`` of them at quantiles of the events' times."""

    knots: int = 5

    def __post_init__(self) -> None:
        if not is_whole(self.knots) or self.knots < 3:
            raise EstimationError(
                f"Courbe de l'âge ou du calendrier : {self.knots} nœuds demandés ; il en faut un "
                "nombre entier, au moins 3."
            )


@dataclass(frozen=True)
class Effect:
    """A clock: ``zero`` is its day 0 for each case, ``cuts`` where its level changes.

    ``level`` gives the level of each of the ``len(cuts) + 1`` stretches; ``design`` the covariates
    of each level, one column a term. ``grouped`` says that each level has its own rate.
    """

    name: str
    zero: Ints
    cuts: Ints
    level: Ints
    design: Reals
    terms: tuple[str, ...]
    grouped: bool

    def cut_days(self, observed: Spans) -> tuple[Ints, Ints]:
        """Row and day of every change of level strictly inside the observed spans."""
        zero = self.zero[observed.row]
        low = np.searchsorted(self.cuts, observed.start - zero, side="right")
        high = np.searchsorted(self.cuts, observed.end - zero, side="left")
        origin, cut = ranges(low, high)
        return observed.row[origin], self.cuts[cut] + zero[origin]

    def level_at(self, row: Ints, day: Ints) -> Ints:
        """The level of each day."""
        return self.level[np.searchsorted(self.cuts, day - self.zero[row], side="right")]


def steps(name: str, zero: Ints, chosen: Steps) -> Effect:
    """One rate for each group of time, against the first one."""
    cuts = chosen.first_days
    count = len(cuts) + 1
    terms = tuple(f"{name} {day}" for day in cuts)
    return Effect(name, zero, cuts, np.arange(count), np.eye(count)[:, 1:], terms, True)


def spline(
    name: str, zero: Ints, chosen: Spline, times: Ints, span: tuple[int, int], slope: bool
) -> Effect:
    """A smooth rate over the clock's ``span``; ``times`` are those of events.

    The curve is flat within calendar months (calendar time) or thirty days of age. Without
    ``slope`` its straight part is left out: another clock that runs along carries it.
    """
    quantiles = np.linspace(0.05, 0.95, chosen.knots)
    knots = np.unique(np.quantile(times, quantiles))
    cuts = _months(span)[1] if name == "calendar" else np.arange(span[0] + MONTH, span[1], MONTH)
    cuts = cuts.astype(np.int64)
    middles = np.concatenate([[span[0]], cuts]) + MONTH / 2
    columns = restricted_cubic(middles, knots)[:, (0 if slope else 1) :]
    terms = tuple(f"{name} {number}" for number in range(1, columns.shape[1] + 1))
    return Effect(name, zero, cuts, np.arange(len(middles)), columns, terms, False)


def season(chosen: Season, rows: int, span: tuple[int, int]) -> Effect:
    """One rate a month, or a cyclic cubic spline over the twelve of them."""
    zero = np.zeros(rows, np.int64)
    months, cuts = _months(span)
    level = months % 12
    if chosen == "months":
        terms = tuple(f"season {number}" for number in range(2, 13))
        return Effect("season", zero, cuts, level, np.eye(12)[:, 1:], terms, True)
    columns = cyclic_cubic((np.arange(12) + 0.5) / 12, 5)
    terms = tuple(f"season {number}" for number in range(1, columns.shape[1] + 1))
    return Effect("season", zero, cuts, level, columns, terms, False)


def months(rows: int, span: tuple[int, int]) -> Effect:
    """Each month told apart by its number since 1970, to count by month; not to be fitted."""
    number, cuts = _months(span)
    zero = np.zeros(rows, np.int64)
    level = np.arange(len(number))
    return Effect("month", zero, cuts, level, number[:, None].astype(float), ("month",), False)


def _months(span: tuple[int, int]) -> tuple[Ints, Ints]:
    """The months that a span of days touches, since 1970, and the first days of all but one."""
    first, last = (np.datetime64(day, "D").astype("datetime64[M]") for day in span)
    touched = np.arange(first, last + 1)
    return touched.astype(np.int64), touched[1:].astype("datetime64[D]").astype(np.int64)


def restricted_cubic(x: Reals, knots: Reals) -> Reals:
    """Cubic between the knots, straight beyond them (Stone and Koo, 1985); first column straight.

    The columns are scaled by the span of the knots, which changes no fitted rate.

    >>> restricted_cubic(np.array([0.0, 1, 2]), np.array([0.0, 1, 2])).round(2)
    array([[-0.5 ,  0.  ],
           [ 0.  ,  0.25],
           [ 0.5 ,  1.5 ]])
    """
    low, high = knots[0], knots[-1]
    width = max(high - low, 1.0)
    scaled = [(x - (low + high) / 2) / width]
    if len(knots) > 2:
        before = knots[-2]
        for knot in knots[:-2]:
            bend = (
                _cube(x - knot)
                - _cube(x - before) * (high - knot) / (high - before)
                + _cube(x - high) * (before - knot) / (high - before)
            )
            scaled.append(bend / width**3 * 2)
    return np.column_stack(scaled)


def _cube(x: Reals) -> Reals:
    return np.maximum(x, 0.0) ** 3


def cyclic_cubic(x: Reals, count: int) -> Reals:
    """A cubic that meets itself at 0 and 1: ``count`` periodic B-splines, less the last one.

    >>> bool(np.allclose(cyclic_cubic(np.array([0.0]), 5), cyclic_cubic(np.array([1.0]), 5)))
    True
    """
    knots = np.arange(-3, count + 4) / count
    basis = BSpline(knots, np.eye(count + 3), 3)(x)
    basis[:, :3] += basis[:, count:]
    return np.asarray(basis[:, : count - 1], float)


def effect(
    name: str,
    chosen: Steps | Spline,
    zero: Ints,
    observed: Spans,
    events: pd.DataFrame,
    *,
    slope: bool = True,
) -> Effect:
    """The effect of a clock, in groups or smooth; ``zero`` is its day 0 for each case."""
    if isinstance(chosen, Steps):
        return steps(name, zero, chosen)
    times = events["day"].to_numpy(np.int64) - zero[events["row"].to_numpy(np.int64)]
    span = (
        int((observed.start - zero[observed.row]).min()),
        int((observed.end - zero[observed.row]).max()),
    )
    return spline(name, zero, chosen, times, span, slope)
