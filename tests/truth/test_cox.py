"""Cox's model against hand-worked cases, a likelihood written out, and lifelines."""

import warnings

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter

from studylib import risk
from studylib.errors import EstimationError
from studylib.risk.cox.fit import fit, sandwich
from studylib.risk.cox.likelihood import evaluate, score_residuals
from studylib.risk.cox.risk_sets import risk_sets


def persons(days, event, arm, **columns):
    return pd.DataFrame(
        {
            "person_id": range(len(days)),
            "arm": list(arm),
            "entry": 0,
            "exit": days,
            "event": np.array(event, bool),
            "exit_reason": ["outcome" if one else "end_of_follow_up" for one in event],
            **columns,
        }
    )


def drawn(seed, size=300, effect=0.5):
    draw = np.random.default_rng(seed)
    x, treated = draw.normal(size=size), draw.random(size) < 0.5
    time = draw.exponential(80 / np.exp(effect * treated + 0.4 * x))
    end = draw.integers(5, 120, size)
    return persons(
        np.ceil(np.minimum(time, end)).astype(int),
        time <= end,
        np.where(treated, "A", "B"),
        x=x,
        weight=draw.random(size) + 0.2,
        region=draw.integers(0, 3, size).astype(str),
    )


# A leaves at 4 (free) and 1 (event), B at 3 and 2 (events). With θ = HR of A the likelihood is
# θ/(2θ+2) x 1/(θ+2) x 1/(θ+1), highest where θ² + θ - 1 = 0: θ = (√5 - 1)/2.
FOUR = persons([4, 1, 3, 2], [0, 1, 1, 1], "AABB")


def test_four_persons_by_hand():
    row = risk.hazard_ratio(FOUR, outcome="o", reference="B").iloc[0]
    assert row["estimate"] == pytest.approx((5**0.5 - 1) / 2, rel=1e-8)


def test_a_weight_of_two_is_a_person_twice_under_breslow():
    eight = pd.concat([FOUR, FOUR.assign(person_id=[4, 5, 6, 7], exit=FOUR["exit"] + 3)])
    twice = pd.concat([eight, eight.iloc[[1]].assign(person_id=9)])
    weighted = eight.assign(weight=[1.0, 2.0, *[1.0] * 6])
    one = risk.hazard_ratio(twice, outcome="o", reference="B", ties="breslow").iloc[0]
    two = risk.hazard_ratio(
        weighted, outcome="o", reference="B", weights="weight", ties="breslow"
    ).iloc[0]
    assert two["estimate"] == pytest.approx(one["estimate"], rel=1e-9)


