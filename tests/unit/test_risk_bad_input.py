"""Bad input, given to every estimator of cohorts: a sound answer, a stated reason, or a sentence.

Never a number that says more than the data, a warning, or another exception.
"""

import warnings
from functools import partial

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from studylib import risk
from studylib.cohort import WideCovariates
from studylib.errors import EstimationError, StudyError

SIZE = 60


def people(size=SIZE, seed=1):
    draw = np.random.default_rng(seed)
    arm = np.where(np.arange(size) % 2, "A", "B")
    days, censored = draw.exponential(150, size), draw.uniform(30, 400, size)
    event = days <= censored
    ended = np.where(draw.random(size) < 0.3, "death", "end_of_observation")
    return pd.DataFrame(
        {
            "person_id": np.arange(size), "arm": arm, "entry": 0,
            "exit": np.ceil(np.minimum(days, censored)).astype(int), "event": event,
            "exit_reason": np.where(event, "outcome", ended),
            "age": draw.normal(70, 8, size).round(1), "male": draw.integers(0, 2, size),
            "w": draw.uniform(0.5, 2, size),
            "region": np.where(draw.random(size) < 0.5, "11", "84"),
            "y": draw.normal(0, 1, size) + (arm == "A"),
        }
    )  # fmt: skip


GIVEN = people()
ARMS = {"outcome": "o", "reference": "B"}


def score(data):
    return risk.propensity_score(data, reference="B", formula="age + male")


def weighed(data, method, **choices):
    return risk.adjusted(data, score(data), method=method, **choices)


def compared(data, **choices):
    return risk.comparison(
        data, reference="B", covariates=["age", "male"], stratified_by=["region"], **choices
    )


def wide(data, change=lambda cells: cells, columns=6):
    cells = np.random.default_rng(2).integers(0, 3, (len(data), columns)).astype(float)
    named = pd.DataFrame(
        {"column": range(columns), "domain": "atc", "code": [f"C{k}" for k in range(columns)],
         "persons": 9}
    )  # fmt: skip
    rows = data.get(["person_id"], pd.DataFrame({"person_id": []})).reset_index(drop=True)
    return WideCovariates(sparse.csr_matrix(change(cells)), rows, named)


def lasso(data, change=lambda cells: cells, columns=6, **choices):
    return risk.lasso_propensity_score(
        data, wide(data, change, columns), reference="B", highest_correlation=None,
        **{"seed": 1, "penalties": 6, **choices},
    )  # fmt: skip


