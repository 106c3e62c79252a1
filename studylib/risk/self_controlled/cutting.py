"""The cases' time cut into stretches, and the stretches gathered into distinct patterns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from studylib.risk.self_controlled.arrays import Calendar, Flags, Ints, Reals, Spans, ranges
from studylib.risk.self_controlled.likelihood import Patterns
from studylib.risk.self_controlled.time_effects import Effect
from studylib.risk.self_controlled.windows import Placed

LARGEST_TABLE = 50_000_000
"""Combinations of levels up to which they are numbered by a table, beyond by a sort."""


@dataclass(frozen=True)
class Cut:
    """The cases' time in stretches along which nothing changes, in order of case and day."""

    spans: Spans
    keys: Ints
    calendar: Calendar

    def painted(self, placed: Placed) -> Ints:
        """The term that holds each stretch, 1 and up; 0 where none does. The last one wins."""
        low = np.searchsorted(self.keys, self.calendar.key(placed.spans.row, placed.spans.start))
        high = np.searchsorted(self.keys, self.calendar.key(placed.spans.row, placed.spans.end))
        origin, stretch = ranges(low, high)
        level = np.zeros(len(self.keys), np.int64)
        level[stretch] = placed.term[origin] + 1
        return level

    def holding(self, row: Ints, day: Ints) -> Ints:
        """The stretch that holds each day."""
        return np.searchsorted(self.keys, self.calendar.key(row, day), side="right") - 1


@dataclass(frozen=True)
class Factor:
    """A level for each stretch, and the covariates of each level."""

    name: str
    level: Ints
    design: Reals
    terms: tuple[str, ...]
    grouped: bool


def cut(
    own: Spans, placed: Sequence[Placed], effects: Sequence[Effect], near_the_end: bool = False
) -> Cut:
    """Every case's time, cut wherever anything begins or ends.

    ``near_the_end`` adds cuts 1, 2, 4, 8… days before the end of each case's observation.
    """
    calendar = Calendar.of(own.start, own.end)
    bounds = [calendar.key(own.row, own.start)]
    for one in placed:
        bounds.append(calendar.key(one.spans.row, one.spans.start))
        inside = one.spans.end < own.end[one.spans.row]
        bounds.append(calendar.key(one.spans.row[inside], one.spans.end[inside]))
    bounds += [calendar.key(*effect.cut_days(own)) for effect in effects]
    for before in 2 ** np.arange(13) if near_the_end else []:
        inside = own.end - before > own.start
        bounds.append(calendar.key(own.row[inside], own.end[inside] - before))
    keys = np.sort(np.concatenate(bounds))
    keys = keys[np.append(True, keys[1:] != keys[:-1])]
    row, start = keys // calendar.width, keys % calendar.width + calendar.first
    last = np.append(row[1:] != row[:-1], True)
    end = np.where(last, own.end[row], np.append(start[1:], 0))
    return Cut(Spans(row, start, end), keys, calendar)


def with_events(timed: Sequence[Factor], at: Ints) -> Flags | bool:
    """Time in the groups of age, month or calendar that hold an event.

    The rate of a group without any is estimated at 0, which is the same as leaving its time out.
    """
    kept: Flags | bool = True
    for factor in timed:
        if factor.grouped:
            holding = np.bincount(factor.level[at], minlength=factor.level.max() + 1) > 0
            kept = kept & holding[factor.level]
    return kept


def patterns(
    row: Ints, time: Reals, kept: Flags, at: Ints, factors: Sequence[Factor], cases: int
) -> Patterns:
    """Days by case and distinct combination of levels."""
    where = np.flatnonzero(kept)
    code, size = np.zeros(len(where), np.int64), 1
    for factor in factors:
        code, size = code * len(factor.design) + factor.level[where], size * len(factor.design)
    pattern, example = _numbered(code, size)
    blocks = [factor.design[factor.level[where[example]]] for factor in factors]
    design = np.hstack(blocks) if blocks else np.zeros((len(example), 0))
    sums = sparse.coo_matrix(
        (time[kept], (row[kept], pattern)), shape=(cases, len(example))
    ).tocsr()
    of_stretch = np.zeros(len(row), np.int64)
    of_stretch[where] = pattern
    events = np.bincount(of_stretch[at], minlength=len(example)).astype(float)
    of_case = np.bincount(row[at], minlength=cases).astype(float)
    informative = (of_case > 0) & (np.diff(sums.indptr) > 1)
    lone = np.bincount(of_stretch[at], weights=~informative[row[at]], minlength=len(example))
    return Patterns(design, sums[informative], events - lone, of_case[informative])


def _numbered(code: Ints, size: int) -> tuple[Ints, Ints]:
    """Each code's rank among those present, and a position where each rank is found."""
    if size > LARGEST_TABLE:
        _, example, rank = np.unique(code, return_index=True, return_inverse=True)
        return rank, example
    present = np.zeros(size, bool)
    present[code] = True
    rank = (np.cumsum(present) - 1)[code]
    example = np.zeros(int(present.sum()), np.int64)
    example[rank] = np.arange(len(code))
    return rank, example


def counts(exposed: Sequence[Factor], spans: Spans, kept: Flags, at: Ints) -> pd.DataFrame:
    """Persons, events and days of each exposure term, of the rest and of all."""
    days = np.where(kept, spans.end - spans.start, 0)
    rows = []
    anywhere = np.zeros(len(days), bool)
    for factor in exposed:
        anywhere |= factor.level > 0
        for number, term in enumerate(factor.terms, start=1):
            rows.append(_count(term, factor.level == number, days, spans.row, at))
    rows.append(_count("unexposed", ~anywhere, days, spans.row, at))
    rows.append(_count("total", np.ones(len(days), bool), days, spans.row, at))
    return pd.DataFrame(rows)


def _count(term: str, inside: Flags, days: Ints, row: Ints, at: Ints) -> dict[str, object]:
    there = inside & (days > 0)
    return {
        "term": term,
        "persons": len(np.unique(row[there])),
        "events": int(inside[at].sum()),
        "days": int(days[there].sum()),
    }
