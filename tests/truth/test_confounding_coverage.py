"""Adjusted means and risks on simulated persons whose effect is known; the crude one is wrong."""

import numpy as np
import pytest

from studylib import risk
from studylib.risk.validation.confounded import coverage_of_confounded, simulate

SEEDS = range(200)
LOW, HIGH = 181 / 200, 199 / 200  # binomial bounds of 95 % over 200, beyond which 1 in 500 falls


@pytest.mark.parametrize(
    ("names", "measure", "effect"),
    [
        (("iptw, estimated score", "matching 1:1, pairs"), "mean", 0.5),
        (("overlap, estimated score", "aipw"), "mean", 0.0),
        (("aipw",), "risk", 0.5),
        (("overlap, known weights",), "risk", 0.5),
    ],
)
def test_intervals_hold_the_truth(names, measure, effect):
    table = coverage_of_confounded(seeds=SEEDS, effect=effect, names=names, measures=(measure,))
    assert len(table) == len(names)
    assert table["not_estimable"].eq(0).all()
    assert table["coverage"].between(LOW, HIGH).all(), table
    truth = effect if measure == "mean" else effect / 10
    assert table["mean_estimate"].to_numpy() == pytest.approx(truth, abs=0.03)


def test_the_crude_difference_is_wrong_and_the_adjusted_one_right():
    people = simulate(1, 0.0, persons=20_000)
    score = risk.propensity_score(people, reference="B", formula="x*z")
    found = {
        name: risk.weighted_difference(
            risk.adjusted(people, score, method=name), value="y", outcome="o"
        ).iloc[0]
        for name in ("none", "iptw", "overlap", "matching_weights", "stratification")
    }
    assert found["none"]["ci_low"] > 0.5
    for name in ("iptw", "overlap", "matching_weights"):
        assert found[name]["ci_low"] < 0 < found[name]["ci_high"]
    assert abs(found["stratification"]["estimate"]) < 0.1  # what is left within strata


def test_a_penalised_score_removes_the_confounding_of_sparse_codes():
    import pandas as pd
    from scipy import sparse

    from studylib.cohort import WideCovariates

    draw = np.random.default_rng(3)
    codes = draw.random((4000, 80)) < 0.1
    burden = codes[:, :15].sum(axis=1)
    treated = draw.random(4000) < 1 / (1 + np.exp(2.0 - 1.0 * burden))
    people = pd.DataFrame({"person_id": range(4000), "arm": np.where(treated, "A", "B")})
    people["y"] = burden + draw.normal(size=4000)
    wide = WideCovariates(
        sparse.csr_matrix(codes.astype(int)),
        people[["person_id"]],
        pd.DataFrame(
            {"column": range(80), "domain": "d", "code": [f"c{i}" for i in range(80)],
             "persons": codes.sum(axis=0)}
        ),
    )  # fmt: skip
    score = risk.lasso_propensity_score(people, wide, reference="B", seed=1)
    weighed = risk.adjusted(people, score, method="overlap")
    before, after = (
        risk.wide_balance(wide, people, reference="B", adjusted=weighed)[name].abs().max()
        for name in ("smd", "smd_after")
    )
    assert before > 0.25
    assert after < 0.05
    crude = risk.adjusted(people, score, method="none")
    rows = [
        risk.weighted_difference(one, value="y", outcome="o").iloc[0] for one in (crude, weighed)
    ]
    assert rows[0]["ci_low"] > 0.5
    assert abs(rows[1]["estimate"]) < 0.2 * rows[0]["estimate"]  # the penalty leaves a little