def written_out(rows, beta, ties):
    """The log partial likelihood, risk set by risk set."""
    start, stop, event, weight, stratum, x = rows
    total = 0.0
    for group in np.unique(stratum):
        for day in np.unique(stop[(stratum == group) & event]):
            at_risk = (stratum == group) & (start < day) & (stop >= day)
            gone = at_risk & event & (stop == day)
            hazard = weight * np.exp(x @ beta)
            for turn in range(gone.sum()):
                out = turn / gone.sum() * hazard[gone].sum() if ties == "efron" else 0.0
                total -= weight[gone].mean() * np.log(hazard[at_risk].sum() - out)
            total += weight[gone] @ (x[gone] @ beta)
    return total


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_weights_strata_ties_and_late_entry_are_those_of_the_likelihood(ties, seed):
    draw = np.random.default_rng(seed)
    start = draw.integers(0, 5, 60).astype(float)
    stop, event = start + draw.integers(1, 8, 60), draw.random(60) < 0.6
    weight, stratum, x = draw.random(60) + 0.2, draw.integers(0, 3, 60), draw.normal(size=(60, 2))
    sets = risk_sets(start, stop, event, weights=weight, strata=stratum, ties=ties)
    rows, beta, step = (start, stop, event, weight, stratum, x), np.array([0.3, -0.2]), 1e-5
    found = evaluate(sets, x[sets.order], beta)
    assert found.log_likelihood == pytest.approx(written_out(rows, beta, ties), rel=1e-12)
    for column, unit in enumerate(np.eye(2) * step):
        slope = written_out(rows, beta + unit, ties) - written_out(rows, beta - unit, ties)
        assert found.gradient[column] == pytest.approx(slope / (2 * step), abs=1e-6)
        curve = evaluate(sets, x[sets.order], beta + unit).gradient
        curve = curve - evaluate(sets, x[sets.order], beta - unit).gradient
        assert found.information[column] == pytest.approx(-curve / (2 * step), abs=1e-5)
    residuals = score_residuals(sets, x[sets.order], beta)
    assert residuals.sum(axis=0) == pytest.approx(found.gradient, abs=1e-10)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_the_sandwich_is_what_each_person_moves_the_estimate_by(ties):
    data = drawn(4, size=40)
    x = np.column_stack([data["x"], data["arm"] == "A"]).astype(float)
    stop, event = data["exit"].to_numpy(float), data["event"].to_numpy()
    weight, strata = data["weight"].to_numpy(), data["region"].astype(int).to_numpy()

    def fitted(weights):
        return fit(risk_sets(None, stop, event, weights=weights, strata=strata, ties=ties), x)

    moved = []
    for person in range(len(data)):
        more, less = weight.copy(), weight.copy()
        more[person] *= 1 + 1e-4
        less[person] *= 1 - 1e-4
        moved.append((fitted(more).coefficients - fitted(less).coefficients) / 2e-4)
    sets = risk_sets(None, stop, event, weights=weight, strata=strata, ties=ties)
    robust = sandwich(sets, x, fit(sets, x))
    assert robust == pytest.approx(np.transpose(moved) @ np.array(moved), rel=1e-4)


def test_without_weights_the_model_is_that_of_lifelines():
    data = drawn(5)
    row = risk.hazard_ratio(
        data, outcome="o", reference="B", covariates=["x"], strata=["region"]
    ).iloc[0]
    frame = data[["x", "region", "exit", "event"]].assign(arm=(data["arm"] == "A").astype(float))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = CoxPHFitter().fit(frame, "exit", "event", strata=["region"])
    assert np.log(row["estimate"]) == pytest.approx(peer.params_["arm"], rel=1e-5)
    error = np.log(row["ci_high"] / row["ci_low"]) / (2 * 1.959963985)
    assert error == pytest.approx(peer.standard_errors_["arm"], rel=1e-5)


def test_one_cluster_per_person_is_the_robust_variance_and_copies_add_nothing():
    data = drawn(6)
    alone = risk.hazard_ratio(data, outcome="o", reference="B", variance="sandwich").iloc[0]
    again = pd.concat([data, data])
    twice = risk.hazard_ratio(
        again, outcome="o", reference="B", cluster="person_id", ties="breslow"
    ).iloc[0]
    once = risk.hazard_ratio(
        data, outcome="o", reference="B", variance="sandwich", ties="breslow"
    ).iloc[0]
    assert twice["estimate"] == pytest.approx(once["estimate"])
    assert twice["ci_high"] == pytest.approx(once["ci_high"])
    assert alone["ci_high"] != pytest.approx(once["ci_high"], rel=1e-6)


def test_the_profile_interval_falls_where_the_likelihood_has_lost_its_share():
    data = drawn(7, size=60)
    row = risk.hazard_ratio(data, outcome="o", reference="B", interval="profile").iloc[0]
    at = np.log([row["estimate"], row["ci_low"], row["ci_high"]])
    profile = risk.likelihood_profile(data, outcome="o", reference="B", log_ratios=at)
    lost = profile.set_index("log_ratio")["log_likelihood"]
    assert lost.max() == lost.loc[at[0]] == 0
    assert lost.loc[at[1:]].to_numpy() == pytest.approx(-3.841458821 / 2, rel=1e-6)
    assert profile["gradient"].iloc[1] == pytest.approx(0, abs=1e-6)


