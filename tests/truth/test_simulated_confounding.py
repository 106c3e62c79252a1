"""Adjustments on the score find the effect planted in the simulated population, codes included."""

from datetime import date

import numpy as np
import pytest

from studylib import codes, cohort, risk
from studylib.sources import simulated
from studylib.sources.event_folder import open_folder

COVARIATES = ["renal_disease", "heart_failure", "antiplatelets"]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("population")
    settings = simulated.Settings(persons=100_000, regions=("11",), seed=2)
    simulated.generate(settings, folder)
    truth = simulated.planted_effects(settings).set_index("name").loc["bleeding_aod", "value"]
    source = open_folder("simulated", folder, truth=None, synthetic=True)
    users = cohort.new_users(
        source,
        {"AVK": codes.codelist("avk"), "AOD": codes.codelist("aod")},
        inclusion=(date(2022, 1, 1), date(2024, 6, 30)),
    ).require("history", cohort.history_days() >= 365)
    users = cohort.with_covariates(users, {name: codes.codelist(name) for name in COVARIATES})
    follow_up = cohort.on_treatment(
        users,
        codes.codelist("major_bleeding"),
        positions=["DP"],
        follow_up_days=730,
        until=date(2024, 12, 31),
    )
    persons = cohort.collect(users, follow_up, ["age", *COVARIATES])
    return persons, cohort.wide_covariates(users, minimum_persons=20), float(truth)


def hazard_ratio(persons, score, method):
    made = risk.adjusted(persons, score, method=method)
    row = risk.hazard_ratio(
        made.of(persons), outcome="bleeding", reference="AVK", **made.model
    ).iloc[0]
    return row, made


def test_every_adjustment_moves_the_estimate_to_what_was_planted(study):
    persons, _, truth = study
    score = risk.propensity_score(
        persons, reference="AVK", formula="spline(age, 4) + " + " + ".join(COVARIATES)
    )
    crude, _ = hazard_ratio(persons, score, "none")
    for method in ("iptw", "overlap", "matching_weights", "matching", "stratification"):
        row, made = hazard_ratio(persons, score, method)
        assert row["ci_low"] < truth < row["ci_high"], method
        assert np.log(row["estimate"]) > np.log(crude["estimate"]) + 0.1, method
        table = risk.balance(persons, ["age", *COVARIATES], reference="AVK", adjusted=made)
        assert not risk.check_balance(table.assign(smd_after=np.nan)).passed
        # there are more AOD than AVK: matched one to one they stay apart, and the gate says so
        assert risk.check_balance(table, threshold=0.12).passed is (method != "matching"), method


def test_a_score_on_every_code_finds_the_confounders_by_itself(study):
    persons, wide, truth = study
    score = risk.lasso_propensity_score(
        persons, wide, reference="AVK", formula="spline(age, 4)", seed=1, folds=3
    )
    chosen = set(score.coefficients["term"])
    assert any("N18" in term for term in chosen), "the renal disease that leads to AVK"
    row, made = hazard_ratio(persons, score, "overlap")
    assert row["ci_low"] < truth < row["ci_high"]
    table = risk.wide_balance(wide, persons, reference="AVK", adjusted=made)
    assert table["smd"].abs().max() > 0.3
    assert table["smd_after"].abs().max() < 0.15  # two thousand persons: chance alone makes 0.1
    assert (table["smd_after"].abs() > 0.1).sum() < (table["smd"].abs() > 0.1).sum() / 5
