"""Weighted, standardised and doubly robust means worked by hand, and data without an answer."""

import numpy as np
import pandas as pd
import pytest

from studylib import risk
from studylib.errors import EstimationError

#        men: A 3 of 4, women: A 1 of 4
EIGHT = pd.DataFrame(
    {
        "person_id": range(8),
        "arm": list("AAABABBB"),
        "male": [1, 1, 1, 1, 0, 0, 0, 0],
        "y": [4.0, 6.0, 8.0, 2.0, 3.0, 1.0, 1.0, 4.0],
    }
)
SCORE = risk.propensity_score(EIGHT, reference="B", formula="male")
# men: A 6, B 2; women: A 3, B 2. Both sexes are four: means 4.5 and 2, difference 2.5
STANDARDISED = 2.5


def difference(adjustment, **choices):
    weighed = risk.adjusted(EIGHT, SCORE, method=adjustment)
    return risk.weighted_difference(weighed, value="y", outcome="o", **choices).iloc[0]


def test_inverse_probability_is_standardisation_when_the_score_is_saturated():
    assert difference("iptw")["estimate"] == pytest.approx(STANDARDISED)
    # crude: (4+6+8+3)/4 = 5.25 and (2+1+1+4)/4 = 2
    assert difference("none")["estimate"] == pytest.approx(3.25)
    # overlap: men weigh .25 (A) and .75 (B), women .75 and .25
    # A: (.25 x 18 + .75 x 3) / 1.5 = 4.5; B: (.75 x 2 + .25 x 6) / 1.5 = 2
    assert difference("overlap")["estimate"] == pytest.approx(2.5)


def test_hc0_by_hand():
    # crude: squares from the mean: A 1.5625 + .5625 + 7.5625 + 5.0625 = 14.75; B 0 + 1 + 1 + 4 = 6
    # variance (14.75 + 6) / 16 = 1.296875; hc1 times 8 / 6
    row = difference("none")
    half = 1.959963985 * np.sqrt(1.296875)
    assert row["ci_high"] - row["estimate"] == pytest.approx(half)
    row = difference("none", variance="hc1", quantile="t")
    half = 2.446911851 * np.sqrt(1.296875 * 8 / 6)  # t on 6 degrees of freedom
    assert row["ci_high"] - row["estimate"] == pytest.approx(half)


def test_estimated_score_gives_the_variance_of_standardisation():
    """With a saturated score the weighted mean is the stratified one: so must its variance be."""
    row = difference("iptw", variance="estimated_score")
    direct = risk.standardised_difference(
        EIGHT, value="y", outcome="o", reference="B", formula="treated*male"
    ).iloc[0]
    assert direct["estimate"] == pytest.approx(STANDARDISED)
    assert row["ci_low"] == pytest.approx(direct["ci_low"])
    both = risk.doubly_robust_difference(EIGHT, SCORE, value="y", outcome="o", formula="male").iloc[
        0
    ]
    assert both["estimate"] == pytest.approx(STANDARDISED)
    assert both["ci_low"] == pytest.approx(direct["ci_low"])


def test_standardised_to_the_compared_arm():
    # three men and one woman: .75 x (6 - 2) + .25 x (3 - 2)
    row = risk.standardised_difference(
        EIGHT, value="y", outcome="o", reference="B", formula="treated*male", population="att"
    ).iloc[0]
    assert row["estimate"] == pytest.approx(3.25)


def test_doubly_robust_is_right_when_one_model_is_wrong():
    constant = risk.propensity_score(EIGHT, reference="B", formula="")
    wrong_score = risk.doubly_robust_difference(
        EIGHT, constant, value="y", outcome="o", formula="male"
    )
    wrong_outcome = risk.doubly_robust_difference(EIGHT, SCORE, value="y", outcome="o", formula="")
    assert wrong_score["estimate"].item() == pytest.approx(STANDARDISED)
    assert wrong_outcome["estimate"].item() == pytest.approx(STANDARDISED)