def test_an_arm_without_outcome_has_no_ratio_but_a_profile():
    none = pd.concat([FOUR, persons([2, 5], [0, 0], "CC").assign(person_id=[7, 8])])
    row = risk.hazard_ratio(none, outcome="o", reference="B", arms=["B", "C"]).iloc[0]
    assert "not_estimable=no outcome in C" in row["method"]
    profile = risk.likelihood_profile(none, outcome="o", reference="B", arms=["B", "C"])
    assert (profile["gradient"] < 0).all()


def test_the_bootstrap_agrees_with_the_sandwich():
    data = drawn(8)
    width = {
        how: np.log(row["ci_high"] / row["ci_low"])
        for how in ("sandwich", "bootstrap")
        for row in [
            risk.hazard_ratio(
                data, outcome="o", reference="B", weights="weight", variance=how, seed=1
            ).iloc[0]
        ]
    }
    assert width["bootstrap"] == pytest.approx(width["sandwich"], rel=0.12)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"covariates": ["nothing"]}, "nothing absente"),
        ({"weights": "weight", "variance": "model"}, "variance du modèle y est fausse"),
        ({"variance": "bootstrap"}, "une graine"),
        ({"variance": "sandwich", "interval": "profile"}, "profilée"),
        ({"weights": "negative"}, "poids"),
        ({"covariates": ["holes"]}, "manquantes dans holes"),
    ],
)
def test_choices_that_cannot_be_are_said(change, words):
    data = drawn(9).assign(negative=-1.0, holes=np.nan)
    with pytest.raises(EstimationError, match=words):
        risk.hazard_ratio(data, outcome="o", reference="B", **change)


@pytest.mark.parametrize(
    ("data", "change", "reason"),
    [
        (FOUR.assign(w=[1, 1e-9, 1, 1]), {"weights": "w"}, "weights on one person in A"),
        (FOUR.assign(s=["a", "b", "c", "d"]), {"strata": ["s"]}, "no stratum with both arms"),
        (persons([1, 2, 3, 4], [1] * 4, "AABB"), {}, "no convergence"),
    ],
)
def test_what_has_no_answer_says_why(data, change, reason):
    row = risk.hazard_ratio(data, outcome="o", reference="B", fewest_carriers=1, **change).iloc[0]
    assert np.isnan(row["estimate"])
    assert f"not_estimable={reason}" in row["method"]


def test_a_covariate_that_others_determine_is_left_out_and_one_that_is_the_arm_has_no_answer():
    data = drawn(10).assign(double=lambda d: 2 * d["x"] + 1, arm_again=lambda d: d["arm"] == "A")
    row = risk.hazard_ratio(data, outcome="o", reference="B", covariates=["x", "double"]).iloc[0]
    alone = risk.hazard_ratio(data, outcome="o", reference="B", covariates=["x"]).iloc[0]
    assert row["estimate"] == pytest.approx(alone["estimate"])
    assert "repeated=double" in row["method"]
    same = risk.hazard_ratio(data, outcome="o", reference="B", covariates=["arm_again"]).iloc[0]
    assert "not_estimable=no convergence" in same["method"]


def test_proportional_hazards_hold_or_not():
    held = risk.check_proportional_hazards(
        drawn(11, 2000).assign(treated=lambda d: (d["arm"] == "A").astype(float)), ["treated"]
    )
    assert held.passed
    draw = np.random.default_rng(12)
    treated = np.repeat([0.0, 1.0], 1000)
    early, late = draw.exponential(20, 2000), 20 + draw.exponential(40, 2000)
    time = np.where((treated == 1) | (draw.random(2000) < 0.4), early, late)
    crossing = persons(np.ceil(time).astype(int), np.ones(2000), np.where(treated, "A", "B"))
    failed = risk.check_proportional_hazards(crossing.assign(treated=treated), ["treated"])
    assert failed.passed is False


