"""Coverage of the case-crossover on cases whose exposures are known to trigger, or not."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from studylib.risk.sampled_designs import case_crossover
from studylib.risk.validation.coverage import covered

CASES, WINDOW, REFERENTS, DAYS = 400, 7, 4, 120


def simulate(seed: int, effect: float) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Events, exposures and observation of cases exposed one day now and then.

    A person's days exposed come at a pace of its own, from one in twenty to one in five; the
    hazard is ``effect`` times as high while one of the last ``WINDOW`` days was exposed.
    """
    draw = np.random.default_rng(seed)
    pace = draw.uniform(0.01, 0.08, CASES)
    exposed = draw.random((CASES, DAYS)) < pace[:, None]
    since = np.cumsum(exposed, axis=1)
    recent = since - np.pad(since, ((0, 0), (WINDOW, 0)))[:, :DAYS] > 0
    rate = np.where(recent, effect, 1.0)
    rate[:, : WINDOW * (REFERENTS + 1)] = 0  # every case has all its referents observed
    reached = np.cumsum(rate, axis=1)
    event = (reached < draw.random((CASES, 1)) * reached[:, -1:]).sum(axis=1)
    row, day = np.nonzero(exposed)
    person = np.arange(CASES)
    return (
        pd.DataFrame({"person_id": person, "day": event}),
        pd.DataFrame({"person_id": row, "drug": "drug", "start": day, "end": day + 1}),
        pd.DataFrame({"person_id": person, "start": 0, "end": DAYS}),
    )


def coverage_of_case_crossover(*, seeds: Iterable[int], effect: float) -> pd.DataFrame:
    """How often the interval of the odds ratio holds ``effect``: one row of COVERAGE."""
    found = pd.concat(
        [
            case_crossover(
                *simulate(seed, effect), outcome="event", case_window=WINDOW, number=REFERENTS
            )
            for seed in seeds
        ]
    )
    return covered("case_crossover", "null" if effect == 1 else "effect", effect, found)
