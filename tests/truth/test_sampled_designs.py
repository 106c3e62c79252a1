"""Case-crossover and nested case-control: drawn windows, sets checked one by one, coverage."""

import numpy as np
import pandas as pd
import pytest

from studylib import risk
from studylib.errors import EstimationError
from studylib.report import labels
from studylib.risk import sampled_designs as sampled
from studylib.risk.validation import case_crossover, nested_case_control

EVENTS = pd.DataFrame({"person_id": [1, 2], "day": [100, 30]})
OBSERVED = pd.DataFrame({"person_id": [1, 2], "start": [0, 0], "end": [200, 200]})


def windows(**choices):
    sets = sampled.case_crossover_sets(EVENTS, OBSERVED, **choices)
    return {
        person: list(zip(rows["from_"], rows["to"], rows["case"], strict=True))
        for person, rows in sets.groupby("person_id")
    }


def test_windows_end_on_the_event_and_go_back_with_a_washout():
    """Ten days each, five apart: 91-100, 76-85, 61-70. Person 2 has room for two only."""
    assert windows(case_window=10, number=2, washout=5) == {
        1: [(91, 101, True), (76, 86, False), (61, 71, False)],
        2: [(21, 31, True), (6, 16, False)],
    }
    assert windows(case_window=10, number=1, lag=3)[1] == [(88, 98, True), (78, 88, False)]


def test_events_without_a_referent_observed_are_left_out():
    assert list(windows(case_window=20, number=1, washout=0)) == [1]


def test_time_stratified_days_are_of_the_same_month_and_weekday():
    """Day 100 is Saturday 11 April 1970: the 4th, 18th and 25th are its referents."""
    found = windows(case_window=1, referents="time_stratified")[1]
    assert found == [(100, 101, True), (93, 94, False), (107, 108, False), (114, 115, False)]


def crossover(exposed_days, **choices):
    """Odds ratio from the days exposed of each case, events all on day 100."""
    persons = range(len(exposed_days))
    events = pd.DataFrame({"person_id": persons, "day": 100})
    use = pd.DataFrame(
        [(p, "A", d, d + 1) for p in persons for d in exposed_days[p]],
        columns=["person_id", "drug", "start", "end"],
    )
    observed = pd.DataFrame({"person_id": persons, "start": 0, "end": 200})
    choices = {"case_window": 10, "number": 1, **choices}
    return risk.case_crossover(events, use, observed, outcome="fall", **choices).iloc[0]


def test_one_referent_gives_the_ratio_of_discordant_pairs():
    """Exposed in the case window only: 3; in the referent only: 2; in both: 1; in neither: 1."""
    row = crossover([[95], [91], [100], [90], [81], [85, 95], [50]])
    assert row["estimate"] == pytest.approx(3 / 2)
    assert "case_window=10; referents=before; referent_number=1; washout=0; lag=0" in row["method"]


def test_an_exposure_that_lasts_is_in_every_window_it_meets():
    members = pd.DataFrame({"person_id": 1, "from_": [0, 20, 40], "to": [10, 30, 50]})
    use = pd.DataFrame(
        {"person_id": [1, 1, 2], "drug": "A", "start": [5, 8, 0], "end": [25, 9, 99]}
    )
    assert sampled.exposed_in(members, use)["A"].tolist() == [1, 1, 0]


def test_the_trend_of_controls_divides_the_ratio_of_cases():
    """Cases 6 and 2, controls 3 and 2: (6 / 2) / (3 / 2) = 2."""
    days = [[95]] * 6 + [[85]] * 2 + [[95]] * 3 + [[85]] * 2
    everyone = range(13)
    use = pd.DataFrame(
        [(p, "A", d[0], d[0] + 1) for p, d in zip(everyone, days, strict=True)],
        columns=["person_id", "drug", "start", "end"],
    )
    observed = pd.DataFrame({"person_id": everyone, "start": 0, "end": 200})
    cases = pd.DataFrame({"person_id": range(8), "day": 100})
    controls = pd.DataFrame({"person_id": range(8, 13), "day": 100})
    row = risk.case_crossover(
        cases, use, observed, outcome="fall", case_window=10, number=1, controls=controls
    ).iloc[0]
    assert row["estimate"] == pytest.approx(2)
    assert "trend=case_time_control" in row["method"]
    assert labels.method("x; covariates=nsaids: trend").endswith("stéroïdiens\xa0: tendance")
    assert (row["persons"], row["events"]) == (8, 2), "controls are no cases; six are exposed"


