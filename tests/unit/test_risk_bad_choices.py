"""Choices that are none, and tables that are not those awaited, each refused in a sentence."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from adjusted_people import lasso, weighed
from bad_input import ARMS, GIVEN, SIZE, answer, unsound

from studylib import risk
from studylib.errors import EstimationError
from studylib.risk.logarithms import on_log_scale


@pytest.mark.parametrize(
    ("call", "words"),
    [
        *((lambda day=day: risk.pseudo_risk(GIVEN, day=day), "jour de suivi")
          for day in (0, -1, np.nan, "60")),
        *((lambda day=day: risk.risk_difference(GIVEN, day=day, **ARMS), "jour de suivi")
          for day in (0, np.inf)),
        (lambda: risk.survival(GIVEN, days=[-1, 30]), "jours de suivi entiers"),
        (lambda: risk.survival(GIVEN, level=95), "Niveau 95"),
        (lambda: risk.cumulative_incidence(GIVEN, competing=["décès"]), "motif concurrent décès"),
        (lambda: risk.risk_difference(GIVEN, day=60, competing=["décès"], **ARMS), "décès"),
        (lambda: risk.subdistribution_hazard_ratio(GIVEN, competing=["outcome"], **ARMS),
         "motif concurrent outcome"),
        (lambda: risk.pseudo_risk(GIVEN, day=60, competing="death"), "motif concurrent d, e"),
        (lambda: risk.cox_coefficients(GIVEN, ["age"], ties="exact"), "ties vaut « exact »"),
        (lambda: risk.cox_coefficients(GIVEN, []), "une covariable au moins"),
        (lambda: risk.cox_coefficients(GIVEN.assign(age=GIVEN["age"] * 1e-12), ["age"]), "l'unité"),
        (lambda: risk.likelihood_profile(GIVEN, ties="x", **ARMS), "ties vaut « x »"),
        (lambda: risk.likelihood_profile(GIVEN, log_ratios=[0, 0], **ARMS), "distincts"),
        (lambda: risk.incidence_rate(GIVEN, outcome="o", per=0), "nombre positif"),
        (lambda: risk.poisson_interval(-1), "zéro ou plus"),
        *((partial(risk.weighted_difference, weighed(GIVEN, "iptw"), value="y", outcome="o", **one),
           words) for one, words in (
              ({"variance": "bootstrap", "seed": 1, "replicates": 2}, "100 tirages"),
              ({"quantile": "z"}, "Quantile « z »"), ({"measure": "z"}, "Mesure « z »"))),
        (lambda: risk.standardised_difference(GIVEN, value="y", formula="treated", level=2, **ARMS),
         "Niveau 2"),
        (lambda: lasso(GIVEN, lambda cells: cells * np.nan), "manquantes, infinies ou négatives"),
        (lambda: lasso(GIVEN, lambda cells: cells / 0.0), "manquantes, infinies ou négatives"),
        (lambda: lasso(GIVEN, lambda cells: -cells), "manquantes, infinies ou négatives"),
        (lambda: lasso(GIVEN, lambda cells: cells[:, :2]), "2 colonnes"),
        (lambda: lasso(GIVEN, lambda cells: cells * 0), "aucun code ne varie"),
        (lambda: lasso(GIVEN, np.ones_like), "aucun code ne varie"),
        (lambda: lasso(GIVEN, columns=0), "aucun code ne varie"),
        (lambda: lasso(GIVEN, folds=SIZE + 1), "plis"),
        (lambda: lasso(GIVEN, penalty=np.nan), "pénalité"),
    ],
)  # fmt: skip
def test_choices_that_are_none_are_refused(call, words):
    with np.errstate(all="ignore"), pytest.raises(EstimationError, match=words):
        call()


RATIO = risk.hazard_ratio(GIVEN, **ARMS)
TREATED = pd.DataFrame(
    {"population": "", "arm": ["A", "B"], "persons": 100, "events": 20, "days": 100.0,
     "days_squared": 900.0}
)  # fmt: skip


@pytest.mark.parametrize(
    ("ratios", "treated"),
    [
        (RATIO.drop(columns="estimate"), TREATED),
        (RATIO.assign(estimate="2"), TREATED),
        (RATIO.assign(comparison="A"), TREATED),
        (RATIO, TREATED.drop(columns="days")),
        (RATIO, TREATED.assign(events="20")),
        (RATIO, TREATED.assign(events=-1)),
        (RATIO, TREATED.assign(days=np.inf)),
        (RATIO, TREATED.assign(days_squared=np.nan)),
        (RATIO, pd.concat([TREATED, TREATED])),
        (pd.DataFrame(), TREATED),
    ],
)
def test_what_is_no_table_of_ratios_or_of_stays_is_refused(ratios, treated):
    found = answer(lambda _: risk.attributable(ratios, treated), GIVEN)
    assert isinstance(found, str)
    assert found.endswith(".")


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"ci_high": np.inf}, "no ratio with two limits"),
        ({"ci_low": 0.0}, "no ratio with two limits"),
        ({"estimate": np.nan, "method": "cox; not_estimable=no convergence"}, "no convergence"),
    ],
)
def test_attributable_cases_say_why_there_are_none(limits, reason):
    ratios = RATIO.assign(**limits)
    table = risk.attributable(ratios, TREATED)
    share = risk.population_attributable_fraction(GIVEN, ratios)
    for found in (table, share):
        assert found["estimate"].isna().all()
        assert found["method"].str.contains(f"not_estimable={reason}").all()


def test_ratios_on_a_logarithmic_scale_refuse_text_and_survive_any_size():
    immense = RATIO.assign(estimate=1.0, ci_low=1e-200, ci_high=1e200)
    centre, error = answer(lambda _: on_log_scale(immense), GIVEN)
    assert centre.item() == 0
    assert error.item() == pytest.approx(400 * np.log(10) / (2 * 1.959964), rel=1e-6)
    for wrong in (RATIO.assign(ci_low="1"), RATIO.drop(columns="ci_high")):
        assert isinstance(answer(lambda _, wrong=wrong: on_log_scale(wrong), GIVEN), str)


STRETCHES = pd.DataFrame(
    {"person_id": np.repeat(np.arange(40), 2), "start": [0, 10] * 40, "end": [10, 30] * 40,
     "event": [False, True] * 20 + [False, False] * 20,
     "drug": np.random.default_rng(4).integers(0, 2, 80), "age": 70.0}
)  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"drug": "x"}, {"drug": np.nan}, {"drug": np.inf}, {"drug": 0.5}, {"drug": 0}, {"drug": 1},
        {"event": "oui"}, {"event": False}, {"event": True}, {"start": np.nan}, {"start": "0"},
        {"end": 0}, {"end": np.inf}, {"start": -1}, {"person_id": None}, {"age": np.nan},
        {"age": pd.Timestamp("2020-01-01")}, {"drug": np.arange(80) < 6},
        {"person_id": np.arange(80) // 40},
    ],
)  # fmt: skip
def test_exposures_that_vary_are_told_or_refused(change):
    known = answer(
        lambda d: risk.time_varying_hazard_ratio(d, outcome="o", exposures=["drug"]), STRETCHES
    )
    assert not len(unsound(known))
    assert known["estimate"].notna().all()
    found = answer(
        lambda d: risk.time_varying_hazard_ratio(
            d, outcome="o", exposures=["drug"], covariates=["age"]
        ),
        STRETCHES.assign(**change),
    )
    if not isinstance(found, str):
        assert found["estimate"].isna().all()
        assert not len(unsound(found))
