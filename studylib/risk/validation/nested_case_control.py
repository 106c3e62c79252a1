"""Coverage of the nested case-control on cohorts whose hazard ratio is known."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from studylib.risk.sampled_designs import incidence_density_sets, nested_case_control
from studylib.risk.validation.coverage import covered

PERSONS, DAYS, CONTROLS = 2500, 365, 4


def simulate(seed: int, effect: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A cohort followed a year, half of it exposed throughout, whose hazard is ``effect`` times.

    The outcome is not rare (a tenth to a fifth have it), so that only sampling from those at risk
    gives the hazard ratio.
    """
    draw = np.random.default_rng(seed)
    exposed = draw.random(PERSONS) < 0.5
    time = draw.exponential(1 / (0.0004 * np.where(exposed, effect, 1.0)))
    entry = draw.integers(0, 200, PERSONS)
    length = np.minimum(np.floor(time), DAYS).astype(np.int64) + 1
    follow_up = pd.DataFrame(
        {
            "person_id": np.arange(PERSONS),
            "entry": entry,
            "exit": entry + length,
            "event": time < DAYS,
            "sex": draw.integers(0, 2, PERSONS),
        }
    )
    use = pd.DataFrame({"person_id": np.flatnonzero(exposed), "drug": "drug"})
    return follow_up, use.assign(start=-400, end=1000)


def coverage_of_nested_case_control(*, seeds: Iterable[int], effect: float) -> pd.DataFrame:
    """How often the interval of the odds ratio holds the hazard ratio: one row of COVERAGE."""
    found = []
    for seed in seeds:
        follow_up, use = simulate(seed, effect)
        sets = incidence_density_sets(follow_up, controls=CONTROLS, seed=seed, matched_on=["sex"])
        found.append(nested_case_control(sets, use, outcome="event", window=30))
    scenario = "null" if effect == 1 else "effect"
    return covered("nested_case_control", scenario, effect, pd.concat(found))
