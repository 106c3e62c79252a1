"""One comparison, every adjustment: confounded data whose truth is known, and what cannot be."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from studylib import cohort, risk
from studylib.errors import EstimationError
from studylib.report import disclosure

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


def true_difference(persons, ratio=0.6, day=365):
    """Of the risks by ``day`` if each of these persons had A, then B."""
    rate = 0.0006 * np.exp(0.04 * (persons["age"] - 70) + 0.9 * persons["frail"])
    return (np.exp(-rate * day) - np.exp(-rate * ratio * day)).mean()


@pytest.mark.parametrize("way", ["regression", "stratification", "iptw"])
def test_the_risk_difference_is_adjusted_as_the_ratio_is(way):
    persons = confounded(2)
    truth = true_difference(persons)
    crude = compared(persons, "none").risk_difference(outcome="o", day=365)
    assert crude["method"].str.contains("adjustment=none").all()
    assert crude["ci_high"].iloc[0] < truth
    found = compared(persons, way).risk_difference(outcome="o", day=365)
    assert found["measure"].tolist() == ["risk_difference", "number_needed", "risk_ratio"]
    difference, needed, _ = found.to_dict("records")
    assert difference["ci_low"] < truth < difference["ci_high"]
    assert needed["estimate"] == pytest.approx(1 / difference["estimate"])
    assert needed["ci_low"] == pytest.approx(1 / difference["ci_high"])
    assert found["method"].str.contains(f"adjustment={way}").all()


def test_an_estimate_names_the_population_it_represents_and_no_other():
    persons = confounded(2)
    of_all, of_arm = (compared(persons, "stratification", population=of) for of in ("ate", "att"))
    ratios = [one.hazard_ratio(outcome="o").iloc[0] for one in (of_all, of_arm)]
    assert ratios[0]["estimate"] == ratios[1]["estimate"], "each stratum has a baseline of its own"
    assert not any("population=" in row["method"] for row in ratios)
    risks = [one.risk_difference(outcome="o", day=365).iloc[0] for one in (of_all, of_arm)]
    assert "population=ate" in risks[0]["method"]
    assert "population=att" in risks[1]["method"]
    assert abs(risks[0]["estimate"] - risks[1]["estimate"]) > 0.001
    matched = compared(persons, "matching").hazard_ratio(outcome="o").iloc[0]
    assert "population=matched" in matched["method"]


def test_mean_times_are_adjusted_as_risks_are():
    persons = confounded(2)
    crude, *adjusted = (
        compared(persons, way).mean_time_difference(outcome="o", day=365).iloc[0]
        for way in ("none", "regression", "iptw")
    )
    for row in adjusted:
        assert row["measure"] == "mean_time_difference"
        assert row["ci_high"] < crude["estimate"]
    assert adjusted[0]["estimate"] == pytest.approx(adjusted[1]["estimate"], rel=0.1)


def test_standardised_risks_deal_with_those_who_leave_and_say_what_they_cannot():
    persons = confounded(4)
    left = np.random.default_rng(4).exponential(400, len(persons)).astype(int) + 1
    gone = left < persons["exit"]
    censored = persons.assign(
        exit=persons["exit"].where(~gone, left), event=persons["event"] & ~gone
    )
    row = compared(censored, "regression").risk_difference(outcome="o", day=365).iloc[0]
    assert row["ci_low"] < true_difference(persons) < row["ci_high"]
    study = compared(persons, "regression")
    late = study.risk_difference(outcome="o", day=366)
    assert late["method"].str.contains("nobody followed until the day in A").all()
    assert late["estimate"].isna().all()
    alone = risk.standardised_risk(
        persons[persons["arm"] == "B"], outcome="o", reference="B", arms=["A", "B"], day=9
    )
    assert alone["method"].str.contains("not_estimable=nobody in A").all()


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
    strict = risk.gates.Thresholds(smallest_effective_share=0.999)
    held = risk.Gates(compared(confounded(), "overlap").checks(strict))
    assert held.closed_by == ("positivity",)
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
    # what sets them apart can still be read, so that the page says why
    seen = compared(apart, "overlap").balance(["age", "frail"])
    assert seen["smd"].notna().any()
    assert seen["smd_after"].isna().all()


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


def test_weights_are_told_by_arm_with_those_left_out():
    persons = confounded(2)
    weighed = risk.weights(compared(persons, "iptw"))
    assert weighed["comparison"].unique().tolist() == ["A / B"]
    pair = compared(persons, "iptw").pairs["A"].people
    for _, row in weighed.iterrows():
        own = pair.loc[pair["arm"] == row["arm"], "weight"]
        told = row[["weight_min", "weight_mean", "weight_max"]].tolist()
        assert told == pytest.approx([own.min(), own.mean(), own.max()])
        assert row["effective_size"] == pytest.approx(own.sum() ** 2 / (own**2).sum())
        assert row["left_out"] == 0
    matched = risk.weights(compared(persons, "matching")).set_index("arm")
    assert (matched["persons"] - matched["left_out"]).nunique() == 1, "one to one"
    assert (matched["pair_left_out"] == matched["left_out"].sum()).all()
    assert risk.weights(compared(persons, "regression")).empty


def test_few_persons_left_out_are_hidden_with_what_would_tell_them():
    row = {"comparison": "A / B", "persons": 500, "pair_left_out": 20, "weight_min": 1.0,
           "weight_mean": 1.0, "weight_max": 1.0}  # fmt: skip
    table = pd.DataFrame(
        [row | {"arm": "A", "left_out": 6, "effective_size": 494.0},
         row | {"arm": "B", "left_out": 14, "effective_size": 486.0}]
    )  # fmt: skip
    shown = disclosure.mask(table, risk.WEIGHTS)
    assert shown["left_out"].isna().all(), "the ratio tells both groups together"
    assert shown["effective_size"].isna().all()
    assert shown["pair_left_out"].tolist() == [20, 20]
    assert shown["persons"].tolist() == [500, 500]
