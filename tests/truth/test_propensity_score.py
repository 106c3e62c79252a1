"""The propensity score: formulas, an outside program, and data on which it has no answer."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from studylib import risk
from studylib.errors import EstimationError
from studylib.risk.propensity.design import design, restricted_cubic_spline
from studylib.risk.propensity.formula import terms


def people(number=400, seed=3, arms="AB"):
    draw = np.random.default_rng(seed)
    age, male = draw.normal(70, 8, number), draw.random(number) < 0.5
    lean = 0.05 * (age - 70) + 0.5 * male
    arm = np.where(draw.random(number) < 1 / (1 + np.exp(-lean)), arms[0], arms[1])
    if len(arms) > 2:
        arm = np.where(draw.random(number) < 0.3, arms[2], arm)
    region = draw.choice(["11", "76", "84"], number)
    return pd.DataFrame(
        {"person_id": range(number), "arm": arm, "age": age, "male": male, "region": region}
    )


def test_saturated_model_gives_the_shares():
    # 3 A of 4 among men, 1 of 4 among women: log odds log 3 and -log 3, difference 2 log 3
    eight = pd.DataFrame(
        {"person_id": range(8), "arm": list("AABBAABB"), "male": [1, 1, 1, 0, 1, 0, 0, 0]}
    )
    score = risk.propensity_score(eight, reference="B", formula="male")
    assert score.coefficients["coefficient"].tolist() == pytest.approx([-np.log(3), 2 * np.log(3)])
    # standard error of a log odds: root of 1/3 + 1/1; of the difference of two: root of their sum
    errors = [np.sqrt(4 / 3), np.sqrt(8 / 3)]
    assert score.coefficients["standard_error"].tolist() == pytest.approx(errors)
    assert score.log_likelihood == pytest.approx(6 * np.log(0.75) + 2 * np.log(0.25))


def test_agrees_with_scikit_learn_on_a_matrix_written_by_hand():
    given = people()
    ours = risk.propensity_score(
        given, reference="B", formula="age + age^2 + male*age + C(region) + male:region"
    )
    age, male = given["age"].to_numpy(), given["male"].to_numpy(float)
    regions = [(given["region"] == name).to_numpy(float) for name in ("76", "84")]
    own = [age, age**2, male, male * age, *regions, *(male * flag for flag in regions)]
    matrix = np.column_stack([(x - x.mean()) / x.std() for x in own])
    fit = LogisticRegression(C=np.inf, tol=1e-10, max_iter=5000, solver="newton-cholesky")
    theirs = fit.fit(matrix, given["arm"] == "A").predict_proba(matrix)
    np.testing.assert_allclose(ours.probabilities["A"], theirs[:, 1], atol=2e-6)


def test_three_arms_agree_with_scikit_learn():
    given = people(900, arms="ABC")
    ours = risk.propensity_score(given, reference="C", formula="age + male")
    fit = LogisticRegression(C=np.inf, tol=1e-10, max_iter=5000, solver="newton-cg")
    matrix = np.column_stack([(given["age"] - 70) / 8, given["male"]])
    theirs = fit.fit(matrix, given["arm"]).predict_proba(matrix)
    np.testing.assert_allclose(ours.probabilities[list("ABC")], theirs, atol=1e-5)
    assert ours.probabilities.columns.tolist() == ["C", "A", "B"]
    assert ours.probabilities.sum(axis=1).to_numpy() == pytest.approx(1)


def test_spline_is_cubic_inside_linear_outside_and_smooth():
    knots = np.array([1.0, 2.0, 4.0, 7.0])
    x = np.linspace(-2, 12, 1401)
    basis = restricted_cubic_spline(x, knots)
    assert basis.shape[1] == 3
    bend = np.diff(basis, n=2, axis=0) / 0.01**2
    outside = (x[1:-1] < 1) | (x[1:-1] > 7.01)
    assert np.abs(bend[outside]).max() < 1e-6
    assert np.abs(np.diff(bend, axis=0)).max() < 0.05  # the second derivative has no jump
    assert np.abs(bend[:, 1:]).max() > 0.1


def test_spline_by_hand():
    # knots 0, 1, 2; at x = 1.5: 1.5³ - 0.5³ x 2/1 + 0 = 3.125, over (2 - 0)² = 0.78125
    found = restricted_cubic_spline(np.array([1.5]), np.array([0.0, 1.0, 2.0]))
    assert found.tolist() == [[1.5, 0.78125]]


@pytest.mark.parametrize(
    "formula",
    ["age +", "age + open('x')", "age ** 2", "spline(age)", "spline(age, 9)", "C(region, 2)",
     "age^9", "1 + age", "log(age)", "a*b*c"],
)  # fmt: skip
def test_nothing_else_than_a_formula_is_read(formula):
    with pytest.raises(EstimationError, match="Formule"):
        terms(formula)


def test_columns_left_out_are_named():
    given = people().assign(one=1.0, twice=lambda d: 2 * d["age"], rare=lambda d: d.index < 3)
    score = risk.propensity_score(
        given, reference="B", formula="age + one + twice + rare", fewest_carriers=10
    )
    assert score.method.endswith("constant=one; few_carriers=rare; repeated=twice")
    assert score.design.names == ("(intercept)", "age")


def test_names_of_several_words_stand_between_backquotes():
    given = people().rename(columns={"male": "sexe masculin"})
    assert design(given, "`sexe masculin`:age").names == ("(intercept)", "sexe masculin:age")


def refused(given, words, **choices):
    with pytest.raises(EstimationError, match=words):
        risk.propensity_score(given, **{"reference": "B", "formula": "age + male"} | choices)


def test_perfect_separation_names_the_covariate():
    given = people()
    refused(given.assign(flag=given["arm"] == "A"), "séparation, flag", formula="flag")
    old = given.assign(old=(given["arm"] == "A") & (given["age"] > 75))
    refused(old, "séparation, old prédit", formula="age + old + male")


def test_bad_people_are_refused_in_a_sentence():
    given = people()
    refused(given.assign(age=given["age"].where(given["age"] < 80)), "manquantes dans age")
    refused(given.assign(age=given["age"].where(given["age"] < 80, np.inf)), "infinie")
    refused(given, "sexe", formula="sexe")
    refused(pd.concat([given, given.head(1)]), "deux fois")
    refused(given.assign(arm="B"), "référence")
    refused(given, "personne dans le groupe C", arms=["A", "B", "C"])
    refused(given, "demande une colonne de nombres", formula="region^2")
    refused(given.assign(few=given.index % 4 == 0), "nœuds", formula="spline(few, 3)")
    refused(
        given.assign(coded=(given["arm"] == "A") ^ (given.index % 10 == 0)),
        "coded : corrélation",
        formula="age + coded",
        highest_correlation=0.5,
    )


def test_the_order_of_rows_moves_nothing():
    given = people()
    one = risk.propensity_score(given, reference="B", formula="spline(age, 4) + male")
    back = risk.propensity_score(given[::-1], reference="B", formula="spline(age, 4) + male")
    np.testing.assert_allclose(one.probabilities["A"], back.probabilities["A"][::-1], rtol=1e-9)
