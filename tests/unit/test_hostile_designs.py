"""Self-controlled and sampled designs, doubt and pooling, given what they should not be."""

import numpy as np
import pandas as pd
import pytest
from hostile import answer, same, unsound, wrong

from studylib import risk
from studylib.errors import EstimationError
from studylib.risk import Spline, Steps, Window, doubt, pooling, sampled_designs
from studylib.risk import self_controlled as sccs

EXPOSED = (Window("exposed"),)
DRAW = np.random.default_rng(0)
PERSONS = np.arange(60)
CASES = pd.DataFrame(
    {"person_id": PERSONS, "start": 0, "end": 400, "birth": -9000 - PERSONS, "ended_early": False}
)
USE = pd.DataFrame({"person_id": PERSONS, "drug": "A", "start": DRAW.integers(10, 300, 60)})
USE["end"] = USE["start"] + 40
EVENTS = pd.DataFrame({"person_id": PERSONS, "day": DRAW.integers(0, 400, 60)})
FIRST_USES = pd.DataFrame(
    {"person_id": PERSONS, "index_day": EVENTS["day"], "marker_day": DRAW.integers(0, 400, 60)}
)
MEMBERS = pd.DataFrame(
    {
        "set": np.repeat(np.arange(30), 4),
        "case": [True, False, False, False] * 30,
        "person_id": np.arange(120),
        "day": 100,
        "x": DRAW.normal(size=120),
        "z": DRAW.normal(size=120),
    }
)
FOLLOWED = pd.DataFrame(
    {
        "person_id": np.arange(120),
        "arm": np.repeat(["A", "B"], 60),
        "entry": 0,
        "exit": DRAW.integers(30, 300, 120),
        "event": DRAW.random(120) < 0.5,
        "birth": np.arange(120),
        "age": DRAW.normal(70, 8, 120),
        "exit_reason": "end_of_observation",
    }
)
TAKEN = pd.DataFrame({"person_id": np.arange(0, 120, 2), "drug": "A", "start": 0, "end": 60})
YEARS = pd.DataFrame({"year": [2019, 2020, 2021], "persons": [90, 95, 99], "observed": 1000})


def ratios(count, **columns):
    logs = DRAW.normal(0, 0.2, count)
    limits = {"ci_low": np.exp(logs - 0.4), "ci_high": np.exp(logs + 0.4)}
    made = pd.DataFrame({"analysis": "primary", "estimate": np.exp(logs), **limits})
    return made.assign(
        population="", comparison="A / B", outcome="o", measure="hazard_ratio", p_value=0.5,
        persons=100, events=20, person_years=50.0, method="cox",
    ).assign(**columns)  # fmt: skip


CONTROLS = ratios(8, outcome=[f"n{place}" for place in range(8)])
SITES = ratios(5, population=[f"s{place}" for place in range(5)])
STUDIED = ratios(1)


def profiles(height=1.0):
    log_ratio = np.linspace(-2, 2, 9)
    one = pd.DataFrame({"log_ratio": log_ratio, "log_likelihood": -4 * height * log_ratio**2})
    one = one.assign(gradient=-8 * height * log_ratio, analysis="primary", comparison="A / B",
                     outcome="o", measure="hazard_ratio", persons=100, events=20)  # fmt: skip
    return pd.concat([one.assign(population=name) for name in "abc"], ignore_index=True)


def series(cases=CASES, use=USE, events=EVENTS, windows=EXPOSED, **choices):
    choices = {"age": Steps((9100, 9200)), "recurrence": "first", **choices}
    return risk.case_series(cases, use, events, windows=windows, **choices)


def case_series(cases=CASES, use=USE, events=EVENTS, interval="profile", level=0.95, **choices):
    made = series(cases, use, events, **choices)
    found = risk.self_controlled_case_series(made, outcome="o", interval=interval, level=level)
    sccs.check_event_dependent_observation(made)
    return found


def crossover(events=EVENTS, use=USE, observed=CASES, **choices):
    choices = {"case_window": 30, "controls": EVENTS, **choices}
    return risk.case_crossover(events, use, observed, outcome="o", **choices)


def nested(followed=FOLLOWED, taken=TAKEN, **choices):
    sets = risk.incidence_density_sets(followed, controls=2, seed=1, age_caliper=30, **choices)
    return risk.nested_case_control(sets, taken, outcome="o", window=30)


def matched(members=MEMBERS, exposures=("x",), covariates=("z",), **choices):
    return risk.conditional_logistic(
        members, outcome="o", exposures=exposures, covariates=covariates, **choices
    )


def symmetry(uses=FIRST_USES, **choices):
    risk.sequences(uses, index="a", marker="b")
    risk.gaps_by_week(uses, index="a", marker="b")
    return risk.sequence_symmetry(uses, index="a", marker="b", **choices)


