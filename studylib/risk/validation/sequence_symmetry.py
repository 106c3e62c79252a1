"""Coverage of sequence symmetry on starts whose order is known to be free, or driven."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from studylib.risk.sequence_symmetry import sequence_symmetry
from studylib.risk.validation.coverage import covered

DAYS, WINDOW, INDEX, OTHERS, MARKED = 2000, 365, 20_000, 20_000, 0.03


def simulate(seed: int, effect: float, *, trend: float = 1.0) -> pd.DataFrame:
    """First uses of two treatments whose starts grow by ``trend`` over the period.

    ``MARKED`` of those who begin the index begin the marker too, at any time; within a year after
    the index its rate is ``effect`` times as high. ``OTHERS`` begin the marker alone. Few begin
    both, or those who began the marker before would lack among those who may begin it after.
    """
    draw = np.random.default_rng(seed)
    index = _days(draw, INDEX, trend)
    marker = np.where(draw.random(INDEX) < MARKED, _days(draw, INDEX, trend), np.inf)
    extra = index + 1 + np.floor(draw.random(INDEX) * WINDOW)
    density = MARKED * (1 + trend * (extra / DAYS - 0.5)) / DAYS
    brought = draw.random(INDEX) < (effect - 1) * WINDOW * density
    marker = np.where(brought & (extra < DAYS), np.minimum(marker, extra), marker)
    alone = _days(draw, OTHERS, trend)
    days = pd.DataFrame(
        {
            "index_day": np.concatenate([index, np.full(OTHERS, np.nan)]),
            "marker_day": np.concatenate([np.where(np.isinf(marker), np.nan, marker), alone]),
        }
    )
    return days.astype("Int64").reset_index(names="person_id")


def _days(draw: np.random.Generator, count: int, trend: float) -> np.ndarray:
    """Days whose density goes in a straight line from 1 - trend / 2 to 1 + trend / 2."""
    share, low = draw.random(count), 1 - trend / 2
    if not trend:
        return np.floor(DAYS * share)
    return np.floor(DAYS * (np.sqrt(low**2 + 2 * trend * share) - low) / trend)


def coverage_of_sequence_symmetry(*, seeds: Iterable[int], effect: float) -> pd.DataFrame:
    """How often the interval of the adjusted ratio holds ``effect``: one row of COVERAGE."""
    found = pd.concat(
        [
            sequence_symmetry(
                simulate(seed, effect), index="A", marker="B", window=WINDOW, null_window=WINDOW
            ).tail(1)
            for seed in seeds
        ]
    )
    return covered("sequence_symmetry", "null" if effect == 1 else "effect", effect, found)
