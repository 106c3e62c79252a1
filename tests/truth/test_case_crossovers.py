"""The case-crossover of a study's cases: what is exposed, which events, the trend of controls."""

import numpy as np
import pandas as pd
import pytest

from studylib import risk, tables
from studylib.errors import EstimationError
from studylib.report import disclosure
from studylib.risk.gates import Gates
from studylib.risk.sampled_designs import future_case_controls
from studylib.tables import CheckResult

CLOSED = Gates((CheckResult("mdrr", False, pd.DataFrame(), "trop peu d'événements"),))


def study(dispensed, days=(100,), **choices):
    """Cases with the same days of event, and the first days of their ten-day dispensings."""
    persons = range(len(dispensed))
    cases = pd.DataFrame({"person_id": persons, "start": 0, "end": 400})
    events = pd.DataFrame([(p, d) for p in persons for d in days], columns=["person_id", "day"])
    use = [(p, "A", d, d + 10) for p in persons for d in dispensed[p]]
    use = pd.DataFrame(use, columns=["person_id", "drug", "start", "end"])
    choices = {"drugs": ["A"], "case_window": 10, "number": 1, **choices}
    return risk.case_crossovers(cases, use, events, outcome="fall", **choices)


def test_a_dispensing_exposes_the_window_it_falls_in_a_supply_every_window_it_covers():
    """Windows 91-100 and 81-90. Dispensed in them: 2 against 2. Supplied: 85 to 94 is in both,
    75 to 84 in the earlier one: 2 against 1."""
    days = [[95], [95], [85], [85], [75]]
    dispensed, supplied = (study(days, exposed_by=by) for by in ("dispensing", "supply"))
    assert dispensed["estimate"].item() == pytest.approx(1)
    assert supplied["estimate"].item() == pytest.approx(2)
    assert "exposed_by=supply" in supplied["method"].item()


def test_only_first_events_or_all():
    """The second event, 100 days later, has its own two windows."""
    days = [[95], [95], [85, 195], [195], [185]]
    first, every = (study(days, (100, 200), recurrence=r) for r in ("first", "all"))
    assert (first["estimate"].item(), first["events"].item()) == (pytest.approx(2), 2)
    assert (every["estimate"].item(), every["events"].item()) == (pytest.approx(4 / 2), 4)
    assert (every["persons"] == 5).all()


@pytest.mark.parametrize(("exposed", "hidden"), [(9, True), (11, False), (31, True)])
def test_a_ratio_of_few_cases_exposed_or_not_is_not_read(exposed, hidden):
    """Forty cases, of whom some received the drug: the case series masks the same exposure."""
    days = [[95]] * exposed + [[85]] * (40 - exposed)
    found = study(days)
    assert found["events"].item() == min(exposed, 40 - exposed)
    shown = disclosure.mask(found, tables.ESTIMATES)
    assert shown["estimate"].isna().item() == hidden
    assert study(days, gates=CLOSED)["events"].item() == 40, "the two would give the ratio back"


def drawn(trend, effect, persons, seed=1):
    """Cases exposed one day at times, more and more with time, and after their exposure a case."""
    draw = np.random.default_rng(seed)
    own = np.repeat(np.arange(persons), 20)
    at = draw.integers(0, 1000, len(own))
    kept = draw.random(len(own)) < 0.2 * trend ** (at / 1000) / trend
    use = pd.DataFrame({"person_id": own[kept], "drug": "A", "start": at[kept]})
    grid = np.arange(100, 1000)
    weight = np.ones((persons, len(grid)))
    for lag in range(10):
        np.multiply.at(
            weight, (use["person_id"], np.clip(use["start"] + lag - 100, 0, 899)), effect
        )
    weight /= weight.sum(axis=1, keepdims=True)
    day = grid[(weight.cumsum(axis=1) < draw.random((persons, 1))).sum(axis=1)]
    events = pd.DataFrame({"person_id": range(persons), "day": day})
    cases = pd.DataFrame({"person_id": range(persons), "start": 0, "end": 1001})
    return cases, use.assign(end=use["start"] + 1), events


def test_future_cases_take_the_trend_of_exposure_away():
    cases, use, events = drawn(trend=60, effect=2, persons=4000)
    rows = risk.case_crossovers(
        cases,
        use,
        events,
        drugs=["A"],
        outcome="fall",
        case_window=10,
        number=1,
        washout=190,
        future_cases=4,
    ).set_index("analysis")
    crude, repaired = (rows.loc[f"case_{name}"] for name in ("crossover", "time_control"))
    assert crude["ci_low"] > 2, "the trend alone makes it higher"
    assert repaired["ci_low"] < 2 < repaired["ci_high"]
    assert repaired["ci_low"] > 1
    assert "future_cases=4; seed=0" in repaired["method"]
    assert (rows["persons"] == rows.loc["case_crossover", "persons"]).all()


def test_controls_are_persons_whose_event_comes_later_whatever_the_order_of_rows():
    draw = np.random.default_rng(3)
    events = pd.DataFrame({"person_id": range(300), "day": draw.integers(0, 500, 300)})
    found = future_case_controls(events, apart=60, per_case=2, seed=5)
    own = found.merge(events, on="person_id", suffixes=("", "_own"))
    assert (own["day_own"] >= own["day"] + 60).all()
    assert not found.duplicated().any()
    shuffled = future_case_controls(
        events.sample(frac=1, random_state=1), apart=60, per_case=2, seed=5
    )
    pd.testing.assert_frame_equal(found, shuffled)
    assert not found.equals(future_case_controls(events, apart=60, per_case=2, seed=6))


def test_a_person_with_an_event_near_that_day_is_no_control():
    events = pd.DataFrame({"person_id": [1, 2, 2], "day": [100, 110, 300]})
    found = future_case_controls(events, apart=60, per_case=20, seed=0)
    assert found.empty


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (lambda: study([[95], [85]], case_window=90), "no referent window"),
        (lambda: study([[95], [85]], days=()), "no referent window"),
        (lambda: study([[95], [95], [85]], drugs=["B"]), "nobody exposed"),
        (lambda: study([[95], [95]]), "separation"),
    ],
)
def test_what_has_no_answer_says_why(made, reason):
    row = made().iloc[0]
    assert np.isnan(row[["estimate", "ci_low", "ci_high"]].astype(float)).all()
    assert f"not_estimable={reason}" in row["method"]


def test_without_a_future_case_only_the_uncorrected_ratio_stands():
    rows = study([[95], [95], [85]], future_cases=2).set_index("analysis")
    assert rows.loc["case_crossover", "estimate"] == pytest.approx(2)
    assert "not_estimable=no future case" in rows.loc["case_time_control", "method"]


def test_closed_gates_withhold_both_ratios():
    rows = study([[95], [95], [85]], future_cases=2, gates=CLOSED)
    assert rows[["estimate", "ci_low", "ci_high", "p_value"]].isna().all(axis=None)
    assert rows["method"].str.contains("withheld=mdrr").all()


@pytest.mark.parametrize(
    "choices",
    [
        {"exposed_by": "box"},
        {"recurrence": "last"},
        {"future_cases": -1},
        {"drugs": []},
        {"drugs": "A"},
        {"seed": -1},
    ],
)
def test_a_choice_that_is_none_is_refused(choices):
    with pytest.raises(EstimationError, match="Cas croisés"):
        study([[95], [85]], **choices)
