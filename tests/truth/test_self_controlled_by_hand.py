"""Self-controlled case series worked by hand on a few cases."""

import numpy as np
import pandas as pd
import pytest

from studylib.errors import EstimationError
from studylib.risk import self_controlled as sccs
from studylib.risk.self_controlled import Spline, Steps, Window

EXPOSED = [Window("exposed")]


def cases(*spans):
    rows = [(person, start, end) for person, (start, end) in enumerate(spans)]
    return pd.DataFrame(rows, columns=["person_id", "start", "end"]).assign(birth=0)


def exposures(*rows):
    return pd.DataFrame(rows, columns=["person_id", "drug", "start", "end"])


def events(*rows):
    return pd.DataFrame(rows, columns=["person_id", "day"])


def ratios(series, **choices):
    rows = sccs.self_controlled_case_series(series, outcome="fall", **choices)
    return rows.set_index("comparison")


def one(series, **choices):
    return ratios(series, **choices).iloc[0]


TWO = (
    cases((0, 100), (0, 100)),
    exposures((0, "A", 10, 30), (1, "A", 50, 70)),
    events((0, 15), (1, 5)),
)


def test_one_window_and_its_wald_interval():
    """20 days of 100 exposed in both, one event in, one out.

    log L = log r - 2 log(20 r + 80), largest where 20 r / (20 r + 80) = 1/2: r = 4. There the
    information on log r is 2 x 1/2 x 1/2 = 1/2, the error sqrt(2).
    """
    row = one(sccs.case_series(*TWO, windows=EXPOSED))
    assert row["estimate"] == pytest.approx(4, rel=1e-8)
    half = 1.959963985 * np.sqrt(2)
    assert np.log(row[["ci_low", "ci_high"]].to_list()) == pytest.approx(
        [np.log(4) - half, np.log(4) + half], rel=1e-6
    )
    assert (row["persons"], row["events"]) == (2, 1)
    assert row["person_years"] == pytest.approx(40 / 365.25)


def test_profile_limits_lie_where_the_likelihood_has_fallen():
    row = one(sccs.case_series(*TWO, windows=EXPOSED), interval="profile")
    for limit in (row["ci_low"], row["ci_high"]):
        fall = (np.log(4) - 2 * np.log(160)) - (np.log(limit) - 2 * np.log(20 * limit + 80))
        assert 2 * fall == pytest.approx(3.841458821, rel=1e-6)


def test_a_window_without_event_is_not_estimable_and_has_an_upper_profile_limit():
    """Two events out of the window: log L = -2 log(20 r + 80), highest at r = 0.

    2 x 2 log(1 + r / 4) = 3.8415 at the limit: r = 4 (e^0.96036 - 1) = 6.4505.
    """
    series = sccs.case_series(TWO[0], TWO[1], events((0, 5), (1, 5)), windows=EXPOSED)
    assert np.isnan(one(series)["estimate"])
    assert "not_estimable=no outcome in A: exposed" in one(series)["method"]
    row = one(series, interval="profile")
    assert (row["estimate"], row["ci_low"]) == (0, 0)
    assert row["ci_high"] == pytest.approx(4 * (np.exp(3.841458821 / 4) - 1), rel=1e-6)


def test_a_window_that_holds_every_event_is_not_estimable():
    series = sccs.case_series(TWO[0], TWO[1], events((0, 15), (1, 55)), windows=EXPOSED)
    assert "no outcome outside in A: exposed" in one(series)["method"]
    assert np.isnan(one(series)["estimate"])


def test_days_of_a_window_are_counted_both_ends_included():
    """Days -30 to -1 before, 0 to 42 after the first day, 1 to 5 after the last one."""
    windows = [
        Window("pre_exposure", -30, -1, last_from="start"),
        Window("risk", 0, 42, last_from="start"),
        Window("after", 1, 5, first_from="end"),
    ]
    series = sccs.case_series(
        cases((0, 400)), exposures((0, "A", 100, 150)), events((0, 110)), windows=windows
    )
    days = series.counts.set_index("term")["days"]
    assert days.to_dict() == {
        "A: pre_exposure": 30,
        "A: risk": 43,
        "A: after": 5,
        "unexposed": 400 - 78,
        "total": 400,
    }


