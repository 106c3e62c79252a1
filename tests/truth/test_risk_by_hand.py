"""Estimators against cases worked by hand, on ten persons at most."""

import numpy as np
import pandas as pd
import pytest

from studylib import risk
from studylib.errors import EstimationError


def follow_up(times, exits, arm="A", start=1):
    """Persons who enter on day 0, leave after ``times`` days for the reasons ``exits``."""
    return pd.DataFrame(
        {
            "person_id": range(start, start + len(times)),
            "arm": arm,
            "entry": 0,
            "exit": times,
            "event": [reason == "outcome" for reason in exits],
            "exit_reason": exits,
        }
    )


O, D, C = "outcome", "death", "end_of_follow_up"  # noqa: E741
TEN = follow_up([1, 2, 3, 3, 5, 6, 7, 8, 8, 10], [O, C, D, O, O, C, D, O, C, C])


def test_kaplan_meier_of_ten_persons():
    # at risk 10, 8, 6, 3: 9/10, x 7/8, x 5/6, x 2/3 ; deaths censor
    curve = risk.survival(TEN, days=[0, 1, 3, 5, 8]).set_index("day")
    expected = {0: 1.0, 1: 0.9, 3: 0.7875, 5: 0.65625, 8: 0.4375}
    assert curve["estimate"].to_dict() == pytest.approx(expected)
    assert curve["at_risk"].to_dict() == {0: 10, 1: 10, 3: 8, 5: 6, 8: 3}
    assert curve["events"].to_dict() == {0: 0, 1: 1, 3: 2, 5: 3, 8: 4}


def test_curves_stand_on_days_that_tell_of_nobody():
    long = follow_up([12, 47, 75], [O, C, C])
    assert risk.survival(long)["day"].tolist() == [0, 30, 60, 75]


def test_cumulative_incidence_of_ten_persons():
    # free of both: 9/10, x 6/8, x 5/6, x 3/4 ; adds free before x outcomes / at risk
    curve = risk.cumulative_incidence(TEN, days=[0, 1, 3, 5, 8]).set_index("day")
    expected = {0: 0.0, 1: 0.1, 3: 0.2125, 5: 0.325, 8: 0.465625}
    assert curve["estimate"].to_dict() == pytest.approx(expected)


def test_without_competing_deaths_the_variance_is_that_of_greenwood():
    times = [1, 2, 2, 3, 5, 6, 7, 8, 8, 10]
    alone = follow_up(times, [O, O, C, O, O, C, O, O, C, C])
    curve = risk.cumulative_incidence(alone, days=[1, 2, 3, 5, 7, 8]).set_index("day")
    at_risk = pd.Series({1: 10, 2: 9, 3: 7, 5: 6, 7: 4, 8: 3})
    survival = (1 - 1 / at_risk).cumprod()
    greenwood = survival**2 * (1 / (at_risk * (at_risk - 1))).cumsum()
    width = 1.959964 * np.sqrt(greenwood) / (survival * np.abs(np.log(survival)))
    assert curve["ci_high"].to_numpy() == pytest.approx((1 - survival ** np.exp(width)).to_numpy())
    assert curve["ci_low"].to_numpy() == pytest.approx((1 - survival ** np.exp(-width)).to_numpy())


def test_hazard_ratio_of_four_persons():
    # A leaves with the outcome on days 1 and 3, B on day 2, another B is censored on day 4.
    # Partial likelihood θ/(2θ+2) · 1/(θ+2) · θ/(θ+1): its maximum solves θ² - θ - 4 = 0.
    four = pd.concat([follow_up([1, 3], [O, O]), follow_up([2, 4], [O, C], "B", 3)])
    row = risk.hazard_ratio(four, outcome="bleeding", reference="B").iloc[0]
    theta = (1 + 17**0.5) / 2
    assert row["estimate"] == pytest.approx(theta, rel=1e-5)
    # information in log θ: Σ over outcomes of share(1-share) of the risk set held by A
    shares = [2 * theta / (2 * theta + 2), theta / (theta + 2), theta / (theta + 1)]
    error = sum(share * (1 - share) for share in shares) ** -0.5
    assert np.log(row["ci_high"] / row["ci_low"]) == pytest.approx(2 * 1.959964 * error, rel=1e-5)
    assert (row["persons"], row["events"]) == (4, 3)


def test_incidence_of_five_persons():
    # 2 outcomes in 1,461 days = 4 years: 500 per 1,000; exact limits 0.2422 and 7.2247 outcomes
    five = follow_up([300, 300, 300, 300, 261], [O, C, O, C, D])
    row = risk.incidence_rate(five, outcome="bleeding").iloc[0]
    assert row["person_years"] == pytest.approx(4)
    found = (row["estimate"], row["ci_low"], row["ci_high"])
    assert found == pytest.approx((500, 60.55, 1806.17), rel=1e-4)


def test_no_outcome_has_an_upper_limit():
    # -ln(0.025) = 3.6889 outcomes at most
    none = follow_up([365.25 * 2] * 2, [C, C])
    row = risk.incidence_rate(none, outcome="bleeding", per=4).iloc[0]
    assert (row["estimate"], row["ci_low"]) == (0, 0)
    assert row["ci_high"] == pytest.approx(3.6889, abs=1e-4)


