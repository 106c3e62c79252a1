"""Propensity scores, weights and balance on published data sets (kept out of the project)."""

import json

import numpy as np
import pandas as pd
import pytest

from studylib import project, risk

CASES = project.root().parent / "shared" / "cases" / "risk"
pytestmark = pytest.mark.skipif(
    not CASES.is_dir(), reason="the published cases are not beside the project"
)


def case(name: str) -> dict:
    published = json.loads((CASES / "expected.json").read_text(encoding="utf-8"))
    return next(one for one in published["cases"] if one["id"] == name)


@pytest.fixture(scope="module")
def lalonde():
    data = pd.read_csv(CASES / "lalonde.csv")
    data = data.assign(person_id=range(len(data)), arm=np.where(data["treat"] == 1, "T", "C"))
    formula = "age + educ + race + married + nodegree + re74 + re75"
    score = risk.propensity_score(data, reference="C", formula=formula)
    return data.assign(distance=score.probabilities["T"]), score


def differences(data, names, **choices):
    table = risk.balance(data, names, reference="C", **choices)
    return table.set_index("covariate")["smd"].to_dict()


def test_balance_before_matching(lalonde):
    """PE19, MatchIt: the denominator is the standard deviation of the treated."""
    data, _ = lalonde
    known = case("PE19")
    found = differences(data, list(known["answer"]), denominator="treated")
    assert found == pytest.approx(known["answer"], abs=5e-5)


def test_balance_before_matching_other_denominators(lalonde):
    """PE19, variants: the pooled denominator, and flags with n - 1."""
    data, _ = lalonde
    pooled = dict(case("PE19")["variants"]["pooled_sd"])
    pooled.pop("note")
    found = differences(data, list(pooled), denominator="pooled", binary_variance="n-1")
    assert found == pytest.approx(pooled, abs=5e-5)
    known = case("PE19")["variants"]["treated_sd_n_minus_1_for_binary"]
    found = differences(data, list(known), denominator="treated", binary_variance="n-1")
    assert found == pytest.approx(known, abs=5e-5)


def test_overlap_weights_balance_every_mean(lalonde):
    """Li, Morgan and Zaslavsky (2018), theorem 3: exact for a logistic score."""
    data, score = lalonde
    weighed = risk.adjusted(data, score, method="overlap")
    table = risk.balance(data, ["age", "educ", "race", "re74"], reference="C", adjusted=weighed)
    assert table["smd_after"].abs().max() < 1e-9


@pytest.fixture(scope="module")
def smokers():
    data = pd.read_csv(CASES / "nhefs.csv").dropna(subset=["wt82_71"]).reset_index(drop=True)
    data = data.assign(person_id=data.index, arm=np.where(data["qsmk"] == 1, "quit", "smoke"))
    return data, risk.propensity_score(data, reference="smoke", formula=FORMULA)


FORMULA = (
    "sex + race + age + age^2 + C(education) + smokeintensity + smokeintensity^2 + smokeyrs"
    " + smokeyrs^2 + C(exercise) + C(active) + wt71 + wt71^2"
)


def test_score_and_weights_of_the_smokers(smokers):
    """PE22, Hernan and Robins, programs 12.2 and 12.3."""
    data, score = smokers
    known = case("PE22")
    second = known["second_implementation"]
    assert score.log_likelihood == pytest.approx(known["answer"]["ps_loglik"], rel=1e-7)
    for stabilise, name in ((False, "w_min_mean_max"), (True, "sw_min_mean_max")):
        weight = risk.adjusted(data, score, method="iptw", stabilise=stabilise).people["weight"]
        found = [weight.min(), weight.mean(), weight.max()]
        assert found == pytest.approx(known["answer"][name], rel=1e-5)
        assert found == pytest.approx(second[name], rel=1e-6)


def test_effect_of_quitting_by_weighting(smokers):
    """PE22: the estimate, and its interval under two sandwiches and two quantiles."""
    data, score = smokers
    known = case("PE22")
    weighed = risk.adjusted(data, score, method="iptw")
    hc1 = risk.weighted_difference(
        weighed, value="wt82_71", outcome="weight", variance="hc1", quantile="t"
    ).iloc[0]
    assert hc1["estimate"] == pytest.approx(known["answer"]["iptw"], rel=1e-6)
    assert [hc1["ci_low"], hc1["ci_high"]] == pytest.approx(known["answer"]["ci"], rel=1e-5)
    hc0 = risk.weighted_difference(weighed, value="wt82_71", outcome="weight").iloc[0]
    second = known["second_implementation"]["ci_hc0_normal"]
    assert [hc0["ci_low"], hc0["ci_high"]] == pytest.approx(second, rel=1e-5)
    crude = risk.adjusted(data, score, method="none")
    naive = risk.weighted_difference(crude, value="wt82_71", outcome="weight")["estimate"].item()
    assert naive == pytest.approx(known["second_implementation"]["naive"], rel=1e-6)


def test_effect_of_quitting_by_standardisation(smokers):
    """PE22, second implementation; the book prints 3.5."""
    data, _ = smokers
    found = risk.standardised_difference(
        data,
        value="wt82_71",
        outcome="weight",
        reference="smoke",
        formula=f"treated + {FORMULA} + treated:smokeintensity",
    )
    known = case("PE22")["second_implementation"]["standardised"]
    assert found["estimate"].item() == pytest.approx(known, rel=1e-6)
