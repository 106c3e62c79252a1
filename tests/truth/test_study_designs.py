"""What stands beside the main estimate: death competing, risks from a model, held by gates."""

import numpy as np
import pandas as pd
import pytest

from studylib import risk
from studylib.tables import CheckResult

CLOSED = risk.Gates((CheckResult("balance", False, pd.DataFrame(), "déséquilibre"),))


@pytest.fixture(scope="module")
def persons():
    """Arm A doubles the outcome of those with the same age, and spares them death."""
    draw = np.random.default_rng(11)
    size = 6000
    age = draw.normal(70, 8, size)
    arm = draw.random(size) < 1 / (1 + np.exp(-(age - 70) / 8))
    lean = np.exp((age - 70) / 16)
    outcome = draw.exponential(size=size) / (0.0006 * lean * np.where(arm, 2.0, 1.0))
    death = draw.exponential(size=size) / (0.0010 * lean * np.where(arm, 0.5, 1.0))
    censored = draw.uniform(200, 800, size)
    last = np.minimum(np.minimum(outcome, death), np.minimum(censored, 365))
    return pd.DataFrame(
        {
            "person_id": range(size),
            "arm": np.where(arm, "A", "B"),
            "entry": 0,
            "exit": np.ceil(last).astype(int),
            "event": outcome == last,
            "exit_reason": np.select(
                [outcome == last, death == last], ["outcome", "death"], "end_of_follow_up"
            ),
            "age": age,
        }
    )


def study_of(persons, adjustment="overlap"):
    return risk.comparison(persons, reference="B", covariates=["age"], adjustment=adjustment)


def competing(persons, gates=None, **choices):
    study = study_of(persons, **choices)
    return risk.competing_risks(study, outcome="o", death="d", day=365, gates=gates)


def test_four_questions_have_four_answers(persons):
    rows = competing(persons)
    assert list(rows["measure"]) == [
        "hazard_ratio",
        "hazard_ratio",
        "subdistribution_hazard_ratio",
        "mean_time_difference",
    ]
    assert list(rows["outcome"]) == ["o", "d", "o", "o"]
    of_outcome, of_death, of_share, _ = (row for _, row in rows.iterrows())
    assert of_outcome["ci_low"] < 2 < of_outcome["ci_high"]
    assert of_death["ci_low"] < 0.5 < of_death["ci_high"]
    # those spared death stay to have the outcome: their share of it is larger still
    assert of_share["estimate"] > of_outcome["estimate"]
    assert of_outcome["events"] == persons["event"].sum()
    assert of_death["events"] == (persons["exit_reason"] == "death").sum()


def test_each_answer_is_that_of_its_estimator(persons):
    rows = competing(persons, adjustment="none")
    crude = [
        *risk.cause_specific_hazard_ratios(
            persons, outcomes={"outcome": "o", "death": "d"}, reference="B"
        )["estimate"],
        *risk.subdistribution_hazard_ratio(persons, outcome="o", reference="B")["estimate"],
        *risk.mean_time_difference(persons, outcome="o", reference="B", day=365)["estimate"],
    ]
    assert rows["estimate"].tolist() == pytest.approx(crude)


def test_without_a_death_the_row_says_so(persons):
    alive = persons.assign(exit_reason=persons["exit_reason"].replace("death", "switch"))
    row = competing(alive).iloc[1]
    assert np.isnan(row["estimate"])
    assert "not_estimable=no outcome" in row["method"]


@pytest.mark.parametrize("estimator", ["doubly_robust", "standardised"])
def test_modelled_differences_find_what_everybody_would_have(persons, estimator):
    """The truth is that of a large draw from the same hazards, arm given by chance."""
    rows = risk.modelled_differences(study_of(persons), estimator, outcome="o", day=360)
    assert list(rows["measure"]) == ["risk_difference", "risk_ratio"]
    draw = np.random.default_rng(0)
    lean = np.exp(draw.normal(70, 8, 400_000) / 16 - 70 / 16)
    risks = []
    for outcome, death in ((0.0012, 0.0005), (0.0006, 0.0010)):
        either = (outcome + death) * lean
        risks.append(np.mean(outcome / (outcome + death) * (1 - np.exp(-either * 360))))
    row = rows.iloc[0]
    assert row["ci_low"] < risks[0] - risks[1] < row["ci_high"]
    assert row["ci_high"] - row["ci_low"] < 0.1
    assert "; day=360" in row["method"]


def test_an_arm_not_followed_until_the_day_is_stated(persons):
    short = persons[(persons["arm"] == "B") | (persons["exit"] < 100)]
    row = risk.modelled_differences(study_of(short), "doubly_robust", outcome="o", day=300).iloc[0]
    assert np.isnan(row["estimate"])
    assert "not_estimable=nobody followed until the day" in row["method"]


def test_closed_gates_hold_all_of_them(persons):
    study = study_of(persons)
    modelled = risk.modelled_differences(study, "doubly_robust", outcome="o", day=360, gates=CLOSED)
    for rows in (competing(persons, gates=CLOSED), modelled):
        assert rows[["estimate", "ci_low", "ci_high", "p_value"]].isna().all(axis=None)
        assert rows["method"].str.endswith("withheld=balance").all()


@pytest.fixture(scope="module")
def controls(persons):
    """Outcomes that neither arm causes, of the same persons."""
    draw = np.random.default_rng(5)
    found = {}
    for number in range(6):
        wait = draw.exponential(size=len(persons)) / 0.0008
        seen = wait < persons["exit"]
        found[f"control_{number}"] = persons.drop(columns="age").assign(
            exit=np.where(seen, np.ceil(wait), persons["exit"]).astype(int), event=seen
        )
    return found


def test_injected_ratios_are_found_again(persons, controls):
    study = study_of(persons)
    negative = risk.negative_controls(study, controls)
    positive = risk.positive_controls(study, controls, ratios=(2.0, 4.0), seed=3)
    assert len(positive) == 12
    assert set(positive["truth"]) == {2.0, 4.0}
    found = risk.known_ratios(negative, positive)
    assert found["truth"].tolist() == [1.0, 2.0, 4.0]
    assert found["controls"].tolist() == [6, 6, 6]
    assert found["mean_estimate"].tolist() == pytest.approx([1.0, 2.0, 4.0], rel=0.1)
    assert found["coverage"].min() >= 0.5
    main = study.hazard_ratio(outcome="o")
    calibrated = risk.doubt.calibrated(main, negative, positive=positive).iloc[0]
    assert calibrated["ci_low"] < 2 < calibrated["ci_high"]
    assert "error_model=systematic_error" in calibrated["method"]
    again = risk.positive_controls(study, controls, ratios=(2.0, 4.0), seed=3)
    pd.testing.assert_frame_equal(positive, again)


def test_positive_controls_need_outcomes_and_open_gates(persons, controls):
    study = study_of(persons)
    none = risk.positive_controls(study, controls, seed=3, fewest_events=5000)
    assert none.empty
    one = {"control_0": controls["control_0"]}
    held = risk.positive_controls(study, one, ratios=(2.0,), seed=3, gates=CLOSED)
    assert held["estimate"].isna().all()
    assert risk.known_ratios(held.drop(columns="truth"), held)["controls"].tolist() == [0, 0]