ESTIMATORS = {
    "cox": partial(risk.hazard_ratio, covariates=["age", "male"], **ARMS),
    "cox weighted": partial(
        risk.hazard_ratio, covariates=["age"], strata=["region"], weights="w", **ARMS
    ),
    "cox clustered": partial(risk.hazard_ratio, cluster="person_id", **ARMS),
    "cox profile": partial(risk.hazard_ratio, interval="profile", **ARMS),
    "coefficients": lambda d: risk.cox_coefficients(d, ["age", "male"], strata=["region"]),
    "coefficients weighted": lambda d: risk.cox_coefficients(d, ["age", "male"], weights="w"),
    "proportional": lambda d: risk.check_proportional_hazards(d, ["age", "male"]).table,
    "profile": partial(risk.likelihood_profile, covariates=["age"], weights="w", **ARMS),
    "risk difference": partial(risk.risk_difference, day=60, weights="w", **ARMS),
    "mean time": partial(risk.mean_time_difference, day=60, **ARMS),
    "fine-gray": partial(risk.subdistribution_hazard_ratio, covariates=["age"], **ARMS),
    "causes": lambda d: risk.cause_specific_hazard_ratios(
        d, outcomes={"outcome": "o", "death": "d"}, reference="B"
    ),
    "incidence": partial(risk.incidence_rate, outcome="o"),
    "survival": risk.survival,
    "cumulative incidence": risk.cumulative_incidence,
    "pseudo risk": lambda d: risk.pseudo_risk(d, day=60).to_frame(),
    "standardised": partial(
        risk.standardised_difference, formula="treated + age", value="y", **ARMS
    ),
    "standardised risk": partial(
        risk.standardised_difference, formula="treated + age", value="event", model="logistic",
        measure="risk", **ARMS,
    ),
    "doubly robust": lambda d: risk.doubly_robust_difference(
        d, score(d), value="y", outcome="o", formula="age"
    ),
    "unweighted means": lambda d: risk.weighted_difference(
        weighed(d, "none"), value="y", outcome="o", quantile="t"
    ),
    "weighted means": lambda d: risk.weighted_difference(
        weighed(d, "iptw"), value="event", measure="risk", outcome="o", variance="estimated_score"
    ),
    "matched means": lambda d: risk.weighted_difference(
        weighed(d, "matching", exact=["region"]), value="y", outcome="o"
    ),
    "weighted cox": lambda d: (
        lambda made: risk.hazard_ratio(made.of(d), **ARMS, **made.model)
    )(weighed(d, "overlap")),
    "balance": lambda d: risk.balance(d, ["age", "male", "region"], reference="B"),
    "wide balance": lambda d: risk.wide_balance(wide(d), d, reference="B"),
    "high dimensional": lambda d: risk.high_dimensional_covariates(
        d, wide(d), reference="B", outcome=d.get("event")
    )[1],
    "lasso": lambda d: lasso(d, penalty=0.05, formula="age").probabilities,
    "comparison": lambda d: compared(d, adjustment="iptw").hazard_ratio(outcome="o"),
    "compared risks": lambda d: compared(d).risk_difference(outcome="o", day=60),
    "population fraction": lambda d: risk.population_attributable_fraction(
        d, risk.hazard_ratio(GIVEN, **ARMS)
    ),
}  # fmt: skip
# Made of the others: a third of the faults.
COMPOSED = {
    "cox clustered", "cox profile", "mean time", "causes", "standardised risk", "unweighted means",
    "matched means", "weighted cox", "wide balance", "compared risks", "comparison",
    "population fraction", "cumulative incidence", "lasso",
}  # fmt: skip
OF_ROWS = {"high dimensional", "lasso", "wide balance"}  # drawn by place: rows are not to move


def few(arm, number):
    """The other arm whole, and the first persons of ``arm``, who have the outcome late."""
    rows = GIVEN[(GIVEN["arm"] != arm) | (GIVEN["exit"] > 60)]
    kept = rows.groupby("arm").cumcount() < np.where(rows["arm"] == arm, number, SIZE)
    return rows[kept]


def both(number):
    return GIVEN[GIVEN.groupby("arm").cumcount() < number]


def on(*persons, small=0.0):
    """Weights that rest on these persons."""
    return GIVEN.assign(w=np.where(GIVEN["person_id"].isin(persons), 1.0, small))


def with_one(name, value):
    """One value of a column changed."""
    column = GIVEN[name].astype(object if isinstance(value, str | None) else float)
    return GIVEN.assign(**{name: column.mask(GIVEN.index == 3, value)})


