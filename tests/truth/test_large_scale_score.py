"""The penalised score and hdPS: optimality, an outside program, flags worked by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from studylib import risk
from studylib.cohort import WideCovariates
from studylib.errors import EstimationError
from studylib.risk.propensity.quadratic import penalised_quadratic


def wide_of(matrix, ids=None, domain="ATC/7"):
    cells = sparse.csr_matrix(matrix)
    return WideCovariates(
        cells,
        pd.DataFrame({"person_id": range(cells.shape[0]) if ids is None else ids}),
        pd.DataFrame(
            {
                "column": range(cells.shape[1]),
                "domain": domain,
                "code": [f"c{i}" for i in range(cells.shape[1])],
                "persons": np.asarray((cells > 0).sum(axis=0)).ravel(),
            }
        ),
    )


def drawn(number=1500, columns=60, seed=4):
    draw = np.random.default_rng(seed)
    counts = draw.poisson(draw.uniform(0.03, 0.6, columns), (number, columns))
    age = draw.normal(70, 8, number)
    effect = np.where(np.arange(columns) < 8, 0.7, 0.0)
    lean = (counts > 0) @ effect + 0.04 * (age - 70) - 1.5
    treated = draw.random(number) < 1 / (1 + np.exp(-lean))
    people = pd.DataFrame(
        {"person_id": range(number), "arm": np.where(treated, "A", "B"), "age": age}
    )
    return people, wide_of(counts)


@pytest.mark.parametrize("values", ["presence", "counts"])
def test_optimality_conditions_hold_over_every_column(values):
    people, wide = drawn()
    penalty = 0.01
    score = risk.lasso_propensity_score(
        people, wide, reference="B", formula="age", values=values, penalty=penalty, tolerance=1e-6
    )
    cells = wide.matrix.toarray().astype(float)
    cells = cells if values == "counts" else (cells > 0).astype(float)
    scaled = cells / cells.std(axis=0)
    residual = (people["arm"] == "A") - score.probabilities["A"]
    slope = scaled.T @ residual / len(people)
    kept = [int(term.split("c")[1]) for term in score.coefficients["term"]]
    assert 5 < len(kept) < 40
    sign = np.sign(score.coefficients["coefficient"].to_numpy())
    assert slope[kept] == pytest.approx(penalty * sign, abs=1e-7)
    assert np.abs(np.delete(slope, kept)).max() <= penalty
    # what is not penalised is at its own maximum
    assert abs(residual.sum()) < 1e-4
    assert abs((people["age"] - 70) @ residual) / len(people) < 1e-5


def test_agrees_with_scikit_learn_run_to_its_end():
    people, wide = drawn(600, 30)
    flags = (wide.matrix.toarray() > 0).astype(float)
    ours = risk.lasso_propensity_score(
        people, wide, reference="B", penalty=0.02, standardise=False, tolerance=1e-7
    )
    fit = LogisticRegression(
        l1_ratio=1, solver="saga", C=1 / (0.02 * 600), tol=1e-10, max_iter=20_000
    )
    theirs = fit.fit(flags, people["arm"] == "A").predict_proba(flags)[:, 1]
    np.testing.assert_allclose(ours.probabilities["A"], theirs, atol=1e-5)


def test_penalty_by_cross_validation_follows_its_seed_not_the_order_of_rows():
    people, wide = drawn()
    one = risk.lasso_propensity_score(people, wide, reference="B", formula="age", seed=2)
    back = risk.lasso_propensity_score(people[::-1], wide, reference="B", formula="age", seed=2)
    assert one.method == back.method
    assert "chosen_by=cross_validation; folds=5; rule=best; seed=2" in one.method
    kept = {int(term.split("c")[1]) for term in one.coefficients["term"]}
    assert set(range(8)) <= kept  # the columns that do lean are all found
    strong = risk.lasso_propensity_score(
        people, wide, reference="B", formula="age", seed=2, rule="one_standard_error"
    )
    assert len(strong.coefficients) < len(one.coefficients)


def test_repeated_and_empty_columns_do_no_harm():
    people, wide = drawn(600, 20)
    cells = wide.matrix.toarray()
    plain = risk.lasso_propensity_score(people, wide, reference="B", penalty=0.01, tolerance=1e-6)
    twice = wide_of(np.column_stack([cells, cells, np.zeros(len(cells)), np.ones(len(cells))]))
    score = risk.lasso_propensity_score(people, twice, reference="B", penalty=0.01, tolerance=1e-6)
    np.testing.assert_allclose(score.probabilities["A"], plain.probabilities["A"], atol=1e-5)


def test_nested_codes_at_a_weak_penalty_reach_the_optimum():
    """Codes at three lengths: columns follow from one another, and signs are hard to guess."""
    people, wide = drawn(400, 60)
    longest = (wide.matrix.toarray() > 0).astype(int)
    middle = longest.reshape(400, 20, 3).max(axis=2)
    shortest = middle.reshape(400, 5, 4).max(axis=2)
    nested = wide_of(np.column_stack([longest, middle, shortest, longest[:, :10]]))
    for penalty in (0.01, 0.002, 0.0005):
        score = risk.lasso_propensity_score(people, nested, reference="B", penalty=penalty)
        cells = nested.matrix.toarray().astype(float)
        residual = (people["arm"] == "A") - score.probabilities["A"]
        slope = (cells / cells.std(axis=0)).T @ residual / 400
        assert np.abs(slope).max() <= penalty * 1.0001


def test_penalised_quadratic_against_a_search_of_every_pattern_of_signs():
    from itertools import product

    draw = np.random.default_rng(0)
    for _ in range(30):
        root = draw.normal(size=(6, 4))
        gram, linear = root.T @ root, draw.normal(size=4) * 3
        cost = np.array([0.0, 1.0, 1.0, 1.0])
        best = np.inf
        for signs in product((-1, 0, 1), repeat=4):
            sign = np.array(signs)
            used = sign != 0
            b = np.zeros(4)
            if used.any():
                b[used] = np.linalg.solve(gram[np.ix_(used, used)], (linear - cost * sign)[used])
            best = min(best, 0.5 * b @ gram @ b - linear @ b + cost @ np.abs(b))
        b = penalised_quadratic(gram, linear, cost, np.zeros(4))
        assert 0.5 * b @ gram @ b - linear @ b + cost @ np.abs(b) == pytest.approx(best, abs=1e-9)


def refused(people, wide, words, **choices):
    with pytest.raises(EstimationError, match=words):
        risk.lasso_propensity_score(people, wide, **{"reference": "B", "penalty": 0.01} | choices)


def test_what_cannot_be_fitted_is_refused_in_a_sentence():
    people, wide = drawn(300, 5)
    encoding = wide_of(np.column_stack([wide.matrix.toarray(), people["arm"] == "A"]))
    refused(people, encoding, "ATC/7 c5 : corrélation")
    refused(people, wide, "seed", penalty=None)
    refused(people, wide, "pénalité", penalty=0.0)
    refused(people, wide_of(wide.matrix[:200]), "100 personnes sans ligne")
    refused(people.assign(arm=list("ABC") * 100), wide, "deux groupes attendus, 3")
    refused(people.assign(arm="B"), wide, "référence")
    refused(people.assign(age=np.nan), wide, "manquantes dans age", formula="age")
    separating = people.assign(flag=(people["arm"] == "A").to_numpy())
    refused(separating, wide, "séparation, flag", formula="flag", highest_correlation=None)


EIGHT = pd.DataFrame({"person_id": range(8), "arm": list("AAAABBBB")})
# x: six persons, counts 1 1 2 3 3 4: median 2.5, third quartile 3. y: two persons, once each.
# z: everybody, so its prevalence counts as none
X, Y, Z = [1, 1, 2, 3, 3, 4, 0, 0], [1, 0, 0, 0, 1, 0, 0, 0], [1] * 8
OUTCOME = pd.Series([True, True, False, False, True, False, False, False])


def test_recurrences_and_prevalence_by_hand():
    flags, ranked = risk.high_dimensional_covariates(
        EIGHT, wide_of(np.column_stack([X, Y, Z])), reference="B", outcome=OUTCOME, per_domain=2
    )
    names = dict(zip(flags.columns["code"], flags.matrix.toarray().T.tolist(), strict=True))
    assert names == {
        "c0 once": [1, 1, 1, 1, 1, 1, 0, 0],
        "c0 sporadic": [0, 0, 0, 1, 1, 1, 0, 0],  # 2.5 or more; 3 or more is the same: left out
        "c1 once": [1, 0, 0, 0, 1, 0, 0, 0],  # every recurrence is the same
    }
    assert set(ranked["code"]) == {"c0", "c1"}


def test_bias_multiplier_by_hand():
    _, ranked = risk.high_dimensional_covariates(
        EIGHT, wide_of(np.column_stack([X, Y])), reference="B", outcome=OUTCOME, kept=1
    )
    bias = ranked.set_index(["code", "recurrence"])["bias"]
    # c0 sporadic: 1/4 of A, 2/4 of B; outcome in 1/3 of carriers, 2/5 of others: ratio 5/6
    # (1/4 x -1/6 + 1) / (2/4 x -1/6 + 1) = (23/24) / (22/24)
    assert bias["c0", "sporadic"] == pytest.approx(23 / 22)
    # c1: 1/4 of A, 1/4 of B: no bias whatever the outcome; both carriers have it: an empty cell
    assert bias["c1", "once"] == pytest.approx(1.0)
    # c0 once: everybody in A: .1 added: 4.1/4.2 and 2.1/4.2 where cells are 4 0 / 2 2
    # outcome: 3 of 6 carriers, 0 of 2 others: 3.1/6.2 over .1/2.2 = 11
    first, second = 4.1 / 4.2, 2.1 / 4.2
    assert bias["c0", "once"] == pytest.approx((first * 10 + 1) / (second * 10 + 1))
    assert ranked["kept"].tolist() == [True, False, False]
    assert ranked["code"].tolist()[0] == "c0"


def test_exposure_ranking_looks_at_no_outcome():
    _, ranked = risk.high_dimensional_covariates(
        EIGHT, wide_of(np.column_stack([X, Y])), reference="B", ranking="exposure"
    )
    bias = ranked.set_index(["code", "recurrence"])["bias"]
    assert bias["c0", "sporadic"] == pytest.approx(0.5)
    with pytest.raises(EstimationError, match="sans événement"):
        risk.high_dimensional_covariates(EIGHT, wide_of(np.array([X]).T), reference="B")
