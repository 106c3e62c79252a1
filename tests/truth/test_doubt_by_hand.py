"""Systematic error, unmeasured confounding and miscoding, against arithmetic done by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from studylib import risk
from studylib.errors import EstimationError
from studylib.risk import Gates, doubt
from studylib.risk.rows import estimates, method
from studylib.tables import CheckResult

FIVE = [0.0, 0.2, 0.4, 0.6, 0.8]
Z = 1.959963984540054


def rows(logs, errors, outcomes=None, population="x", measure="hazard_ratio"):
    """Estimates of one comparison, one outcome each, from log ratios and their errors."""
    logs, errors = np.asarray(logs, float), np.broadcast_to(np.asarray(errors, float), len(logs))
    return estimates(
        {
            "analysis": "primary",
            "population": population,
            "comparison": "A / B",
            "outcome": outcome,
            "measure": measure,
            "estimate": np.exp(log),
            "ci_low": np.exp(log - Z * error),
            "ci_high": np.exp(log + Z * error),
            "p_value": np.nan,
            "persons": 1000,
            "events": 50,
            "person_years": 900.0,
            "method": method("cox", ties="efron"),
        }
        for log, error, outcome in zip(
            logs, errors, outcomes or [f"o{i}" for i in range(len(logs))], strict=True
        )
    )


def test_the_null_of_five_controls_of_equal_error():
    # mean 0.4; mean square gap (0.16 + 0.04 + 0 + 0.04 + 0.16) / 5 = 0.08 = sd² + 0.1²
    null = doubt.empirical_null(FIVE, [0.1] * 5)
    assert (null.mean, null.sd) == pytest.approx((0.4, 0.07**0.5), rel=1e-6)
    assert null.unstable


def test_controls_that_tell_nothing_are_left_out_and_counted():
    null = doubt.empirical_null([*FIVE, np.nan, np.inf, 4.7, -4.7], [0.1] * 9)  # log 100 = 4.605
    assert (null.controls, null.excluded) == (5, 4)
    assert null.mean == pytest.approx(0.4)
    kept = doubt.empirical_null([*FIVE, 4.6], [0.1] * 6)
    assert (kept.controls, kept.excluded) == (6, 0)


def test_chance_alone_leaves_no_systematic_spread():
    # the gaps (variance 0.08) are less than chance gives (0.09): the spread is zero, not negative
    null = doubt.empirical_null(FIVE, [0.3] * 5)
    assert (null.mean, null.sd) == (pytest.approx(0.4), 0.0)


def test_under_five_controls_there_is_no_null_and_no_silent_zero():
    null = doubt.empirical_null(FIVE[:4], [0.1] * 4)
    assert not null.fitted
    assert np.isnan([null.mean, null.sd, *doubt.ease(null)]).all()
    none = doubt.empirical_null([np.nan] * 6, [0.1] * 6)
    assert (none.controls, none.excluded, none.fitted) == (0, 6, False)


@pytest.mark.parametrize("errors", [[0.1] * 4, [0.1] * 4 + [0.0], [0.1] * 4 + [-0.2]])
def test_errors_that_are_none_or_negative_are_refused(errors):
    with pytest.raises(EstimationError, match="erreur"):
        doubt.empirical_null(FIVE, errors)


def test_ease_is_the_mean_of_the_folded_normal():
    assert doubt.expected_absolute_error(0, 0.5) == pytest.approx(0.5 * (2 / np.pi) ** 0.5)
    drawn = np.abs(np.random.default_rng(1).normal(0.3, 0.2, 1_000_000)).mean()
    assert doubt.expected_absolute_error(0.3, 0.2) == pytest.approx(drawn, rel=2e-3)
    value, low, high = doubt.ease(doubt.empirical_null(FIVE, [0.1] * 5))
    assert low < value < high
    more = doubt.ease(doubt.empirical_null(FIVE * 10, [0.1] * 50))
    assert more[2] - more[1] < (high - low) / 2


def test_a_calibrated_estimate_by_hand():
    # null: mean 0.4, sd² 0.07; found 0.5 with error 0.1: total variance 0.08
    found = doubt.calibrated(rows([0.5], 0.1, ["studied"]), rows(FIVE, 0.1)).iloc[0]
    assert np.log(found["estimate"]) == pytest.approx(0.1, rel=1e-5)
    assert np.log(found["ci_low"]) == pytest.approx(0.1 - Z * 0.08**0.5, rel=1e-5)
    assert np.log(found["ci_high"]) == pytest.approx(0.1 + Z * 0.08**0.5, rel=1e-5)
    assert found["p_value"] == pytest.approx(2 * stats.norm.sf(0.1 / 0.08**0.5), rel=1e-5)
    assert "negative_controls=5" in found["method"]
    assert "few_controls=unstable" in found["method"]


def test_a_control_is_left_out_of_its_own_calibration():
    # without 0.8: mean 0.3, mean square gap 0.05 = sd² + 0.01, so total variance 0.04 + 0.01
    controls = rows(FIVE, 0.1)
    found = doubt.calibrated(controls, controls, fewest=4).iloc[4]
    assert np.log(found["estimate"]) == pytest.approx(0.5, rel=1e-5)
    assert found["p_value"] == pytest.approx(2 * stats.norm.sf(0.5 / 0.05**0.5), rel=1e-4)
    too_few = doubt.calibrated(controls, controls)
    assert too_few["estimate"].isna().all()
    assert too_few["method"].str.contains("not_estimable=too few negative controls").all()


def test_controls_of_another_comparison_do_not_calibrate():
    elsewhere = rows(FIVE, 0.1, population="y")
    found = doubt.calibrated(rows([0.5], 0.1, ["studied"]), elsewhere).iloc[0]
    assert np.isnan(found["estimate"])


def test_withheld_estimates_are_not_calibrated():
    withheld = rows([0.5], 0.1, ["studied"]).assign(
        estimate=np.nan, ci_low=np.nan, ci_high=np.nan, method="cox; withheld=balance"
    )
    found = doubt.calibrated(withheld, rows(FIVE, 0.1)).iloc[0]
    assert np.isnan(found["estimate"])
    assert found["method"] == "cox; withheld=balance"


def test_limits_solved_when_error_grows_with_the_effect():
    # found 1, no other error: 1 - θ = ± 0.49 θ, so θ = 1/1.49 and 1/0.51
    model = doubt.ErrorModel(0.0, 1.0, 0.0, 0.49 / Z)
    center, low, high = doubt.calibrated_interval(1.0, 1e-9, model)
    assert (center, low, high) == pytest.approx((1.0, 1 / 1.49, 1 / 0.51), rel=1e-6)
    # error as large as the effect: no truth is too large
    assert doubt.calibrated_interval(1.0, 0.1, doubt.ErrorModel(0, 1, 0, 0.6))[2] == np.inf


def test_the_error_model_finds_what_was_planted():
    draw = np.random.default_rng(5)
    truth = np.repeat(np.log([1, 1.5, 2, 4]), 200)
    found = 0.1 + 0.8 * truth + (0.1 + 0.1 * truth) * draw.standard_normal(800)
    model = doubt.error_model(found + 0.05 * draw.standard_normal(800), [0.05] * 800, truth)
    assert (model.a, model.b) == pytest.approx((0.1, 0.8), abs=0.03)
    assert (model.c, model.d) == pytest.approx((0.1, 0.1), abs=0.03)
    with pytest.raises(EstimationError, match="témoin"):
        doubt.error_model(FIVE, [0.1] * 5, [0.0] * 5)


def test_positive_controls_let_error_grow_with_the_effect():
    # controls without chance: what is found is 0.2 + 0.5 times the truth; 0.9 is then log 1.4
    truths = [1.5, 2.0, 4.0] * 3
    found = 0.2 + 0.5 * np.log(truths)
    names = [f"p{i}" for i in range(9)]
    positive = rows(found, 0.02, names).assign(truth=truths)
    row = doubt.calibrated(
        rows([0.9], 0.02, ["studied"]), rows([0.2] * 9, 0.02), positive=positive
    ).iloc[0]
    assert np.log(row["estimate"]) == pytest.approx(1.4, abs=0.01)
    assert np.log(row["ci_high"] / row["estimate"]) == pytest.approx(Z * 0.02 / 0.5, rel=0.05)
    assert "error_model=systematic_error" in row["method"]
    with pytest.raises(EstimationError, match="truth"):
        doubt.calibrated(
            rows([0.9], 0.02, ["s"]), rows([0.2] * 9, 0.02), positive=positive.assign(truth=0.0)
        )


def test_injected_controls_leave_out_what_is_too_rare():
    common = pd.concat([follow_up("A", 300, 60), follow_up("B", 300, 60, 300)])
    rare = pd.concat([follow_up("A", 300, 3), follow_up("B", 300, 60, 300)])
    made = doubt.injected_controls(
        {"common": common, "rare": rare}, arm="A", reference="B", seed=1, ratios=(1.5, 4)
    )
    assert list(made) == [("common", 1.5), ("common", 4)]
    added = [frame["event"].sum() for frame in made.values()]
    assert 120 < added[0] < added[1]


def test_e_values_of_the_limit_and_of_common_outcomes():
    table = rows([np.log(3.9)], [0.4018], measure="risk_ratio")
    found = doubt.e_values(table, common_outcome=False).iloc[0]
    assert found["e_value"] == pytest.approx(3.9 + (3.9 * 2.9) ** 0.5)
    low = found["ci_low"]
    assert found["e_value_limit"] == pytest.approx(low + (low * (low - 1)) ** 0.5)
    assert doubt.e_values(rows([0.1], 0.2), common_outcome=False)["e_value_limit"].item() == 1
    # odds ratio 4 of a common outcome: risk ratio about 2, E = 2 + √2
    odds = rows([np.log(4)], 0.1, measure="odds_ratio")
    assert doubt.e_values(odds, common_outcome=True)["e_value"].item() == pytest.approx(2 + 2**0.5)
    with pytest.raises(EstimationError, match="risk_difference"):
        doubt.e_values(table.assign(measure="risk_difference"), common_outcome=False)


def test_an_outcome_is_common_from_fifteen_percent_of_an_arm():
    both = pd.concat([follow_up("A", 100, 15), follow_up("B", 100, 10, 100)])
    assert doubt.common_outcome(risk.cumulative_incidence(both))
    fewer = pd.concat([follow_up("A", 100, 14), follow_up("B", 100, 10, 100)])
    assert not doubt.common_outcome(risk.cumulative_incidence(fewer))
    # survival is above 15 % of everybody: it says nothing of it
    assert not doubt.common_outcome(risk.survival(fewer))
    told = doubt.e_values(rows([0.7], 0.1), common_outcome=True)
    assert told["method"].item().endswith("common_outcome=yes")


def test_one_confounder_explains_a_ratio_away():
    # half of the arm, a quarter of the reference, ratio 3: 2 / 1.5 = 4/3 ; 1.6 becomes 1.2
    found = doubt.unmeasured_confounder(
        rows([np.log(1.6)], 0.1),
        prevalences_arm=[0.5],
        prevalences_reference=[0.25],
        confounder_ratios=[1, 3],
    )
    assert found["estimate"].tolist() == pytest.approx([1.6, 1.2])
    assert doubt.tipping_ratio(
        4 / 3, prevalence_arm=0.5, prevalence_reference=0.25
    ) == pytest.approx(3)
    # even all of the arm and half of the reference cannot make 2 or more
    assert np.isnan(doubt.tipping_ratio(2.1, prevalence_arm=1, prevalence_reference=0.5))
    with pytest.raises(EstimationError, match="prévalences"):
        doubt.bias_factor(1.2, 0.1, 2)


def test_a_probable_confounder_known_exactly_only_shifts():
    found = doubt.probable_confounder(
        rows([np.log(1.6)], 0.1),
        prevalence_arm=(0.5, 0.5),
        prevalence_reference=(0.25, 0.25),
        confounder_ratio=(3, 3),
        draws=200_000,
        seed=1,
    ).iloc[0]
    assert found["estimate"] == pytest.approx(1.2, rel=2e-3)
    assert np.log(found["ci_high"] / found["ci_low"]) == pytest.approx(2 * Z * 0.1, rel=0.01)


def follow_up(arm, size, events, start=0):
    return pd.DataFrame(
        {
            "person_id": range(start, start + size),
            "arm": arm,
            "entry": 0,
            "exit": 100,
            "event": [i < events for i in range(size)],
            "exit_reason": ["outcome" if i < events else "end_of_follow_up" for i in range(size)],
        }
    )


def test_outcomes_badly_recorded_by_hand():
    # seen 20 and 10 of 100; sensitivity 0.8, specificity 0.95: (0.20 - 0.05) / 0.75 = 0.20 and
    # (0.10 - 0.05) / 0.75 = 1/15, ratio 3 instead of 2
    both = pd.concat([follow_up("A", 100, 20), follow_up("B", 100, 10, 100)])
    found = doubt.misclassified_outcome(
        both,
        outcome="o",
        reference="B",
        day=100,
        sensitivities=[0.8],
        specificities=[0.95, 1.0, 0.85],
    )  # fmt: skip
    assert found["estimate"].iloc[:2].tolist() == pytest.approx([3.0, 2.0])
    # 15 % of false positives would alone give more than the 10 seen
    assert np.isnan(found["estimate"].iloc[2])
    assert "not_estimable=impossible correction" in found["method"].iloc[2]
    # without error the interval is the usual one: variance 0.8/20 + 0.9/10
    perfect = doubt.misclassified_outcome(
        both, outcome="o", reference="B", day=100, sensitivities=[1.0], specificities=[1.0]
    ).iloc[0]
    assert np.log(perfect["ci_high"] / 2) == pytest.approx(Z * (0.8 / 20 + 0.9 / 10) ** 0.5)
    with pytest.raises(EstimationError, match="somme"):
        doubt.true_risk(0.1, sensitivity=0.5, specificity=0.4)
    several = doubt.misclassified_outcome(
        both,
        outcome="o",
        reference="B",
        day=100,
        sensitivities=[0.7, 0.9],
        specificities=[1.0],
        differential=True,
    )
    assert sorted(several["estimate"]) == pytest.approx([2 * 7 / 9, 2, 2, 2 * 9 / 7])


def unequal():
    """One risk in both arms; one is followed much less, as those who soon stop their drug."""
    draw, size = np.random.default_rng(0), 40_000
    arm = draw.choice(["A", "B"], size)
    time = np.ceil(draw.exponential(1500, size))
    stop = np.minimum(np.ceil(draw.exponential(np.where(arm == "B", 120, 500))), 365)
    event = time <= stop
    return pd.DataFrame(
        {
            "person_id": range(size),
            "arm": arm,
            "entry": 0,
            "exit": np.minimum(time, stop).astype(int),
            "event": event,
            "exit_reason": np.where(event, "outcome", "discontinuation"),
        }
    )


def test_unequal_follow_up_is_no_effect_and_a_perfect_record_changes_nothing():
    followed = unequal()
    settings = {"outcome": "o", "reference": "B", "day": 365}
    shown = risk.risk_difference(followed, **settings).set_index("measure").loc["risk_ratio"]
    perfect = doubt.misclassified_outcome(
        followed, **settings, sensitivities=[1.0], specificities=[1.0]
    ).iloc[0]
    numbers = ["estimate", "ci_low", "ci_high"]
    assert perfect[numbers].tolist() == pytest.approx(shown[numbers].tolist())
    assert perfect["ci_low"] < 1 < perfect["ci_high"], "the true ratio"
    assert perfect["predictive_value"] == pytest.approx(1)
    assert "day=365" in perfect["method"]
    drawn = doubt.probable_misclassification(
        followed, **settings, sensitivity=(1, 1), specificity=(1, 1), seed=1
    ).iloc[0]
    assert drawn[numbers].tolist() == pytest.approx(shown[numbers].tolist(), rel=0.01)
    late = doubt.misclassified_outcome(
        followed, **settings | {"day": 366}, sensitivities=[1.0], specificities=[1.0]
    ).iloc[0]
    assert np.isnan(late["estimate"])
    assert "not_estimable=nobody followed until the day in A" in late["method"]


def test_a_probable_record_counts_its_impossible_draws():
    both = pd.concat([follow_up("A", 400, 80), follow_up("B", 400, 40, 400)])
    settings = {"outcome": "o", "reference": "B", "day": 100, "seed": 3, "draws": 20_000}
    known = doubt.probable_misclassification(
        both, sensitivity=(0.8, 0.8), specificity=(0.95, 0.95), **settings
    ).iloc[0]
    assert known["estimate"] == pytest.approx(3, rel=0.05)
    hopeless = doubt.probable_misclassification(
        both, sensitivity=(0.9, 0.9), specificity=(0.7, 0.8), **settings
    ).iloc[0]
    assert np.isnan(hopeless["estimate"])
    assert "impossible_draws=20000" in hopeless["method"]


def test_power_of_a_cohort_and_of_a_series():
    # equal arms, 100 outcomes: error 1/√25 = 0.2, ratio exp(2.801585 x 0.2)
    found, error = doubt.mdrr_cohort(10, 10, 100)
    assert (found, error) == pytest.approx((np.exp(2.8015852 * 0.2), 0.2), rel=1e-6)
    assert doubt.mdrr_cohort(10, 10, 0) == (np.inf, np.inf)
    assert doubt.mdrr_self_controlled(1.0, 50) == np.inf
    assert doubt.mdrr_self_controlled(0.2, 0) == np.inf
    with pytest.raises(EstimationError, match="groupes de taille"):
        doubt.mdrr_cohort(0, 10, 5)


@pytest.mark.parametrize(("share", "events"), [(0.2, 200), (0.5, 100), (0.1, 400)])
def test_the_series_has_the_power_said(share, events):
    """Outside witness: the exact power of the likelihood ratio test of a binomial share."""
    ratio = doubt.mdrr_self_controlled(share, events)
    inside = np.arange(events + 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        seen = inside / events
        twice = 2 * (
            np.nan_to_num(inside * np.log(seen / share))
            + np.nan_to_num((events - inside) * np.log((1 - seen) / (1 - share)))
        )
    chance = stats.binom.pmf(inside, events, ratio * share / (ratio * share + 1 - share))
    assert chance[twice > Z**2].sum() == pytest.approx(0.80, abs=0.025)


def test_positive_controls_reach_their_ratio_and_keep_confounding():
    draw = np.random.default_rng(2)
    size = 40_000
    frail = draw.random(size) < 0.3
    arm = np.where(draw.random(size) < np.where(frail, 0.7, 0.4), "A", "B")
    wait = draw.exponential(1 / (0.0005 * np.where(frail, 3, 1)))
    time = np.minimum(np.ceil(wait), 200).astype(int)
    persons = pd.DataFrame(
        {
            "person_id": range(size),
            "arm": arm,
            "entry": 10,
            "exit": 10 + time,
            "event": wait <= time,
            "exit_reason": np.where(wait <= time, "outcome", "end_of_follow_up"),
            "frail": frail.astype(float),
        }
    )

    def rate(frame, frail):
        part = frame[(frame["arm"] == "A") & (frame["frail"] == frail)]
        return part["event"].sum() / (part["exit"] - part["entry"]).sum()

    settings = {"arm": "A", "reference": "B", "covariates": ["frail"], "seed": 4}
    for ratio in (1.5, 2.0, 4.0):
        injected = doubt.inject(persons, ratio=ratio, **settings)
        for frail_or_not in (0, 1):
            reached = rate(injected, frail_or_not) / rate(persons, frail_or_not)
            assert reached == pytest.approx(ratio, rel=0.08)
        untouched = persons["arm"] == "B"
        pd.testing.assert_frame_equal(injected[untouched], persons[untouched])
        assert (injected["exit"] <= persons["exit"]).all()
        assert (injected["exit"] > injected["entry"]).all()
    pd.testing.assert_frame_equal(doubt.inject(persons, ratio=1, **settings), persons)
    again = doubt.inject(persons, ratio=4, **settings)
    pd.testing.assert_frame_equal(again, doubt.inject(persons, ratio=4, **settings))
    with pytest.raises(EstimationError, match="il en faut 25"):
        doubt.inject(persons.head(40), ratio=2, **settings)


def test_intervals_that_make_no_sense_are_refused():
    inverted = rows([0.1], 0.1).assign(ci_low=3.0)
    with pytest.raises(EstimationError, match="inversé"):
        doubt.calibrated(inverted, rows(FIVE, 0.1))


def test_a_predictive_value_gives_the_specificity_behind_it():
    # 50 seen of 1000, 90 % of them true: 45 true seen, 56.25 true at sensitivity 0.8; 5 false
    # among 943.75 without the outcome
    found = doubt.specificity_behind(0.05, sensitivity=0.8, predictive_value=0.9)
    assert found == pytest.approx(1 - 5 / 943.75)
    assert doubt.specificity_behind(0.05, sensitivity=0.8, predictive_value=1.0) == 1
    assert np.isnan(doubt.specificity_behind(0.9, sensitivity=0.5, predictive_value=0.9))
    with pytest.raises(EstimationError, match="valeur prédictive"):
        doubt.specificity_behind(0.05, sensitivity=0.8, predictive_value=1.2)


def test_records_by_predictive_value_give_it_back():
    both = pd.concat([follow_up("A", 1000, 60), follow_up("B", 1000, 40, 1000)])
    settings = {"outcome": "o", "reference": "B", "day": 100, "sensitivities": [0.6, 0.8]}
    table = doubt.misclassified_outcome(both, predictive_values=[0.8, 1.0], **settings)
    assert table["predictive_value"].tolist() == pytest.approx([0.8, 1.0, 0.8, 1.0])
    # false outcomes are as many per person without: true ones differ more than those seen
    assert (table["estimate"] > 1.5 - 1e-9).all()
    assert table["estimate"].iloc[[1, 3]].tolist() == pytest.approx([1.5, 1.5])
    same = doubt.misclassified_outcome(
        both, **settings | {"sensitivities": [0.8]},
        specificities=[table["specificity_arm"].iloc[2]],
    ).iloc[0]  # fmt: skip
    assert same["estimate"] == pytest.approx(table["estimate"].iloc[2])
    assert same["predictive_value"] == pytest.approx(0.8)
    for wrong in ({}, {"specificities": [1.0], "predictive_values": [1.0]}):
        with pytest.raises(EstimationError, match="l'une des deux"):
            doubt.misclassified_outcome(both, **settings, **wrong)
    with pytest.raises(EstimationError, match="les deux groupes"):
        doubt.misclassified_outcome(both, **settings, predictive_values=[0.9], differential=True)


def test_closed_gates_hold_corrected_ratios_and_what_would_tell_them():
    both = pd.concat([follow_up("A", 100, 20), follow_up("B", 100, 10, 100)])
    closed = Gates((CheckResult("balance", False, pd.DataFrame(), "déséquilibre"),))
    settings = {
        "outcome": "o",
        "reference": "B",
        "day": 100,
        "sensitivities": [0.8],
        "gates": closed,
    }
    table = doubt.misclassified_outcome(
        both, specificities=[0.95, 0.85], differential=True, **settings
    )
    assert table[["estimate", "ci_low", "ci_high", "predictive_value"]].isna().all(axis=None)
    # which corrections are impossible would tell what happened in an arm
    assert table["method"].nunique() == 1
    assert table["method"].iloc[0].endswith("withheld=balance")


def test_an_arm_with_nobody_is_stated_in_corrected_ratios():
    only = follow_up("B", 100, 10)
    table = doubt.misclassified_outcome(
        only,
        outcome="o",
        reference="B",
        day=100,
        arms=["A", "B"],
        sensitivities=[0.8],
        specificities=[1.0],
    )
    assert "not_estimable=nobody" in table["method"].item()


def test_tipping_points_bring_the_estimate_and_its_limit_to_one():
    given = rows([np.log(2), np.log(0.7), 0.1, np.nan], 0.1, ["a", "b", "c", "d"])
    table = doubt.tipping_points(given, prevalences_arm=[0.5, 0.1], prevalences_reference=[0.1])
    assert len(table) == 6, "three estimates, two pairs of prevalences; none for a missing one"
    first = table.iloc[0]
    for name, value in (("tipping_estimate", 2.0), ("tipping_limit", given["ci_low"].iloc[0])):
        factor = doubt.bias_factor(0.5, 0.1, first[name])
        assert factor == pytest.approx(value)
    below = table.iloc[2]
    assert below["tipping_estimate"] < 1, "a factor that protects, more frequent in the arm"
    assert doubt.bias_factor(0.5, 0.1, below["tipping_estimate"]) == pytest.approx(0.7)
    assert np.isnan(table["tipping_estimate"].iloc[1]), "as frequent on both sides: none can"
    assert table["tipping_limit"].iloc[[4, 5]].tolist() == [1, 1], "the interval holds 1 already"


def test_too_few_positive_controls_are_stated_and_so_is_their_disorder():
    positive = rows([0.5, 0.9], 0.02, ["p", "q"]).assign(truth=[1.5, 2.0])
    few = doubt.calibrated(rows([0.9], 0.02, ["s"]), rows([0.2] * 9, 0.02), positive=positive)
    assert "not_estimable=too few positive controls" in few["method"].item()
    truths = [1.5, 2.0, 4.0] * 3
    against = rows(-np.log(truths), 0.02, [f"p{i}" for i in range(9)]).assign(truth=truths)
    odd = doubt.calibrated(rows([0.9], 0.02, ["s"]), rows([0.0] * 9, 0.02), positive=against)
    assert "not_estimable=no order in positive controls" in odd["method"].item()
    assert np.isnan(odd["estimate"].item())