DRESSED = {
    "index out of order": GIVEN.set_axis(np.random.default_rng(1).permutation(SIZE)),
    "one index for all": GIVEN.set_axis([0] * SIZE),
    "index named as columns": GIVEN.set_index(["arm", "person_id", "region"], drop=False),
    "columns out of order, and more of them": GIVEN[GIVEN.columns[::-1]].assign(
        treated="x", stratum=7, match_set=1, score=2, start=3, weight=9
    ),
    "rows out of order": GIVEN.sample(frac=1, random_state=3),
    "nullable": GIVEN.convert_dtypes(),
    "categories": GIVEN.astype({"arm": "category", "region": "category"}).assign(
        exit_reason=pd.Categorical(
            GIVEN["exit_reason"], ["nobody", *sorted(set(GIVEN["exit_reason"]))]
        ),
        arm=pd.Categorical(GIVEN["arm"], ["Z", "B", "A"]),
    ),
    "small numbers": GIVEN.astype({"exit": "uint16", "entry": "int8", "event": int}),
    "days before 1970": GIVEN.assign(entry=-900, exit=GIVEN["exit"] - 900),
}
BROKEN = {
    "no outcome in an arm": GIVEN.assign(event=GIVEN["event"] & (GIVEN["arm"] == "A")),
    "no outcome": GIVEN.assign(event=False, exit_reason="end_of_observation"),
    "an outcome in all": GIVEN.assign(event=True, exit_reason="outcome"),
    "every outcome the same day": GIVEN.assign(event=True, exit_reason="outcome", exit=90),
    "everybody leaves on the first day": GIVEN.assign(exit=1),
    "separated arms": GIVEN.assign(age=(GIVEN["arm"] == "A") * 1.0),
    "separated outcomes": GIVEN.assign(age=GIVEN["event"] * 10 + GIVEN.index / 100),
    "weights on one": on(1),
    "weights on two": on(1, 2),
    "weights on four, or nearly": on(1, 2, 3, 4, small=1e-9),
    "no weight in an arm": GIVEN.assign(w=(GIVEN["arm"] == "B") * 1.0),
    "negative weight": with_one("w", -1.0),
    "text weights": GIVEN.assign(w="1"),
    "immense weights": GIVEN.assign(w=1e300),
    "no time at risk": GIVEN.assign(exit=0),
    "negative time": with_one("exit", -5.0),
    "missing day": with_one("exit", np.nan),
    "infinite day": with_one("exit", np.inf),
    "dates": GIVEN.assign(exit=pd.Timestamp("2020-01-01"), entry=pd.Timestamp("2019-01-01")),
    "text days": GIVEN.assign(exit=GIVEN["exit"].astype(str), entry="0"),
    "persons twice": pd.concat([GIVEN, GIVEN]),
    "nobody is named": GIVEN.assign(person_id=np.nan),
    "missing covariate": with_one("age", np.nan),
    "infinite covariate": with_one("age", np.inf),
    "immense covariate": GIVEN.assign(age=GIVEN["age"] * 1e200),
    "minute covariate": GIVEN.assign(age=GIVEN["age"] * 1e-200),
    "numbers in text": GIVEN.assign(age=GIVEN["age"].astype(str), y=GIVEN["y"].astype(str)),
    "a text among numbers": with_one("age", "vieux"),
    "covariate of dates": GIVEN.assign(age=pd.date_range("1950-01-01", periods=SIZE)),
    "constant covariate": GIVEN.assign(age=5.0),
    "complex": GIVEN.assign(age=GIVEN["age"] + 0j, y=GIVEN["y"] + 0j, w=GIVEN["w"] + 0j),
    "lists": GIVEN.assign(age=[[1]] * SIZE, region=[[1]] * SIZE),
    "objects": GIVEN.astype(dict.fromkeys(["event", "male", "age", "exit", "w", "y"], object)),
    "outcome in words": GIVEN.assign(event=np.where(GIVEN["event"], "oui", "non")),
    "outcome counted": GIVEN.assign(event=GIVEN["event"] * 2),
    "outcome unknown": GIVEN.assign(event=GIVEN["event"].astype("boolean").mask(GIVEN.index == 3)),
    "outcome as a category": GIVEN.assign(event=pd.Categorical(GIVEN["event"])),
    "no value varies": GIVEN.assign(y=1.0),
    "a value that is the arm": GIVEN.assign(y=(GIVEN["arm"] == "A") * 1.0),
    "immense values": GIVEN.assign(y=GIVEN["y"] * 1e200),
    "arm unnamed": with_one("arm", None),
    "arm numbered": GIVEN.assign(arm=np.where(GIVEN["arm"] == "A", 1, 2)),
    "one arm": GIVEN[GIVEN["arm"] == "B"],
    "an arm of one": few("A", 1),
    "an arm of three": few("A", 3),
    "a reference of two": few("B", 2),
    "two and two": both(2),
    "three and three": both(3),
    "a stratum each": GIVEN.assign(region=[str(k) for k in range(SIZE)]),
    "strata that are arms": GIVEN.assign(region=GIVEN["arm"]),
    "one stratum": GIVEN.assign(region="11"),
    "missing stratum": with_one("region", None),
    "unknown ends": GIVEN.assign(exit_reason=np.nan),
    "nobody": GIVEN.head(0),
    "no column": pd.DataFrame(),
    "a column twice": pd.concat([GIVEN, GIVEN[["age"]]], axis=1),
    **{f"without {name}": GIVEN.drop(columns=name) for name in GIVEN},
}