def test_a_robust_interval_wants_more_than_three_persons_in_an_arm():
    few = drawn(18).sort_values("arm").groupby("arm").head(100)
    few = few[(few["arm"] == "B") | (few.groupby("arm").cumcount() < 3)]
    few = few.assign(event=few["event"] | (few["arm"] == "A"))
    row = risk.hazard_ratio(few, outcome="o", reference="B", variance="sandwich").iloc[0]
    assert np.isnan(row["estimate"])
    assert "not_estimable=too few persons in A" in row["method"]
    rows = risk.risk_difference(few, outcome="o", reference="B", day=1)
    assert rows["method"].str.contains("not_estimable=too few persons in A").all()


def test_closed_gates_leave_no_number():
    from studylib.tables import CheckResult

    gates = risk.Gates((CheckResult("balance", False, pd.DataFrame(), "déséquilibre"),))
    row = risk.hazard_ratio(FOUR, outcome="o", reference="B", gates=gates).iloc[0]
    assert row[["estimate", "ci_low", "ci_high", "p_value"]].isna().all()
    assert row["method"].endswith("withheld=balance")


def test_exposure_that_comes_and_goes_by_hand():
    # Days of events 2, 4, 6. At risk: day 2 {1 free, 2 free, 3 exposed}, day 4 {2 exposed, 3 free},
    # day 6 {3 free, alone}. Events: 1 free, 2 exposed, 3. Likelihood 1/(2+θ) x θ/(θ+1) x 1,
    # highest at θ² = 2. Four strata of these persons: its fourth power, and persons enough for the
    # robust interval that three cannot have.
    three = pd.DataFrame(
        {
            "person_id": [1, 2, 2, 3, 3],
            "start": [0, 0, 3, 0, 3],
            "end": [2, 3, 4, 3, 6],
            "event": [True, False, True, False, True],
            "drug": [0, 0, 1, 1, 0],
        }
    )
    rows = pd.concat(
        [three.assign(copy=k, person_id=10 * k + three["person_id"]) for k in range(4)]
    )
    row = risk.time_varying_hazard_ratio(
        rows, outcome="o", exposures=["drug"], strata=["copy"]
    ).iloc[0]
    assert row["estimate"] == pytest.approx(2**0.5, rel=1e-8)
    assert (row["persons"], row["events"]) == (12, 12)
    few = risk.time_varying_hazard_ratio(three, outcome="o", exposures=["drug"]).iloc[0]
    assert "not_estimable=too few persons in drug" in few["method"]
    assert np.isnan(few["estimate"])


def test_a_stretch_cut_in_two_changes_nothing_and_overlaps_are_refused():
    draw = np.random.default_rng(3)
    rows = pd.DataFrame({"person_id": range(80), "start": 0, "end": draw.integers(2, 30, 80)})
    rows = rows.assign(event=draw.random(80) < 0.6, drug=draw.random(80) < 0.5)
    early = rows.assign(end=1, event=False)
    cut = pd.concat([early, rows.assign(start=1)])
    numbers = ["estimate", "ci_low", "ci_high", "person_years"]
    whole, parts = (
        risk.time_varying_hazard_ratio(one, outcome="o", exposures=["drug"]).iloc[0]
        for one in (rows, cut)
    )
    assert parts[numbers].to_numpy(float) == pytest.approx(whole[numbers].to_numpy(float))
    with pytest.raises(EstimationError, match="se recouvrent"):
        risk.time_varying_hazard_ratio(pd.concat([early, rows]), outcome="o", exposures=["drug"])


def test_an_exposure_nobody_had_says_so():
    rows = pd.DataFrame({"person_id": [1, 2], "start": 0, "end": [2, 3], "event": True})
    row = risk.time_varying_hazard_ratio(
        rows.assign(drug=False), outcome="o", exposures=["drug"]
    ).iloc[0]
    assert np.isnan(row["estimate"])
    assert "not_estimable=nobody in drug" in row["method"]