def answered_with_reason(found):
    """A row given without an estimate nor a reason comes back as it came: its maker owed it."""
    bare = found["estimate"].isna() & (found["method"] == "cox")
    return found[~bare]


def confounded(estimates=STUDIED, **choices):
    ranges = {"prevalence_arm": (0.1, 0.2), "prevalence_reference": (0.1, 0.2)}
    choices = {**ranges, "confounder_ratio": (1, 3), "draws": 200, "seed": 1, **choices}
    return doubt.probable_confounder(estimates, **choices)


def injected(followed=FOLLOWED, **choices):
    choices = {"ratio": 2.0, "arm": "A", "covariates": ["age"], "fewest_events": 5, **choices}
    return doubt.inject(followed, reference="B", seed=1, **choices)["event"].to_numpy(bool).sum()


def misclassified(followed=FOLLOWED, sensitivities=(0.8,), specificities=(0.95,)):
    return doubt.misclassified_outcome(
        followed, outcome="o", reference="B", day=200, sensitivities=sensitivities,
        specificities=specificities,
    )  # fmt: skip


def misread(followed=FOLLOWED, **choices):
    shares = {"sensitivity": (0.7, 0.9), "specificity": (0.99, 1), "draws": 200, **choices}
    return doubt.probable_misclassification(
        followed, outcome="o", reference="B", day=200, seed=1, **shares
    )


DAYS = {"keys": ["person_id"], "days": ["start", "end"]}
FOLLOW_UP = {"keys": ["person_id"], "days": ["entry", "exit"], "flags": ["event"]}
RATIO = {"keys": ["comparison"], "numbers": ["estimate", "ci_high"]}
SWEPT = {
    "case series, cases": (
        lambda t: case_series(cases=t),
        CASES,
        {**DAYS, "days": ["start", "end", "birth"], "flags": ["ended_early"]},
    ),
    "case series, exposures": (lambda t: case_series(use=t), USE, DAYS),
    "case series, events": (
        lambda t: case_series(events=t),
        EVENTS,
        {"keys": ["person_id"], "days": ["day"]},
    ),
    "case-crossover, events": (
        lambda t: crossover(events=t),
        EVENTS,
        {"keys": ["person_id"], "days": ["day"]},
    ),
    "case-crossover, controls": (
        lambda t: crossover(controls=t),
        EVENTS,
        {"keys": ["person_id"], "days": ["day"]},
    ),
    "case-crossover, exposures": (lambda t: crossover(use=t), USE, DAYS),
    "case-crossover, observed": (lambda t: crossover(observed=t), CASES, DAYS),
    "nested, follow-up": (nested, FOLLOWED, FOLLOW_UP),
    "nested, exposures": (lambda t: nested(taken=t), TAKEN, DAYS),
    "nested, sets": (
        lambda t: risk.nested_case_control(t, TAKEN, outcome="o", window=30, covariates=["z"]),
        MEMBERS,
        {"keys": ["set", "person_id"], "days": ["day"], "flags": ["case"], "numbers": ["z"]},
    ),
    "controls found": (
        lambda t: sampled_designs.controls_found(t),
        MEMBERS,
        {"keys": ["set"], "flags": ["case"]},
    ),
    "conditional logistic": (
        matched,
        MEMBERS,
        {"keys": ["set", "person_id"], "flags": ["case"], "numbers": ["x", "z"]},
    ),
    "sequence symmetry": (
        symmetry,
        FIRST_USES,
        {"keys": ["person_id"], "days": ["index_day", "marker_day"]},
    ),
    "synthesis": (lambda t: pooling.meta_analysis(t, effects="random"), SITES, RATIO),
    "profiles": (
        lambda t: pooling.pooled_profiles(t, effects="fixed"),
        profiles(),
        {"keys": ["comparison"], "numbers": ["log_ratio", "log_likelihood", "gradient"]},
    ),
    "calibration, controls": (lambda t: doubt.calibrated(STUDIED, t), CONTROLS, RATIO),
    "calibration, estimates": (
        lambda t: answered_with_reason(doubt.calibrated(t, CONTROLS)),
        STUDIED,
        RATIO,
    ),
    "E-values": (
        lambda t: doubt.e_values(t, common_outcome=True)[["e_value", "e_value_limit"]],
        STUDIED,
        RATIO,
    ),
    "probable confounder": (lambda t: answered_with_reason(confounded(t)), STUDIED, RATIO),
    "injection": (injected, FOLLOWED, {**FOLLOW_UP, "numbers": ["age"]}),
    "misclassification": (misclassified, FOLLOWED, FOLLOW_UP),
    "probable misclassification": (misread, FOLLOWED, FOLLOW_UP),
    "drift": (
        lambda t: risk.check_prevalence_drift(t).table[["value"]],
        YEARS,
        {"keys": ["year"], "numbers": ["persons", "observed"]},
    ),
}