def test_the_later_window_wins_unless_exposures_are_merged_first():
    """Courses [100, 150) and [140, 180); days 0 to 19 "early", day 20 to the end "late".

    Later wins: early 100-119 and 140-159, late 120-139 and 160-179. Merged [100, 180): early
    100-119, late 120-179.
    """
    given = (
        cases((0, 400)),
        exposures((0, "A", 100, 150), (0, "A", 140, 180)),
        events((0, 110)),
    )
    windows = [Window("early", 0, 19, last_from="start"), Window("late", 20, 0)]
    for overlap, expected in (("later", (40, 40)), ("merge", (20, 60))):
        series = sccs.case_series(*given, windows=windows, overlap=overlap)
        days = series.counts.set_index("term")["days"]
        assert (days["A: early"], days["A: late"]) == expected


def test_two_drugs_multiply_and_doses_have_their_own_ratio():
    two = exposures((0, "A", 10, 30), (0, "B", 20, 40))
    series = sccs.case_series(cases((0, 100)), two, events((0, 25)), windows=EXPOSED)
    days = series.counts.set_index("term")["days"]
    assert (days["A: exposed"], days["B: exposed"], days["unexposed"]) == (20, 20, 70)
    doses = exposures((0, "A", 10, 30), (0, "A", 50, 60)).assign(dose=["low", "high"])
    series = sccs.case_series(
        cases((0, 100)), doses, events((0, 25)), windows=EXPOSED, by_dose=True
    )
    days = series.counts.set_index("term")["days"]
    assert (days["A: low: exposed"], days["A: high: exposed"]) == (20, 10)


def test_the_naive_period_takes_time_and_events_out_and_first_events_are_first_of_all():
    people = cases((0, 100), (0, 100), (0, 100))
    use = exposures((0, "A", 50, 70), (1, "A", 50, 70), (2, "A", 50, 70))
    found = events((0, 5), (0, 60), (1, 80), (2, 60))
    every = sccs.case_series(people, use, found, windows=EXPOSED, naive_period=20)
    assert every.flow["step"].tolist() == ["persons_with_event", "naive_period", "with_event"]
    assert every.flow["days"].tolist() == [300, 240, 240]
    assert every.flow["events"].tolist() == [4, 3, 3]
    first = sccs.case_series(
        people, use, found, windows=EXPOSED, naive_period=20, recurrence="first"
    )
    assert first.flow["persons"].tolist() == [3, 3, 2]  # the first event of 0 is in the naive time


def test_a_fixed_control_window_keeps_nothing_else():
    series = sccs.case_series(
        *TWO,
        windows=[Window("risk", 0, 9, last_from="start")],
        control=Window("control", 20, 39, last_from="start"),
    )
    days = series.counts.set_index("term")["days"]
    assert days.to_dict() == {"A: risk": 20, "unexposed": 40, "total": 60}


def test_the_side_of_an_age_cut_is_a_choice():
    """A cut at 50 as the last day of the old group is a cut at 51 as the first of the new one."""
    given = dict(windows=EXPOSED)
    found = events((0, 15), (0, 80), (1, 5), (1, 60))
    last = sccs.case_series(TWO[0], TWO[1], found, age=Steps((50,), "last_day"), **given)
    first = sccs.case_series(TWO[0], TWO[1], found, age=Steps((51,)), **given)
    assert one(last)["estimate"] == one(first)["estimate"]
    assert "age_cut=last_day" in one(last)["method"]
    other = sccs.case_series(TWO[0], TWO[1], found, age=Steps((50,)), **given)
    assert one(other)["estimate"] != one(first)["estimate"]


