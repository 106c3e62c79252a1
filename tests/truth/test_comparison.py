"""One comparison, every adjustment: confounded data whose truth is known, and what cannot be."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from studylib import cohort, risk
from studylib.errors import EstimationError

WAYS = ("regression", "iptw", "overlap", "matching_weights", "matching", "stratification")


def confounded(seed=1, size=4000, ratio=0.6):
    """The frail get A less and have the outcome more."""
    draw = np.random.default_rng(seed)
    age, frail = draw.uniform(50, 90, size), draw.random(size) < 0.3
    odds = 0.8 - 0.03 * (age - 70) - 1.2 * frail
    treated = draw.random(size) < 1 / (1 + np.exp(-odds))
    rate = 0.0006 * np.exp(0.04 * (age - 70) + 0.9 * frail + np.log(ratio) * treated)
    time = draw.exponential(1 / rate)
    event = time <= 365
    return pd.DataFrame(
        {
            "person_id": range(size),
            "arm": np.where(treated, "A", "B"),
            "region": np.where(draw.random(size) < 0.5, "11", "84"),
            "entry": 0,
            "exit": np.ceil(np.minimum(time, 365)).astype(int),
            "event": event,
            "exit_reason": np.where(event, "outcome", "end_of_follow_up"),
            "age": age,
            "frail": frail.astype(float),
        }
    )


def compared(persons, adjustment, **choices):
    return risk.comparison(
        persons,
        reference="B",
        covariates=["age", "frail"],
        stratified_by=["region"],
        adjustment=adjustment,
        **choices,
    )


def test_every_adjustment_finds_the_truth_that_the_crude_ratio_misses():
    persons = confounded()
    crude = compared(persons, "none").hazard_ratio(outcome="o").iloc[0]
    assert crude["ci_high"] < 0.6
    for way in WAYS:
        row = compared(persons, way).hazard_ratio(outcome="o").iloc[0]
        assert row["ci_low"] < 0.6 < row["ci_high"], way
        assert f"adjustment={way}" in row["method"]


def test_weighted_risks_are_further_from_one_another_than_crude_ones_say():
    persons = confounded(2)
    weighted = compared(persons, "overlap").risk_difference(outcome="o", day=365)
    assert weighted["method"].str.contains("adjustment=overlap").all()
    crude = compared(persons, "regression").risk_difference(outcome="o", day=365)
    assert crude["method"].str.contains("adjustment=none").all()
    assert weighted["estimate"].iloc[0] > crude["estimate"].iloc[0]


def test_another_outcome_of_the_same_persons_takes_the_same_weights():
    persons = confounded(3)
    study = compared(persons, "overlap")
    again = study.hazard_ratio(outcome="o", follow_up=persons.sample(frac=1, random_state=1))
    numbers = ["estimate", "ci_low", "ci_high", "persons"]
    assert again[numbers].to_numpy() == pytest.approx(
        study.hazard_ratio(outcome="o")[numbers].to_numpy()
    )


def test_the_gates_of_a_sound_comparison_pass_and_those_of_a_poor_one_do_not():
    sound = {one.name: one for one in compared(confounded(), "overlap").checks()}
    assert set(sound) == {"balance", "positivity", "equipoise", "person_time", "mdrr"}
    assert all(one.passed for one in sound.values())
    poor = confounded().assign(
        arm=lambda d: np.where((d["frail"] == 1) ^ (d["age"] > 51), "B", "A")
    )
    gates = risk.Gates(compared(poor.sample(frac=1, random_state=2), "overlap").checks())
    assert "equipoise" in gates.closed_by


def test_an_arm_with_nobody_or_apart_is_a_stated_row_and_an_unevaluated_gate():
    persons = confounded(size=400)
    alone = risk.comparison(
        persons, reference="B", arms=["A", "B", "C"], covariates=["age"], adjustment="overlap"
    )
    rows = alone.hazard_ratio(outcome="o").set_index("comparison")
    assert rows.loc["A / B", "estimate"] > 0
    assert "not_estimable" in rows.loc["C / B", "method"]
    equipoise = next(one for one in alone.checks() if one.name == "equipoise")
    assert not equipoise.evaluated
    assert "C" in equipoise.text
    apart = persons.assign(frail=(persons["arm"] == "A").astype(float))
    row = compared(apart, "overlap").hazard_ratio(outcome="o").iloc[0]
    assert "not_estimable=arms cannot be made comparable" in row["method"]


def test_holes_and_unknown_columns_are_refused():
    persons = confounded(size=200)
    with pytest.raises(EstimationError, match="manquantes dans age"):
        compared(persons.assign(age=np.nan), "overlap")
    with pytest.raises(EstimationError, match="poids absente"):
        risk.comparison(persons, reference="B", covariates=["poids"])


def hidden_among_codes():
    """Persons whose frailty no covariate tells but one code of sixty-one."""
    persons = confounded(7, 6000)
    noise = sparse.random(len(persons), 60, density=0.1, random_state=7, format="csr")
    codes = sparse.hstack([sparse.csr_matrix(persons[["frail"]].to_numpy()), noise > 0], "csr")
    names = ["hidden", *(f"c{i}" for i in range(60))]
    wide = cohort.WideCovariates(
        codes.astype(float),
        persons[["person_id"]],
        pd.DataFrame(
            {
                "column": range(61),
                "domain": "ATC/7",
                "code": names,
                "persons": np.asarray((codes > 0).sum(axis=0)).ravel(),
            }
        ),
    )
    return persons, wide


def test_a_score_over_every_code_removes_confounding_that_no_covariate_tells():
    persons, wide = hidden_among_codes()
    told = {"reference": "B", "covariates": ["age"], "adjustment": "iptw"}
    without = risk.comparison(persons, **told).hazard_ratio(outcome="o").iloc[0]
    over = risk.comparison(persons, **told, wide=wide, seed=1)
    row = over.hazard_ratio(outcome="o").iloc[0]
    assert without["ci_high"] < 0.6 < row["ci_high"]
    assert "columns_offered=61" in row["method"]
    balance = next(one for one in over.checks() if one.name == "balance")
    assert balance.passed
    assert "62" in balance.text, "age and every code"


@pytest.mark.parametrize("ranking", ["bias", "exposure"])
def test_hdps_chooses_the_code_that_confounds(ranking):
    persons, wide = hidden_among_codes()
    chosen = {"per_domain": 61, "kept": 10, "ranking": ranking}
    study = risk.comparison(
        persons, reference="B", covariates=["age"], adjustment="iptw", wide=wide, seed=1,
        high_dimensional=chosen,
    )  # fmt: skip
    assert not study.reasons
    first = risk.selected_codes(study, largest=3)
    assert first["code"].iloc[0] == "hidden"
    assert first["rank"].tolist() == [1, 2, 3]
    row = study.hazard_ratio(outcome="o").iloc[0]
    assert row["ci_low"] < 0.7 < row["ci_high"]
    assert "columns_offered=10" in row["method"]
    assert f"selection=hdps; per_domain=61; kept=10; ranking={ranking}" in row["method"]
    assert "62" in next(one for one in study.checks() if one.name == "balance").text


def test_hdps_needs_codes_and_others_choose_none():
    persons, _ = hidden_among_codes()
    told = {"reference": "B", "covariates": ["age"]}
    with pytest.raises(EstimationError, match="wide"):
        risk.comparison(persons, **told, high_dimensional={})
    assert risk.selected_codes(risk.comparison(persons, **told)).empty
