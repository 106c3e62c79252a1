"""Intervals hold the truth as often as they say, on simulated persons whose truth is known.

With 200 replicates a 95 % interval covers between 181 and 199 times in all but one run in a
thousand (binomial); seeds are fixed, so the tests pass or fail for good.
"""

import numpy as np
import pandas as pd
import pytest

from studylib import risk

REPLICATES, PERSONS, HORIZON = 200, 500, 365
BOUNDS = (181, 199)


def simulated(seed: int, log_ratio: float) -> tuple[pd.DataFrame, float]:
    """Follow-up with a confounder, a competing death and a horizon; exponential hazards."""
    draw = np.random.default_rng(seed)
    renal = draw.random(PERSONS) < 0.3
    treated = draw.random(PERSONS) < np.where(renal, 0.3, 0.6)
    hazard = 0.001 * np.exp(0.9 * renal + log_ratio * treated)
    outcome = draw.exponential(1 / hazard)
    death = draw.exponential(1 / 0.0006, PERSONS)
    time = np.minimum(np.minimum(outcome, death), HORIZON)
    event = outcome <= time
    reason = np.where(event, "outcome", np.where(death <= time, "death", "end_of_follow_up"))
    return pd.DataFrame(
        {
            "person_id": range(PERSONS),
            "arm": np.where(treated, "A", "B"),
            "entry": 0,
            "exit": np.ceil(time).astype(int),
            "event": event,
            "exit_reason": reason,
            "renal": renal.astype(float),
        }
    )


def incidence_by(day: int, hazard: float) -> float:
    """True probability of the outcome by ``day`` with death competing."""
    both = hazard + 0.0006
    return hazard / both * (1 - np.exp(-both * day))


@pytest.mark.parametrize("truth", [1.0, 0.6])
def test_the_adjusted_hazard_ratio_covers_and_the_crude_one_does_not(truth):
    adjusted = crude = 0
    for seed in range(REPLICATES):
        data = simulated(seed, np.log(truth))
        kept = risk.hazard_ratio(data, outcome="o", reference="B", covariates=["renal"]).iloc[0]
        bare = risk.hazard_ratio(data, outcome="o", reference="B").iloc[0]
        adjusted += kept["ci_low"] < truth < kept["ci_high"]
        crude += bare["ci_low"] < truth < bare["ci_high"]
    assert BOUNDS[0] <= adjusted <= BOUNDS[1]
    assert crude < BOUNDS[0], "confounded on purpose: the crude estimate must not look right"


def test_rates_incidences_and_differences_cover():
    covered = dict.fromkeys(("rate", "incidence", "difference"), 0)
    for seed in range(REPLICATES):
        unconfounded = two_arms(np.random.default_rng(seed))
        rate = risk.incidence_rate(unconfounded, outcome="o").iloc[0]
        covered["rate"] += rate["ci_low"] < 0.001 * 365.25 * 1000 < rate["ci_high"]
        curve = risk.cumulative_incidence(unconfounded, days=[300]).set_index("arm")
        truth = {"A": incidence_by(300, 0.001), "B": incidence_by(300, 0.002)}
        covered["incidence"] += curve.loc["B", "ci_low"] < truth["B"] < curve.loc["B", "ci_high"]
        gap = risk.risk_difference(unconfounded, outcome="o", reference="A", day=300).iloc[0]
        covered["difference"] += gap["ci_low"] < truth["B"] - truth["A"] < gap["ci_high"]
    assert all(BOUNDS[0] <= times <= BOUNDS[1] for times in covered.values()), covered


def two_arms(draw: np.random.Generator) -> pd.DataFrame:
    """Arm A at 0.001 a day, arm B at 0.002, half of the persons each."""
    arm = np.repeat(["A", "B"], PERSONS // 2)
    outcome = draw.exponential(1 / np.where(arm == "A", 0.001, 0.002))
    death = draw.exponential(1 / 0.0006, PERSONS)
    time = np.minimum(np.minimum(outcome, death), HORIZON)
    event = outcome <= time
    return pd.DataFrame(
        {
            "person_id": range(PERSONS),
            "arm": arm,
            "entry": 0.0,
            "exit": time,
            "event": event,
            "exit_reason": np.where(event, "outcome", np.where(death <= time, "death", "end")),
        }
    )