@pytest.mark.parametrize("name", SWEPT)
def test_no_table_gets_a_silent_number(name):
    call, table, kinds = SWEPT[name]
    forms = wrong(table, **kinds)
    found = {form: unsound(answer(lambda one=one: call(one))) for form, one in forms.items()}
    assert {form: fault for form, fault in found.items() if fault} == {}


@pytest.mark.parametrize("name", SWEPT)
def test_the_answer_does_not_follow_the_form_of_the_table(name):
    call, table, _ = SWEPT[name]
    expected = answer(lambda: call(table))
    assert not isinstance(expected, str)
    for form, one in same(table).items():
        if form == "rows shuffled" and name in ("drift", "injection"):
            continue  # the rows of the answer, or what is drawn, are in the order of the table
        found = answer(lambda one=one: call(one))
        if form == "objects" and isinstance(found, str):
            continue  # a contract may ask for numbers
        if isinstance(expected, pd.DataFrame):
            told = found.reset_index(drop=True)
            pd.testing.assert_frame_equal(told, expected, obj=form, check_dtype=False)
        else:
            assert found == expected, form


CHOICES = {
    "a season": lambda: case_series(season="month"),
    "an overlap": lambda: case_series(overlap="zz"),
    "a recurrence": lambda: case_series(recurrence="zz"),
    "an interval": lambda: case_series(interval="zz"),
    "a clock": lambda: case_series(age=60),
    "a naive period": lambda: case_series(naive_period=0.5),
    "a period": lambda: case_series(period=(300, 100)),
    "no window": lambda: case_series(windows=()),
    "a window twice": lambda: case_series(windows=(Window("w"), Window("w", drug="A"))),
    "a window of part days": lambda: Window("w", 0.5, np.inf),
    "a window that holds no day": lambda: Window("w", 3, 1, first_from="end", last_from="start"),
    "an anchor": lambda: Window("w", first_from="zz"),
    "a cut": lambda: Steps((np.inf,)),
    "a side": lambda: Steps((1,), side="zz"),
    "knots": lambda: Spline(3.5),
    "a level": lambda: case_series(level=2),
    "a grid": lambda: sccs.likelihood_profile(series(), outcome="o", grid=[1, 0]),
    "an end of observation": lambda: sccs.event_dependent_observation(series(), model="zz"),
    "days of a probe": lambda: sccs.check_event_dependent_observation(series(), days=0),
    "referents": lambda: crossover(referents="zz"),
    "a case window": lambda: crossover(case_window=np.nan),
    "a drug named as a column": lambda: crossover(use=USE.assign(drug="set")),
    "a time scale": lambda: nested(time_scale="zz"),
    "no exposure": lambda: matched(exposures=()),
    "an exposure twice": lambda: matched(exposures=("x", "x")),
    "a level of 95": lambda: matched(level=95),
    "an infinite window": lambda: symmetry(window=np.inf),
    "a level of none": lambda: symmetry(level=np.nan),
    "effects": lambda: pooling.meta_analysis(SITES, effects="zz"),
    "a variance between": lambda: pooling.heterogeneity(SITES, between_variance="zz"),
    "a scale": lambda: pooling.meta_analysis(SITES, effects="random", least_scale=-1),
    "effects of profiles": lambda: pooling.pooled_profiles(profiles(), effects="zz"),
    "fewer sites asked": lambda: pooling.pooled_profiles(profiles(), effects="fixed", asked=1),
    "what is shared": lambda: doubt.calibrated(STUDIED, CONTROLS, shared=("zz",)),
    "controls at least": lambda: doubt.calibrated(STUDIED, CONTROLS, fewest=0),
    "a range": lambda: confounded(prevalence_arm=(0.3, 0.2)),
    "draws": lambda: confounded(draws=1),
    "an infinite confounder": lambda: doubt.bias_factor(0.5, 0.2, np.inf),
    "a group": lambda: injected(arm="B"),
    "a penalty": lambda: injected(penalty=np.nan),
    "a sensitivity": lambda: misclassified(sensitivities=(2,)),
    "a range of sensitivity": lambda: misread(sensitivity=(0.9, 0.7)),
    "an infinite arm": lambda: doubt.mdrr_cohort(np.inf, 5, 5),
}


@pytest.mark.parametrize("name", CHOICES)
def test_a_choice_that_is_none_is_refused(name):
    assert isinstance(answer(CHOICES[name]), str)