def answer(estimator, data):
    """What comes back, or the sentence; any warning is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return estimator(data.copy())
        except StudyError as refusal:
            return str(refusal)


def unsound(table):
    """The rows that say a number without an interval that holds it, or nothing without a reason."""
    if "estimate" not in table:
        numbers = table.select_dtypes("number").drop(columns="concordance", errors="ignore")
        may_lack = [name for name in numbers if name.startswith(("arm_", "reference_"))]
        may_lack += ["smd", "smd_after", "variance_ratio", "variance_ratio_after"]
        kept = numbers.drop(columns=may_lack, errors="ignore")
        return table[~np.isfinite(kept.to_numpy(float)).all(axis=1)]
    value, low, high = (table[name].astype(float) for name in ("estimate", "ci_low", "ci_high"))
    inside = (low <= value) & (value <= high) & (low < high) & np.isfinite(value)
    if "method" not in table:  # a curve: none or all has no limits, but on the first day
        return table[~(inside | value.isin([0, 1]) & ((table["day"] == 0) | low.isna()))]
    stated = table["method"].str.contains("not_estimable=")
    empty = value.isna() & low.isna() & high.isna()
    inverse = table["measure"].eq("number_needed") & low.isna() & high.isna()
    return table[~np.where(stated, empty, inside | inverse)]


@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_same_data_otherwise_dressed_give_the_same_answer(name):
    plain = answer(ESTIMATORS[name], GIVEN)
    assert not isinstance(plain, str)
    assert not len(unsound(plain))
    numbers = plain.select_dtypes("number").columns
    for dress, data in DRESSED.items():
        if dress == "rows out of order" and name in OF_ROWS:
            continue
        found = answer(ESTIMATORS[name], data)
        assert not isinstance(found, str), (dress, found)
        if len(found) == len(data) and dress == "rows out of order":  # an answer for each person
            found = found.set_axis(data.index).sort_index()
        assert found[numbers].to_numpy(float) == pytest.approx(
            plain[numbers].to_numpy(float), rel=1e-6, abs=1e-9, nan_ok=True
        ), dress


@pytest.mark.parametrize("name", ESTIMATORS)
def test_bad_input_has_a_sound_answer_a_reason_or_a_sentence(name):
    faults = list(BROKEN)[::3] if name in COMPOSED else BROKEN
    for fault in faults:
        found = answer(ESTIMATORS[name], BROKEN[fault])
        if isinstance(found, str):
            assert found.endswith("."), found
        else:
            wrong = unsound(found)
            assert not len(wrong), (fault, wrong.to_dict("records")[:2])


ROBUST = ("cox weighted", "cox clustered", "risk difference", "mean time", "fine-gray")
MEANS = ("standardised", "standardised risk", "doubly robust", "unweighted means", "matched means")
WEIGHTED = ("cox weighted", "coefficients weighted", "profile", "risk difference")
SILENT = [
    *((name, fault) for name in (*ROBUST, *MEANS) for fault in ("an arm of three", "two and two")),
    *((name, fault) for name in WEIGHTED for fault in BROKEN if fault.startswith("weights on")),
    *((name, fault) for name in ("standardised", "doubly robust", "balance", "cox", "lasso")
      for fault in ("numbers in text", "covariate of dates")),
    ("profile", "separated arms"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "fault"), SILENT)
def test_what_data_cannot_say_is_not_said(name, fault):
    found = answer(ESTIMATORS[name], BROKEN[fault])
    if not isinstance(found, str):
        assert found["estimate"].isna().all() if "estimate" in found else not len(found)


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
