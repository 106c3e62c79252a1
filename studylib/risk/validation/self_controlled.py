"""Coverage of the self-controlled case series on cases whose effects are known."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from studylib.risk.self_controlled import CaseSeries, Steps, Window, case_series
from studylib.risk.self_controlled import self_controlled_case_series as ratios
from studylib.risk.validation.coverage import covered

CASES, DAYS, RISK_DAYS, OLDER = 200, 730, 28, 2.0
TURN = 365 * 60
"""Age, in days, from which the rate of events is ``OLDER`` times as high."""


def simulate(seed: int, effect: float, *, cases: int = CASES) -> CaseSeries:
    """Cases seen two years, exposed twice, whose rate is ``effect`` times as high for 28 days.

    The rate also doubles at 60, which many reach meanwhile.
    """
    draw = np.random.default_rng(seed)
    birth = -TURN + draw.integers(-DAYS, 2 * DAYS, cases)
    exposed = np.sort(draw.integers(0, DAYS - RISK_DAYS, (cases, 2)), axis=1)
    day = np.arange(DAYS)
    since = day[None, None, :] - exposed[:, :, None]
    at_risk = ((since >= 0) & (since < RISK_DAYS)).any(axis=1)
    rate = np.where(at_risk, effect, 1.0) * np.where(day - birth[:, None] >= TURN, OLDER, 1.0)
    reached = np.cumsum(rate, axis=1)
    event = (reached < draw.random((cases, 1)) * reached[:, -1:]).sum(axis=1)
    person = np.arange(cases)
    return case_series(
        pd.DataFrame({"person_id": person, "start": 0, "end": DAYS, "birth": birth}),
        pd.DataFrame(
            {
                "person_id": np.repeat(person, 2),
                "drug": "drug",
                "start": exposed.ravel(),
                "end": exposed.ravel() + 1,
            }
        ),
        pd.DataFrame({"person_id": person, "day": event}),
        windows=[Window("exposed", 0, RISK_DAYS - 1)],
        age=Steps((TURN,)),
    )


def coverage_of_self_controlled_case_series(*, seeds: Iterable[int], effect: float) -> pd.DataFrame:
    """How often the 95 % interval holds ``effect``: one row of a COVERAGE table."""
    found = pd.concat([ratios(simulate(seed, effect), outcome="event") for seed in seeds])
    return covered("conditional_poisson", "null" if effect == 1 else "effect", effect, found)