def test_a_group_of_age_without_event_is_the_same_as_its_time_left_out():
    found = events((0, 15), (1, 5))
    grouped = sccs.case_series(TWO[0], TWO[1], found, windows=EXPOSED, age=Steps((80,)))
    shorter = sccs.case_series(cases((0, 80), (0, 80)), TWO[1], found, windows=EXPOSED)
    assert one(grouped)["estimate"] == pytest.approx(one(shorter)["estimate"], rel=1e-8)


@pytest.fixture(scope="module")
def many():
    draw = np.random.default_rng(3)
    people = np.arange(400)
    day = draw.integers(10000, 13000, 400)
    start = draw.integers(10000, 12800, 800)
    return (
        pd.DataFrame(
            {
                "person_id": people,
                "start": 10000,
                "end": 13000,
                "birth": 10000 - draw.integers(0, 30000, 400),
            }
        ),
        pd.DataFrame(
            {"person_id": np.repeat(people, 2), "drug": "A", "start": start, "end": start + 60}
        ),
        pd.DataFrame({"person_id": people, "day": day}),
    )


def test_the_slope_of_age_and_of_calendar_time_are_not_both_estimated(many):
    both = sccs.case_series(*many, windows=EXPOSED, age=Spline(), calendar=Spline())
    terms = sccs.time_ratios(both)["term"].tolist()
    assert sum(term.startswith("age") for term in terms) == 4
    assert sum(term.startswith("calendar") for term in terms) == 3
    assert one(both)["estimate"] == pytest.approx(1, abs=0.3)
    alone = sccs.time_ratios(sccs.case_series(*many, windows=EXPOSED, calendar=Spline()))
    assert len(alone) == 4


@pytest.mark.parametrize(
    "time", [{"season": "months"}, {"season": "spline"}, {"age": Steps((9000, 18000))}]
)
def test_the_answer_is_that_of_a_row_per_day(many, time):
    """The same likelihood maximised on person-days, by a general solver."""
    from scipy.optimize import minimize

    few = [table[table["person_id"] < 100] for table in many]
    windows = [Window("exposed"), Window("after", 1, 30, first_from="end")]
    series = sccs.case_series(*few, windows=windows, **time)
    people, use, found = few
    days = np.arange(10000, 13000)
    level = np.zeros((100, 3000), int)
    for row in use.sort_values(["start", "end"]).itertuples():
        level[row.person_id, max(row.start - 10000, 0) : row.end - 10000] = 1
        level[row.person_id, row.end - 10000 : row.end + 30 - 10000] = 2
    clock = clocks(time, people, days, found)
    event = found["day"].to_numpy() - 10000

    def loss(beta):
        rate = beta[0] * (level == 1) + beta[1] * (level == 2) + clock @ beta[2:]
        total = np.log(np.exp(rate).sum(axis=1))
        return (total - rate[np.arange(100), event]).sum()

    solved = minimize(loss, np.zeros(2 + clock.shape[2]), method="BFGS")
    assert np.log(ratios(series)["estimate"].to_numpy()) == pytest.approx(solved.x[:2], abs=2e-4)


def clocks(time, people, days, found):
    """Covariates of time on each day of each case."""
    from studylib.risk.self_controlled.time_effects import cyclic_cubic

    if "age" in time:
        age = days[None, :] - people["birth"].to_numpy()[:, None]
        return np.stack([(age >= 9000) & (age < 18000), age >= 18000], axis=2).astype(float)
    month = days.astype("datetime64[D]").astype("datetime64[M]").astype(int) % 12
    if time["season"] == "spline":
        columns = cyclic_cubic((month + 0.5) / 12, 5)
    else:
        columns = np.eye(12)[month][:, 1:]
    return np.broadcast_to(columns, (len(people), *columns.shape))


