"""Standardised differences, preference scores and effective sizes worked by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from studylib import risk
from studylib.cohort import WideCovariates
from studylib.errors import EstimationError
from studylib.risk import propensity

PEOPLE = pd.DataFrame(
    {
        "person_id": range(8),
        "arm": list("AAAABBBB"),
        "age": [50.0, 60, 70, 80, 40, 50, 60, 70],
        "renal": [True, True, True, False, True, False, False, False],
        "region": ["11", "11", "84", "84", "11", "11", "11", "84"],
    }
)


def given(weight):
    """An adjustment with these weights, as ``adjusted`` hands it."""
    people = PEOPLE.assign(weight=np.asarray(weight, float)).query("weight > 0")
    return propensity.Adjusted(people, {}, "given", pd.DataFrame(), pd.DataFrame(), None)


def by_name(table):
    return table.set_index("covariate")


def test_before_adjustment_each_denominator():
    # age: 65 and 55, both variances (225 + 25 + 25 + 225) / 3 = 166.67: 10 / 12.910 = 0.7746
    # renal: 3/4 and 1/4, both p(1-p) = 3/16: 0.5 / 0.4330 = 1.1547; n-1: 1/4, 0.5 / 0.5 = 1
    table = by_name(risk.balance(PEOPLE, ["age", "renal"], reference="B"))
    assert table["smd"].round(4).tolist() == [0.7746, 1.1547]
    assert table["arm_count"].tolist() == [pd.NA, 3] or table.loc["renal", "arm_count"] == 3
    assert table.loc["age", "arm_sd"] == pytest.approx(12.9099, abs=1e-4)
    other = risk.balance(PEOPLE, ["renal"], reference="B", binary_variance="n-1")
    assert other["smd"].item() == pytest.approx(1.0)
    # region 84: 2/4 and 1/4; pooled sqrt((1/4 + 3/16) / 2) = 0.46771; treated sqrt(1/4) = 0.5
    region = {
        name: by_name(risk.balance(PEOPLE, ["region"], reference="B", denominator=name))
        for name in ("pooled", "treated")
    }
    assert region["pooled"].loc["region: 84", "smd"] == pytest.approx(0.25 / 0.4677072, rel=1e-6)
    assert region["treated"].loc["region: 84", "smd"] == pytest.approx(0.5)


def test_after_weighting_the_denominator_is_kept_or_computed_again():
    weights = given([1, 1, 1, 0, 0, 1, 1, 1])
    # A keeps 50, 60, 70 (mean 60, variance 100); B the same: no difference left
    table = by_name(risk.balance(PEOPLE, ["age", "renal"], reference="B", adjusted=weights))
    assert table.loc["age", "smd_after"] == 0
    assert table.loc["age", "variance_ratio_after"] == 1
    # renal: 3/3 and 0/3; kept denominator 0.4330: 2.3094; computed again both are constant
    assert table.loc["renal", "smd_after"] == pytest.approx(1 / np.sqrt(3 / 16))
    again = risk.balance(PEOPLE, ["renal"], reference="B", adjusted=weights, after="recomputed")
    assert np.isnan(again["smd_after"].item())


def test_weighted_mean_and_variance_by_hand():
    # A: 50 (weight 3) and 80 (weight 1): mean 57.5; 3 x 56.25 + 506.25 = 675 over
    # Σw - Σw²/Σw = 4 - 10/4 = 1.5: variance 450. B: 40 and 60: mean 50, variance 200.
    weights = given([3, 0, 0, 1, 1, 0, 1, 0])
    table = risk.balance(PEOPLE, ["age"], reference="B", adjusted=weights, after="recomputed")
    assert table["arm_mean_after"].item() == pytest.approx(57.5)
    assert table["variance_ratio_after"].item() == pytest.approx(450 / 200)
    assert table["smd_after"].item() == pytest.approx(7.5 / np.sqrt((450 + 200) / 2))


def test_wide_balance_is_the_balance_of_each_code():
    codes = np.array([[1, 0], [2, 0], [1, 0], [0, 3], [1, 0], [0, 1], [0, 0], [0, 0]])
    wide = WideCovariates(
        sparse.csr_matrix(codes[::-1]),
        PEOPLE[["person_id"]][::-1].reset_index(drop=True),
        pd.DataFrame(
            {"column": [0, 1], "domain": ["ATC/7"] * 2, "code": ["A", "B"], "persons": [4, 2]}
        ),
    )
    weights = given([1, 2, 1, 1, 1, 1, 1, 3])
    flags = PEOPLE.assign(one=codes[:, 0] > 0, two=codes[:, 1] > 0)
    plain = risk.balance(flags, ["one", "two"], reference="B", adjusted=weights)
    large = risk.wide_balance(wide, PEOPLE, reference="B", adjusted=weights)
    assert large["covariate"].tolist() == ["ATC/7 A", "ATC/7 B"]
    pd.testing.assert_frame_equal(
        large.drop(columns="covariate"), plain.drop(columns="covariate"), check_dtype=False
    )


def scored(chances):
    probabilities = pd.DataFrame({"B": 1 - np.array(chances), "A": chances})
    return propensity.Score(PEOPLE[["person_id", "arm"]], probabilities, pd.DataFrame(), 0.0, "x")


def test_preference_score_frees_the_score_from_the_sizes_of_arms():
    # two A and six B: P = 1/4, odds 1/3; a score of .25 is a preference of one half,
    # .5 is odds 1 over 1/3 = 3: 3/4; .1 is odds 1/9 over 1/3 = 1/3: 1/4
    people = PEOPLE.assign(arm=list("AABBBBBB"))
    chances = np.array([0.25, 0.5, 0.1, 0.25, 0.25, 0.1, 0.1, 0.1])
    score = propensity.Score(
        people[["person_id", "arm"]],
        pd.DataFrame({"B": 1 - chances, "A": chances}),
        pd.DataFrame(),
        0.0,
        "x",
    )
    found = propensity.preference_score(score)[:, 0]
    assert found.round(9).tolist() == [0.5, 0.75, 0.25, 0.5, 0.5, 0.25, 0.25, 0.25]
    assert propensity.equipoise_shares(score).tolist() == [3 / 8]
    check = risk.check_equipoise(score, threshold=0.4)
    assert check.passed is False
    assert risk.check_equipoise(score, threshold=0.3).passed
    spread = risk.preference_distribution(score, bins=4)
    assert spread["persons"].tolist() == [0, 4, 2, 0, 0, 0, 1, 1]


def test_preference_of_certain_scores_is_finite():
    assert np.isfinite(propensity.preference_score(scored([1.0] * 4 + [0.0] * 4))).all()


def test_check_balance_reads_the_adjusted_difference():
    before = risk.balance(PEOPLE, ["age"], reference="B")
    assert risk.check_balance(before).passed is False
    weights = given([1, 1, 1, 0, 0, 1, 1, 1])
    after = risk.balance(PEOPLE, ["age"], reference="B", adjusted=weights)
    assert risk.check_balance(after).passed
    assert risk.check_balance(after, threshold=0.05).table["at_most"].tolist() == [0.05]
    constant = risk.balance(PEOPLE.assign(age=1.0), ["age"], reference="B")
    assert risk.check_balance(constant).evaluated is False


def test_check_positivity_by_hand():
    summary = pd.DataFrame(
        {
            "arm": ["B", "A"], "persons": [4, 4], "kept": [4, 4], "left_out": [0, 0],
            "weight_min": [1.0, 1.0], "weight_mean": [1.0, 2.5], "weight_max": [1.0, 7.0],
            # A: weights 1, 1, 1, 7: 100 / 52; the heaviest holds 7 of 10
            "effective_size": [4.0, 100 / 52],
        }
    )  # fmt: skip
    adjusted = propensity.Adjusted(PEOPLE, {}, "x", summary, pd.DataFrame(), None)
    check = risk.check_positivity(adjusted, largest_weight_share=0.25)
    assert check.passed is False
    assert check.table["value"].round(4).tolist() == [1.0, 0.25, 0.4808, 0.7]
    assert "A" in check.text


@pytest.mark.parametrize(
    ("people", "words"),
    [
        (PEOPLE.assign(age=[np.nan] + [1.0] * 7), "manquantes dans age"),
        (PEOPLE.drop(columns="age"), "age"),
        (PEOPLE.assign(arm="B"), "référence"),
    ],
)
def test_balance_refuses_what_it_cannot_measure(people, words):
    with pytest.raises(EstimationError, match=words):
        risk.balance(people, ["age"], reference="B")