def test_matched_pairs_cluster():
    # pairs (1, 5), (2, 6), (3, 7), (4, 8): the variance is that of four differences about a mean
    people = pd.DataFrame(
        {"person_id": range(1, 9), "arm": list("AAAABBBB"), "x": [0.1, 0.9, 0.1, 0.9] * 2,
         "y": [3.0, 7.0, 3.0, 7.0, 2.0, 4.0, 2.0, 4.0]}
    )  # fmt: skip
    score = risk.propensity_score(people, reference="B", formula="x")
    # every score is one half: persons take 5, 6, 7, 8 in turn; differences 1, 3, 1, 3, mean 2
    matched = risk.adjusted(people, score, method="matching")
    assert matched.sets["match_set"].tolist() == [1, 1, 2, 2, 3, 3, 4, 4]
    row = risk.weighted_difference(matched, value="y", outcome="o").iloc[0]
    assert row["estimate"] == pytest.approx(2.0)
    half = 1.959963985 * np.sqrt(4 * (1 - 2) ** 2) / 4
    assert row["ci_high"] - row["estimate"] == pytest.approx(half)
    few = people[people["person_id"].isin([1, 2, 5, 6])].reset_index(drop=True)
    score = risk.propensity_score(few, reference="B", formula="x")
    matched = risk.adjusted(few, score, method="matching")
    row = risk.weighted_difference(matched, value="y", outcome="o").iloc[0]
    assert np.isnan(row["estimate"])
    assert "not_estimable=too few persons in A" in row["method"]


def test_risk_ratio_and_its_interval():
    # risks 3/4 and 1/4: log 3; variance of a log risk (1 - p) / (n p): 1/12 and 3/4
    flags = EIGHT.assign(had=[1, 1, 1, 1, 0, 0, 0, 0])
    weighed = risk.adjusted(flags, SCORE, method="none")
    rows = risk.weighted_difference(weighed, value="had", outcome="o", measure="risk")
    assert rows["measure"].tolist() == ["risk_difference", "risk_ratio"]
    assert rows["estimate"].tolist() == pytest.approx([0.5, 3.0])
    half = 1.959963985 * np.sqrt(1 / 12 + 3 / 4)
    assert np.log(rows["ci_high"].iloc[1] / 3) == pytest.approx(half)


def followed(days, ended):
    return EIGHT.assign(
        entry=0, exit=days, event=[e == "outcome" for e in ended], exit_reason=ended
    )


def test_pseudo_risk_is_the_outcome_when_nobody_is_censored():
    ended = ["outcome", "death", "end_of_follow_up", "outcome"] * 2
    seen = followed([3, 4, 9, 9, 2, 5, 9, 9], ended)
    assert risk.pseudo_risk(seen, day=6).round(9).tolist() == [1, 0, 0, 0, 1, 0, 0, 0]


def test_pseudo_risk_averages_to_the_incidence_under_censoring():
    ended = ["outcome", "censored", "outcome", "death", "censored", "outcome", "outcome", "end"]
    seen = followed([2, 3, 5, 4, 6, 1, 5, 9], ended)
    values = risk.pseudo_risk(seen, day=5)
    curve = risk.cumulative_incidence(seen, days=[5]).set_index("arm")["estimate"]
    assert values.groupby(seen["arm"]).mean().to_dict() == pytest.approx(curve.to_dict())
    assert not values.isin((0, 1)).all()
    with pytest.raises(EstimationError, match="jusqu'à ce jour"):
        risk.pseudo_risk(seen, day=30)


def test_no_variation_is_not_estimable():
    flat = EIGHT.assign(y=0.0)
    weighed = risk.adjusted(flat, SCORE, method="iptw")
    rows = risk.weighted_difference(weighed, value="y", outcome="o", measure="risk")
    assert rows["estimate"].isna().all()
    assert rows["method"].str.contains("not_estimable=no variance in A").all()


def test_an_arm_of_one_person_has_no_interval_and_no_estimate():
    people = EIGHT.assign(arm=list("ABBBBBBB"))
    score = risk.propensity_score(people, reference="B", formula="")
    weighed = risk.adjusted(people, score, method="iptw")
    row = risk.weighted_difference(weighed, value="y", outcome="o").iloc[0]
    assert np.isnan(row["estimate"])
    assert "not_estimable=no variance in A" in row["method"]


def test_no_outcome_in_an_arm_is_not_a_risk_of_zero_for_sure():
    people = EIGHT.assign(had=[0, 0, 0, 1, 0, 1, 0, 0])
    weighed = risk.adjusted(people, SCORE, method="iptw")
    rows = risk.weighted_difference(weighed, value="had", outcome="o", measure="risk")
    assert rows["estimate"].isna().all()
    assert rows["method"].str.contains("not_estimable=no variance in A").all()


