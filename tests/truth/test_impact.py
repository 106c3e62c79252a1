"""Attributable cases: worked by hand, and covered when regions are drawn again and again."""

import numpy as np
import pandas as pd
import pytest

from studylib import risk
from studylib.errors import EstimationError
from studylib.tables import CheckResult


def ratio(estimate=2.0, low=1.25, high=3.2, measure="hazard_ratio"):
    return pd.DataFrame(
        [
            {
                "analysis": "primary", "population": "R", "comparison": "A / B", "outcome": "o",
                "measure": measure, "estimate": estimate, "ci_low": low, "ci_high": high,
                "p_value": 0.01, "persons": 2000, "events": 60, "person_years": 1800.0,
                "method": "",
            }
        ]
    )  # fmt: skip


TREATED = pd.DataFrame(
    [{"population": "R", "arm": "A", "persons": 1000, "events": 40, "days": 200.0,
      "days_squared": 1500.0}]
)  # fmt: skip


def test_cases_and_days_by_hand():
    # half of 40 cases and of 200 days; shares from 1 - 1/1.25 = 0.2 to 1 - 1/3.2 = 0.6875
    table = risk.attributable(ratio(), TREATED, scenarios={"un quart": 0.25})
    found = table.set_index(["scenario", "quantity"])
    assert found["estimate"].to_dict() == pytest.approx(
        {
            ("attributable", "cases"): 20,
            ("attributable", "hospital_days"): 100,
            ("un quart", "cases"): 5,
            ("un quart", "hospital_days"): 25,
        }
    )
    below = np.hypot(40 * (0.5 - 0.2), 0.5 * 1.959964 * np.sqrt(40))
    assert found.loc[("attributable", "cases"), "ci_low"] == pytest.approx(20 - below, rel=1e-5)
    above = np.hypot(200 * (0.6875 - 0.5), 0.5 * 1.959964 * np.sqrt(1500))
    assert found.loc[("attributable", "hospital_days"), "ci_high"] == pytest.approx(
        100 + above, rel=1e-5
    )


def test_below_one_the_cases_are_those_of_the_reference_and_an_absent_ratio_tells_nothing():
    # 60 cases under B, of which 1 - 0.5 would not have occurred on A
    both = pd.concat([TREATED, TREATED.assign(arm="B", events=60)])
    row = risk.attributable(ratio(0.5, 0.4, 0.625), both).iloc[0]
    assert (row["comparison"], row["observed"], row["estimate"]) == ("B / A", 60, 30)
    assert row["ci_low"] > 0
    nothing = risk.attributable(ratio(np.nan, np.nan, np.nan), TREATED)
    assert nothing["estimate"].isna().all()
    gates = risk.Gates((CheckResult("balance", False, pd.DataFrame(), ""),))
    assert risk.attributable(ratio(), TREATED, gates=gates)["estimate"].isna().all()
    with pytest.raises(EstimationError, match="entre 0 et 1"):
        risk.attributable(ratio(), TREATED, scenarios={"trop": 1.5})


def test_the_interval_holds_the_cases_expected():
    held = 0
    for seed in range(400):
        draw = np.random.default_rng(seed)
        error, cases = 0.15, draw.poisson(120)
        log_ratio = np.log(1.8) + error * draw.normal()
        low, high = np.exp(log_ratio + np.array([-1.959964, 1.959964]) * error)
        treated = TREATED.assign(events=cases)
        row = risk.attributable(ratio(np.exp(log_ratio), low, high), treated).iloc[0]
        held += row["ci_low"] < 120 * (1 - 1 / 1.8) < row["ci_high"]
    assert 367 <= held <= 393


def test_the_share_of_all_cases():
    # 4 of 8 cases are of A; ratio 2: a quarter of all
    both = pd.DataFrame(
        {"person_id": range(16), "arm": ["A"] * 8 + ["B"] * 8, "entry": 0, "exit": 10,
         "event": [True] * 4 + [False] * 4 + [True] * 4 + [False] * 4}
    )  # fmt: skip
    row = risk.population_attributable_fraction(both, ratio()).iloc[0]
    assert row["estimate"] == pytest.approx(0.25)
    assert row["events"] == 8