@pytest.mark.parametrize(
    ("choices", "said"),
    [({"case_window": 0}, "case_window vaut 0"), ({"case_window": 150}, "aucun événement n'a de")],
)
def test_windows_that_cannot_be(choices, said):
    with pytest.raises(EstimationError, match=said):
        crossover([[95]], **choices)


@pytest.fixture(scope="module")
def cohort():
    draw = np.random.default_rng(4)
    entry = draw.integers(0, 300, 3000)
    return pd.DataFrame(
        {
            "person_id": draw.permutation(3000),
            "entry": entry,
            "exit": entry + draw.integers(1, 400, 3000),
            "event": draw.random(3000) < 0.05,
            "sex": draw.choice(["F", "M"], 3000),
            "birth": -draw.integers(0, 30000, 3000),
        }
    )


@pytest.mark.parametrize("scale", ["time_since_entry", "calendar_date"])
def test_every_control_is_at_risk_and_matched(cohort, scale):
    choices = dict(controls=5, time_scale=scale, matched_on=["sex"], age_caliper=700)
    sets = risk.incidence_density_sets(cohort, seed=1, **choices)
    described = sets.merge(cohort, on="person_id")
    case = described[described["case"]].set_index("set")
    assert len(case) == cohort["event"].sum()
    assert (case["day"] == case["exit"] - 1).all()
    control = described[~described["case"]].join(case, on="set", rsuffix="_case")
    assert (control["sex"] == control["sex_case"]).all()
    assert ((control["birth"] - control["birth_case"]).abs() <= 700).all()
    assert ((control["entry"] <= control["day"]) & (control["day"] < control["exit"])).all()
    if scale == "calendar_date":
        assert (control["day"] == control["day_case"]).all()
    else:
        since = control["day"] - control["entry"]
        assert (since == control["day_case"] - control["entry_case"]).all()
    assert not sets.duplicated(["set", "person_id"]).any()
    assert sets.equals(risk.incidence_density_sets(cohort, seed=1, **choices))
    assert not sets.equals(risk.incidence_density_sets(cohort, seed=2, **choices))
    everyone = possible(cohort, choices, scale)
    found = (~sets["case"]).groupby(sets["set"]).sum()
    assert (found.to_numpy() == np.minimum(everyone, 5)).all(), "a control left out"
    counts = risk.controls_found(sets)
    assert counts["events"].sum() == len(case)
    assert counts["controls"].min() < 5, "the caliper leaves some sets short"


def possible(cohort, choices, scale):
    """How many persons could be controls of each case, counted one case at a time."""
    cases = cohort[cohort["event"]].sort_values(["exit", "person_id"])
    counts = []
    for case in cases.itertuples():
        zero = cohort["entry"] if scale == "time_since_entry" else 0
        date = zero + case.exit - 1 - (case.entry if scale == "time_since_entry" else 0)
        there = (cohort["entry"] <= date) & (date < cohort["exit"])
        alike = (cohort["sex"] == case.sex) & ((cohort["birth"] - case.birth).abs() <= 700)
        counts.append((there & alike).sum() - 1)
    return np.array(counts)