def test_order_of_rows_names_of_persons_and_origin_of_days_do_not_matter(many):
    people, use, found = many
    plain = one(sccs.case_series(people, use, found, windows=EXPOSED, age=Steps((15000,))))
    moved = [table.sample(frac=1, random_state=1) for table in many]
    moved = [t.assign(person_id=9999 - 7 * t["person_id"]) for t in moved]
    moved = [t.assign(**{c: t[c] + 50 for c in ("start", "end", "birth", "day") if c in t})
             for t in moved]  # fmt: skip
    again = one(sccs.case_series(*moved, windows=EXPOSED, age=Steps((15000,))))
    assert again["estimate"] == pytest.approx(plain["estimate"], rel=1e-9)


def test_a_profile_is_highest_at_the_estimate_and_knows_its_slope(many):
    series = sccs.case_series(*many, windows=EXPOSED)
    top = np.log(one(series)["estimate"])
    table = sccs.likelihood_profile(series, outcome="fall", grid=[top - 1e-4, top, top + 1e-4])
    low, best, high = table["log_likelihood"]
    assert best > low
    assert best > high
    assert table["gradient"][1] == pytest.approx(0, abs=1e-4)
    assert table["gradient"][0] == pytest.approx((best - low) / 1e-4, abs=0.02)


def wrong(**changes):
    given = dict(zip(("cases", "exposures", "events"), TWO, strict=True))
    return {**given, **changes}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"events": events()}, "aucun événement"),
        ({"cases": cases((0, 100), (5, 5))}, "ne durent aucun jour"),
        ({"cases": cases((0, 100), (9, 5))}, "avant leur début"),
        ({"cases": pd.concat([TWO[0], TWO[0]])}, "deux fois parmi les cas"),
        ({"events": events((0, 15), (0, 15))}, "deux fois le même jour"),
        ({"events": events((7, 15))}, "absentes"),
        ({"exposures": TWO[1].drop(columns="drug")}, "colonnes drug absentes"),
        ({"exposures": exposures((0, "A", 30, 10))}, "avant leur début"),
        ({"exposures": exposures()}, "aucun cas n'est exposé"),
        ({"events": events((0, 500))}, "aucun événement dans le temps observé"),
    ],
)
def test_data_that_cannot_be_right_are_refused(changes, said):
    with pytest.raises(EstimationError, match=said):
        one(sccs.case_series(**wrong(**changes), windows=EXPOSED))


def test_cases_exposed_all_the_time_say_nothing():
    """One pattern a case: exposed throughout. No contrast within anybody."""
    use = exposures((0, "A", 0, 100), (1, "A", 0, 100))
    series = sccs.case_series(TWO[0], use, TWO[2], windows=EXPOSED)
    assert "not_estimable=nobody exposed in A: exposed" in one(series)["method"]


def test_checks_of_what_is_assumed(many):
    windows = [Window("pre_exposure", -30, -1, last_from="start"), Window("exposed")]
    fine = sccs.case_series(*many, windows=windows, season="months")
    assert sccs.check_event_dependent_exposure(fine).passed
    assert sccs.check_event_dependent_observation(fine).passed
    assert sccs.check_time_stability(fine).passed
    people, use, found = many
    after = use.drop_duplicates("person_id").assign(start=found["day"].to_numpy() + 5)
    after = after.assign(end=after["start"] + 20)
    driven = sccs.case_series(people, after, found, windows=windows)
    assert sccs.check_event_dependent_exposure(driven).passed is False
    ended = people.assign(end=found["day"].to_numpy() + 10, ended_early=True)
    cut = sccs.case_series(ended, use, found, windows=windows)
    assert sccs.check_event_dependent_observation(cut).passed is False
    piled = found.assign(day=np.where(np.arange(400) < 100, 11000, found["day"]))
    epidemic = sccs.case_series(people, use, piled, windows=windows)
    assert sccs.check_time_stability(epidemic).passed is False
    assert sccs.check_rare_outcome(200, 1000).passed is False