def test_exact_ties_by_hand_and_beside_efron():
    rows = pd.concat(
        [persons([1, 2, 3, 2], [1, 1, 0, 0], "AAAB"), persons([1], [1], "B").assign(person_id=9)]
    )
    exact = risk.hazard_ratio(rows, outcome="o", reference="B", ties="exact").iloc[0]
    thetas = np.exp(np.linspace(-3, 3, 200_001))
    # day 1: at risk A, A, A, B, B; one A and one B leave. day 2: A, A, B left; one A leaves.
    day_1 = thetas / (3 * thetas**2 + 6 * thetas + 1)
    day_2 = thetas / (2 * thetas + 1)
    assert exact["estimate"] == pytest.approx(thetas[np.argmax(day_1 * day_2)], rel=1e-4)
    alone = drawn(13, 80).assign(exit=lambda d: np.arange(1, len(d) + 1))
    ratios = [
        risk.hazard_ratio(alone, outcome="o", reference="B", ties=ties)["estimate"].item()
        for ties in ("exact", "efron")
    ]
    assert ratios[0] == pytest.approx(ratios[1], rel=1e-7), "without ties they are one likelihood"
    with pytest.raises(EstimationError, match="ex æquo exacts"):
        risk.hazard_ratio(alone, outcome="o", reference="B", ties="exact", variance="sandwich")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.assign(event=d["event"].astype(float).where(d.index > 3)), "colonne event"),
        (lambda d: d.assign(event=np.where(d["event"], "oui", "non")), "colonne event"),
        (lambda d: d.assign(event=2 * d["event"].astype(int)), "colonne event"),
        (lambda d: d.assign(exit=d["exit"].astype(float).where(d.index > 3)), "ni manquants"),
        (lambda d: d.assign(exit=np.inf), "ni manquants ni infinis"),
        (lambda d: d.assign(arm=None), "colonne arm"),
        (lambda d: d.drop(columns="event"), "colonne event"),
        (lambda d: pd.concat([d, d[["x"]]], axis=1), "répétée"),
        (lambda d: d.assign(x="70"), "x n'est pas un nombre"),
        (lambda d: d.assign(x=np.where(d.index > 3, d["x"], np.inf)), "infinie ou démesurée"),
        (lambda d: d.assign(x=pd.Timestamp("2020-01-01")), "x n'est pas un nombre"),
    ],
)
def test_what_is_no_follow_up_is_refused_in_a_sentence(change, words):
    with pytest.raises(EstimationError, match=words):
        risk.hazard_ratio(change(drawn(14)), outcome="o", reference="B", covariates=["x"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"level": 95}, "Niveau 95"),
        ({"ties": "foo"}, "ties vaut"),
        ({"interval": "foo"}, "interval vaut"),
        ({"cluster": "arm"}, "grappes"),
    ],
)
def test_a_choice_that_is_none_is_refused(change, words):
    with pytest.raises(EstimationError, match=words):
        risk.hazard_ratio(drawn(15), outcome="o", reference="B", **change)


def test_a_variance_that_vanishes_and_a_ratio_without_end_have_no_estimate():
    together = drawn(16).assign(exit=100, event=True)
    row = risk.hazard_ratio(together, outcome="o", reference="B", variance="sandwich").iloc[0]
    assert np.isnan(row["estimate"])
    assert "not_estimable=no variance" in row["method"]
    early = drawn(17).assign(
        exit=lambda d: np.where(d["arm"] == "A", 1, d["exit"] + 1),
        event=lambda d: d["event"] | (d["arm"] == "A"),
    )
    apart = risk.hazard_ratio(early, outcome="o", reference="B").iloc[0]
    assert np.isnan(apart["estimate"])
    assert "not_estimable=no convergence" in apart["method"]