def test_controls_are_drawn_evenly():
    """One case, 20 persons at risk, 4 drawn: each is drawn in a fifth of 1,000 seeds."""
    cohort = pd.DataFrame(
        {
            "person_id": range(21),
            "entry": 0,
            "exit": [50] + [99] * 20,
            "event": [True] + [False] * 20,
        }
    )
    drawn = np.zeros(21)
    for seed in range(1000):
        sets = risk.incidence_density_sets(cohort, controls=4, seed=seed)
        drawn[sets.loc[~sets["case"], "person_id"]] += 1
    assert drawn[0] == 0
    assert np.abs(drawn[1:] - 200).max() < 4.5 * np.sqrt(1000 * 0.2 * 0.8)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.assign(event=False), "aucun cas"),
        (lambda t: pd.concat([t, t]), "deux fois"),
        (lambda t: t.assign(exit=t["entry"]), "nul ou négatif"),
        (lambda t: t.drop(columns="sex"), "colonnes sex absentes"),
    ],
)
def test_follow_ups_that_cannot_be_sampled(cohort, change, said):
    with pytest.raises(EstimationError, match=said):
        risk.incidence_density_sets(change(cohort), controls=4, seed=1, matched_on=["sex"])


@pytest.mark.parametrize("effect", [1.0, 2.0])
@pytest.mark.parametrize(
    "coverage",
    [
        case_crossover.coverage_of_case_crossover,
        nested_case_control.coverage_of_nested_case_control,
    ],
    ids=["case_crossover", "nested"],
)
def test_intervals_cover(coverage, effect):
    row = coverage(seeds=range(200), effect=effect).iloc[0]
    assert 181 / 200 <= row["coverage"] <= 199 / 200
    assert row["mean_estimate"] == pytest.approx(effect, rel=0.06)


def test_a_reference_drug_is_what_others_are_against():
    """Sets of one pair; A against B alone: 3 pairs with the case on A, 1 with it on B.

    The pairs with a member on neither drug only inform their own term.
    """
    pairs = [("A", "B")] * 3 + [("B", "A")] + [("", "B")] * 2 + [("B", "")] * 5
    sets = pd.DataFrame(
        [(s, c, 2 * s + c, 100) for s in range(len(pairs)) for c in (1, 0)],
        columns=["set", "case", "person_id", "day"],
    ).astype({"case": bool})
    use = pd.DataFrame(
        [
            (2 * number + 1 - side, drug, 95, 105)
            for number, pair in enumerate(pairs)
            for side, drug in enumerate(pair)
            if drug
        ],
        columns=["person_id", "drug", "start", "end"],
    )
    choices = dict(outcome="fall", window=1)
    row = risk.nested_case_control(sets, use, reference="B", **choices).iloc[0]
    assert row["comparison"] == "A / B"
    assert row["estimate"] == pytest.approx(3)
    assert "covariates=without_treatment" in row["method"]
    assert row["events"] == 3, "three cases on A, six on B alone"
    turned = risk.nested_case_control(sets, use, reference="A", **choices).iloc[0]
    assert turned["events"] == 3, "five cases are without B, of whom three are on A"
    with_none = risk.nested_case_control(sets, use, **choices)
    assert with_none["events"].tolist() == [3, 5]
    assert list(with_none["comparison"]) == ["A / unexposed", "B / unexposed"]
    absent = risk.nested_case_control(sets, use, reference="C", **choices)
    assert absent["estimate"].isna().all()
    assert "not_estimable=nobody in C" in absent["method"].iloc[0]


def test_a_drug_no_case_is_without_leaves_the_unexposed_out():
    pairs = [("A", "B")] * 3 + [("B", "A"), ("A", "")]
    sets = pd.DataFrame(
        [(s, c, 2 * s + c, 100) for s in range(len(pairs)) for c in (1, 0)],
        columns=["set", "case", "person_id", "day"],
    ).astype({"case": bool})
    use = pd.DataFrame(
        [(2 * s + 1 - side, drug, 95, 105) for s, pair in enumerate(pairs)
         for side, drug in enumerate(pair) if drug],
        columns=["person_id", "drug", "start", "end"],
    )  # fmt: skip
    row = risk.nested_case_control(sets, use, outcome="fall", window=1, reference="B").iloc[0]
    assert row["estimate"] == pytest.approx(3)
