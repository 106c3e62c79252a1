"""Intervals of the self-controlled designs hold the truth as often as they say."""

import numpy as np
import pandas as pd
import pytest

from studylib.risk import self_controlled as sccs
from studylib.risk.self_controlled import Window
from studylib.risk.validation import self_controlled as simulated

REPLICATES = range(200)
BOUNDS = (181 / 200, 199 / 200)


@pytest.mark.parametrize("effect", [1.0, 2.5])
def test_the_case_series_covers(effect):
    row = simulated.coverage_of_self_controlled_case_series(seeds=REPLICATES, effect=effect).iloc[0]
    assert BOUNDS[0] <= row["coverage"] <= BOUNDS[1]
    assert row["mean_estimate"] == pytest.approx(effect, rel=0.05)
    assert row["not_estimable"] == 0


def ended_by_the_event(seed, effect=2.0, persons=2000, days=1000):
    """Nine events in ten are soon followed by the end of observation; exposure comes early."""
    draw = np.random.default_rng(seed)
    person, day = np.arange(persons), np.arange(days)
    exposed = draw.integers(0, 300, persons)
    inside = (day >= exposed[:, None]) & (day < exposed[:, None] + 28)
    reached = np.cumsum(np.where(inside, effect, 1.0), axis=1)
    event = (reached < draw.random((persons, 1)) * reached[:, -1:]).sum(axis=1)
    soon = np.where(draw.random(persons) < 0.9, event + draw.exponential(20, persons), days)
    end = np.minimum(soon, draw.exponential(4000, persons)).astype(int) + 1
    kept = event < end
    cases = pd.DataFrame(
        {
            "person_id": person,
            "start": 0,
            "end": np.minimum(end, days),
            "birth": -draw.integers(50 * 365, 80 * 365, persons),
            "ended_early": end < days,
        }
    )
    use = pd.DataFrame({"person_id": person, "drug": "A", "start": exposed, "end": exposed + 1})
    events = pd.DataFrame({"person_id": person, "day": event})
    return sccs.case_series(
        cases[kept], use[kept], events[kept], windows=[Window("exposed", 0, 27)], recurrence="first"
    )


def test_observation_ended_by_the_event_biases_and_the_extension_repairs():
    held = {"plain": 0, "extended": 0}
    for seed in range(4):
        series = ended_by_the_event(seed)
        assert sccs.check_event_dependent_observation(series).passed is False
        extended = sccs.event_dependent_observation(series, model="exponential_weibull_age")
        for name, one in (("plain", series), ("extended", extended)):
            row = sccs.self_controlled_case_series(one, outcome="event").iloc[0]
            held[name] += row["ci_low"] < 2 < row["ci_high"]
    assert held == {"plain": 0, "extended": 4}