def test_without_censoring_the_difference_is_binomial():
    # 4 of 5 against 2 of 5: difference 0.4, variance 0.8·0.2/5 + 0.4·0.6/5 = 0.08
    a = follow_up([1, 2, 3, 4, 10], [O, O, O, O, C])
    b = follow_up([2, 3, 10, 10, 10], [O, O, C, C, C], "B", 6)
    both = pd.concat([a, b])
    table = risk.risk_difference(both, outcome="bleeding", reference="B", day=9)
    difference, needed = table.iloc[0], table.iloc[1]
    half = 1.959964 * 0.08**0.5
    found = (difference["estimate"], difference["ci_low"], difference["ci_high"])
    assert found == pytest.approx((0.4, 0.4 - half, 0.4 + half), rel=1e-6)
    assert needed["estimate"] == pytest.approx(2.5)
    assert np.isnan(needed["ci_low"]), "the difference's interval holds zero: no interval for NNH"


def test_a_clear_difference_gives_the_number_needed_an_interval():
    # 5 of 10 against 1 of 10: 0.4 ± 1.96 · sqrt(0.025 + 0.009), so 0.0386 to 0.7614, inverted
    a = follow_up([1] * 5 + [10] * 5, [O] * 5 + [C] * 5)
    b = follow_up([1] + [10] * 9, [O] + [C] * 9, "B", 11)
    needed = risk.risk_difference(pd.concat([a, b]), outcome="o", reference="B", day=9).iloc[1]
    found = (needed["estimate"], needed["ci_low"], needed["ci_high"])
    half = 1.959964 * np.sqrt(0.034)
    assert found == pytest.approx((2.5, 1 / (0.4 + half), 1 / (0.4 - half)), rel=1e-4)


def test_an_arm_without_outcome_by_the_day_has_no_difference():
    a = follow_up([1] * 5 + [10] * 5, [O] * 5 + [C] * 5)
    none = follow_up([10] * 10, [C] * 10, "B", 11)
    rows = risk.risk_difference(pd.concat([a, none]), outcome="o", reference="B", day=9)
    assert rows["estimate"].isna().all()
    assert rows["method"].str.contains("not_estimable=no outcome by the day in B").all()


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (TEN, "groupe de référence"),
        (TEN.iloc[:0], "aucune personne"),
        (pd.concat([TEN, TEN.assign(arm="B")]), "deux fois"),
        (pd.concat([TEN, follow_up([0], [C], "B", 11)]), "nul ou négatif"),
    ],
)
def test_what_cannot_be_compared_is_said(frame, words):
    with pytest.raises(EstimationError, match=words):
        risk.hazard_ratio(frame, outcome="bleeding", reference="B")


def test_an_arm_without_outcome_is_not_estimable():
    none = pd.concat([follow_up([1, 3], [O, O]), follow_up([2, 4], [C, C], "B", 3)])
    row = risk.hazard_ratio(none, outcome="bleeding", reference="B").iloc[0]
    assert np.isnan(row["estimate"])
    assert "not_estimable=no outcome in B" in row["method"]


def test_a_flag_with_no_outcome_on_one_side_is_left_out_and_named():
    # its coefficient has no finite maximum; what is left is the case of four persons above
    four = pd.concat([follow_up([1, 3], [O, O]), follow_up([2, 4], [O, C], "B", 3)])
    never = pd.concat([follow_up([5], [C], start=5), follow_up([5], [C], "B", 6)])
    both = pd.concat([four.assign(rare=0.0), never.assign(rare=1.0)])
    row = risk.hazard_ratio(
        both, outcome="o", reference="B", covariates=["rare"], fewest_carriers=2
    ).iloc[0]
    few = risk.hazard_ratio(both, outcome="o", reference="B", covariates=["rare"]).iloc[0]
    crude = risk.hazard_ratio(both, outcome="o", reference="B").iloc[0]
    assert row["estimate"] == pytest.approx(crude["estimate"])
    assert "no_outcome_on_one_side=rare" in row["method"]
    assert "few_carriers=rare" in few["method"]


def test_a_model_without_a_maximum_is_not_estimable():
    # everyone of A leaves with the outcome before anyone of B does: the ratio runs to infinity
    both = pd.concat([follow_up([1, 2, 3, 4], [O] * 4), follow_up([5, 6, 7, 8], [O] * 4, "B", 5)])
    row = risk.hazard_ratio(both, outcome="o", reference="B").iloc[0]
    assert np.isnan(row["estimate"])
    assert "not_estimable=no convergence" in row["method"]


def test_a_constant_covariate_is_left_out_and_named():
    four = pd.concat([follow_up([1, 3], [O, O]), follow_up([2, 4], [O, C], "B", 3)])
    row = risk.hazard_ratio(
        four.assign(male=1.0), outcome="o", reference="B", covariates=["male"]
    ).iloc[0]
    assert row["estimate"] == pytest.approx((1 + 17**0.5) / 2, rel=1e-5)
    assert "constant=male" in row["method"]
