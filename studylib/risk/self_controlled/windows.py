"""Risk windows: days counted from an exposure, placed on each case's own time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from studylib.errors import EstimationError, is_whole, refuse_choices
from studylib.risk.self_controlled.arrays import Ints, Spans

Anchor = Literal["start", "end"]
Overlap = Literal["later", "merge"]


@dataclass(frozen=True)
class Window:
    """Days ``first`` to ``last``, both included, counted from an exposure.

    ``first_from`` and ``last_from`` say from what: day 0 is the first day exposed (``start``) or
    the last day exposed (``end``). A window from the start to the end of the exposure may hold no
    day of a short one; EstimationError for one that can hold none at all. ``drug`` limits the
    window to one drug (default: every one).

    >>> Window("risk", 0, 42, last_from="start").last
    42
    """

    name: str
    first: int = 0
    last: int = 0
    first_from: Anchor = "start"
    last_from: Anchor = "end"
    drug: str | None = None

    def __post_init__(self) -> None:
        told = f"Fenêtre « {self.name} »"
        for name in ("first_from", "last_from"):
            refuse_choices(told, **{name: (getattr(self, name), get_args(Anchor))})
        if not (is_whole(self.first) and is_whole(self.last)):
            raise EstimationError(
                f"{told} : jours {self.first} à {self.last} ; des nombres entiers sont attendus."
            )
        longest = (self.first_from, self.last_from) == ("start", "end")
        if not longest and self.last < self.first:
            raise EstimationError(
                f"{told} : elle va du jour {self.first} au jour {self.last} ; "
                "le dernier jour ne peut précéder le premier."
            )


@dataclass(frozen=True)
class Placed:
    """Windows on the cases' time, in the order in which they win: the last one holds the day.

    ``term`` is the position among ``terms`` of each stretch.
    """

    spans: Spans
    term: Ints
    terms: tuple[str, ...]

    def inside(self, own: Spans) -> Placed:
        """The windows cut to each case's observed time."""
        cut = self.spans.within(own.start, own.end)
        return Placed(cut.kept(cut.lasting), self.term[cut.lasting], self.terms)


def merged(exposures: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Exposures of one person and kind that overlap or touch, made one (columns start, end).

    >>> merged(pd.DataFrame({"row": [0, 0, 0], "start": [0, 5, 9], "end": [5, 7, 12]}), ["row"])
       row  start  end
    0    0      0    7
    1    0      9   12
    """
    ordered = exposures.sort_values([*by, "start", "end"], kind="stable")
    same = ordered.groupby(list(by), sort=False)
    reached = same["end"].cummax().groupby([ordered[name] for name in by], sort=False).shift()
    opens = ~(ordered["start"] <= reached)
    return (
        ordered.assign(_era=opens.cumsum())
        .groupby([*by, "_era"], as_index=False, sort=False)
        .agg(start=("start", "min"), end=("end", "max"))
        .drop(columns="_era")
    )


def place(eras: pd.DataFrame, windows: Sequence[Window], drug: str) -> Placed:
    """The windows of one drug, later exposures last, then in the order they are given.

    ``eras`` holds row, dose, start, end of that drug. Terms are told apart by dose, then window.
    """
    doses, dose = np.unique(eras["dose"].astype(str), return_inverse=True)
    row, start, end = (eras[name].to_numpy(np.int64) for name in ("row", "start", "end"))
    anchors = {"start": start, "end": end - 1}
    count, rows = len(windows), len(eras)
    spans = Spans(
        np.tile(row, count),
        np.concatenate([anchors[w.first_from] + w.first for w in windows]),
        np.concatenate([anchors[w.last_from] + w.last + 1 for w in windows]),
    )
    number = np.repeat(np.arange(count), rows)
    order = np.lexsort((number, np.tile(end, count), np.tile(start, count)))
    term = np.tile(dose, count) * count + number
    terms = tuple(term_name(drug, str(d), w.name) for d in doses for w in windows)
    return Placed(spans.kept(order), term[order], terms)


def term_name(drug: str, dose: str, window: str) -> str:
    """What a term is called: drug, dose when it is told apart, window.

    >>> term_name("nsaids", "", "exposed"), term_name("nsaids", "high", "exposed")
    ('nsaids: exposed', 'nsaids: high: exposed')
    """
    return ": ".join(part for part in (drug, dose, window) if part)