def test_the_unit_of_a_covariate_changes_nothing():
    known = matched().loc[0, ["estimate", "ci_low", "ci_high"]].astype(float)
    for scale in (1e-8, 1e-5, 1e12):
        found = matched(MEMBERS.assign(z=MEMBERS["z"] * scale)).iloc[0]
        assert found[known.index].astype(float).to_numpy() == pytest.approx(known.to_numpy())
    halved = matched(MEMBERS.assign(x=MEMBERS["x"] * 2))["estimate"].item()
    assert halved == pytest.approx(known["estimate"] ** 0.5)
    for scale in (1e-5, 1e12):
        with pytest.raises(EstimationError, match="l'unité est trop"):
            matched(MEMBERS.assign(x=MEMBERS["x"] * scale))


def test_covariates_that_carry_one_another_are_not_called_a_separation():
    found = matched(MEMBERS.assign(z=2 * MEMBERS["x"]))
    assert "not_estimable=collinear" in found["method"].item()


def test_two_drugs_always_taken_together_have_no_ratio_of_their_own():
    both = pd.concat([USE, USE.assign(drug="B"), USE.assign(drug="C", start=1, end=9)])
    found = case_series(use=both).set_index("comparison")
    apart = found["method"].str.contains("not_estimable=not separable")
    assert apart.tolist() == [True, True, False]
    profile = sccs.likelihood_profile(series(use=both), outcome="o")
    assert set(profile["comparison"]) == {"C: exposed / unexposed"}


def test_a_smooth_age_whose_coefficients_are_large_converges():
    found = case_series(age=Spline(), interval="wald")
    assert found["estimate"].notna().all()


def test_profiles_that_tell_nothing_are_not_pooled():
    for effects in ("fixed", "random"):
        flat = pooling.pooled_profiles(profiles(1e-9), effects=effects)
        assert "not_estimable=flat profile" in flat["method"].item()
    one_flat = profiles()
    one_flat.loc[one_flat["population"] == "a", ["log_likelihood", "gradient"]] = 0.0
    two = profiles()
    columns = ["estimate", "ci_low", "ci_high"]
    kept = pooling.pooled_profiles(two[two["population"] != "a"], effects="fixed")[columns]
    told = pooling.pooled_profiles(one_flat, effects="fixed")[columns]
    pd.testing.assert_frame_equal(told, kept)


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.assign(log_likelihood=-t["log_likelihood"], gradient=-t["gradient"]),
        lambda t: t.assign(gradient=-t["gradient"]),
        lambda t: t.assign(gradient=0.0),
        lambda t: t.assign(gradient=t["gradient"].where(t["log_ratio"] > -2, 1e12)),
        lambda t: t.assign(log_ratio=t["log_ratio"] * 1e6),
    ],
)
def test_what_is_no_hill_is_no_profile(change):
    with pytest.raises(EstimationError, match="Profil de vraisemblance"):
        pooling.pooled_profiles(change(profiles()), effects="fixed")


def test_sites_of_one_estimate_give_no_interval_by_their_gaps():
    alike = SITES.assign(estimate=1.0, ci_low=0.5, ci_high=2.0)
    own = pooling.meta_analysis(alike, effects="random", least_scale=0)
    assert "not_estimable=identical sites" in own["method"].item()
    assert pooling.meta_analysis(alike, effects="random")["ci_low"].item() < 0.9


def test_an_interval_without_end_is_neither_calibrated_nor_left_as_it_was():
    endless = STUDIED.assign(ci_high=np.inf)
    for found in (doubt.calibrated(endless, CONTROLS), confounded(endless)):
        assert found["estimate"].isna().all()
        assert "not_estimable=no finite interval" in found["method"].item()
    with pytest.raises(EstimationError, match="largeur"):
        doubt.e_values(STUDIED.assign(ci_low=1.5, estimate=1.5, ci_high=1.5), common_outcome=False)
    with pytest.raises(EstimationError, match="donné deux fois"):
        doubt.calibrated(STUDIED, pd.concat([CONTROLS, CONTROLS.head(1)]))


def test_e_values_of_ratios_that_can_hardly_be_written():
    assert answer(lambda: doubt.e_value(1e300)) == pytest.approx(2e300)
    huge = STUDIED.assign(estimate=1e200, ci_low=1e199, ci_high=1e201)
    assert np.isfinite(doubt.e_values(huge, common_outcome=False)["e_value"].item())
    nobody = doubt.e_values(STUDIED.assign(estimate=0.0, ci_low=0.0), common_outcome=False)
    assert np.isnan(nobody["e_value"].item())


def test_a_covariate_that_is_the_event_leaves_nobody_to_inject():
    with pytest.raises(EstimationError, match="séparent"):
        injected(FOLLOWED.assign(age=FOLLOWED["event"] * 10 + np.linspace(0, 1, 120)))


def test_an_outcome_that_everybody_has_gives_no_interval():
    found = misclassified(
        FOLLOWED.assign(event=True, exit=200), sensitivities=(1,), specificities=(1,)
    )
    assert "not_estimable=no variance" in found["method"].item()