def test_a_separated_outcome_model_is_stated():
    separated = EIGHT.assign(y=EIGHT["male"])
    row = risk.doubly_robust_difference(
        separated, SCORE, value="y", outcome="o", formula="male", model="logistic"
    ).iloc[0]
    assert np.isnan(row["estimate"])
    assert "not_estimable=no convergence" in row["method"]


def test_closed_gates_leave_no_number():
    gates = risk.Gates((risk.check_equipoise(SCORE, threshold=1.0),))
    row = difference("iptw", gates=gates)
    assert np.isnan([row["estimate"], row["ci_low"], row["p_value"]]).all()
    assert row["method"].endswith("withheld=equipoise")


def test_choices_that_cannot_be_are_refused():
    trimmed = risk.adjusted(EIGHT, SCORE, method="iptw", truncate=1.2)
    matched = risk.adjusted(EIGHT, SCORE, method="matching")
    for made in (trimmed, matched):
        for variance in ("estimated_score", "bootstrap"):
            with pytest.raises(EstimationError, match="employer hc0"):
                risk.weighted_difference(made, value="y", outcome="o", variance=variance, seed=1)
    with pytest.raises(EstimationError, match="valeurs manquantes"):
        risk.weighted_difference(
            risk.adjusted(EIGHT.assign(y=np.nan), SCORE, method="iptw"), value="y", outcome="o"
        )
    with pytest.raises(EstimationError, match="treated"):
        risk.standardised_difference(EIGHT, value="y", outcome="o", reference="B", formula="male")
    with pytest.raises(EstimationError, match="graine"):
        difference("iptw", variance="bootstrap")


def test_three_arms_share_one_population():
    draw = np.random.default_rng(5)
    x = draw.normal(size=3000)
    lean = np.column_stack([np.zeros(3000), 0.8 * x, -0.8 * x])
    chance = np.exp(lean) / np.exp(lean).sum(axis=1, keepdims=True)
    code = (draw.random((3000, 1)) > chance.cumsum(axis=1)).sum(axis=1)
    people = pd.DataFrame(
        {"person_id": range(3000), "arm": np.array(["C", "A", "B"])[code], "x": x}
    )
    people["y"] = x + np.array([0.0, 1.0, 2.0])[code] + draw.normal(size=3000)
    score = risk.propensity_score(people, reference="C", formula="x")
    for method in ("iptw", "overlap"):
        weighed = risk.adjusted(people, score, method=method)
        rows = risk.weighted_difference(
            weighed, value="y", outcome="o", variance="estimated_score"
        ).set_index("comparison")
        for arm, truth in (("A / C", 1.0), ("B / C", 2.0)):
            assert rows.loc[arm, "ci_low"] < truth < rows.loc[arm, "ci_high"]
            assert rows.loc[arm, "ci_high"] - rows.loc[arm, "ci_low"] < 0.35
    both = risk.doubly_robust_difference(people, score, value="y", outcome="o", formula="x")
    assert both["estimate"].tolist() == pytest.approx([1, 2], abs=0.15)


def test_bootstrap_agrees_with_the_estimated_score():
    draw = np.random.default_rng(2)
    x = draw.normal(size=600)
    people = pd.DataFrame(
        {
            "person_id": range(600),
            "arm": np.where(draw.random(600) < 1 / (1 + np.exp(-x)), "A", "B"),
            "x": x,
        }
    )
    people["y"] = 2 * x + (people["arm"] == "A") + draw.normal(size=600)
    weighed = risk.adjusted(
        people, risk.propensity_score(people, reference="B", formula="x"), method="overlap"
    )
    width = {
        name: np.subtract(
            *risk.weighted_difference(
                weighed, value="y", outcome="o", variance=name, seed=1, replicates=400
            ).iloc[0][["ci_high", "ci_low"]]
        )
        for name in ("estimated_score", "bootstrap", "hc0")
    }
    assert width["bootstrap"] == pytest.approx(width["estimated_score"], rel=0.15)
    assert width["hc0"] > 1.5 * width["estimated_score"]  # a known score is much less precise
