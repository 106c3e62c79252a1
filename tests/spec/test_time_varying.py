"""Latency, windows after treatment, and exposure that changes during follow-up: drawn examples."""

from datetime import date

import pytest
from conftest import redrawn, rows

from studylib import cohort
from studylib.errors import StudyError

END = date(2023, 12, 31)
HEADER = "person_id | arm | start | days\n"
DIAGNOSES = "person_id | start | end\n"


def users_of(source, arms):
    return cohort.new_users(source, arms, inclusion=(date(2022, 1, 1), date(2022, 12, 31)))


def test_the_window_after_treatment_keeps_its_outcome(draw_source, arms, bleeding):
    source = draw_source(
        HEADER + "1 | AVK | 2022-01-01 | 30", DIAGNOSES + "1 | 2022-02-10 | 2022-02-15"
    )
    users = users_of(source, arms)
    without, after, too_short = (
        cohort.collect(
            users,
            cohort.on_treatment(users, bleeding, until=END, grace_days=0, risk_window_days=window),
        ).iloc[0]
        for window in (0, 30, 10)
    )
    assert (without["exit_reason"], without["exit"] - without["entry"]) == ("discontinuation", 30)
    assert (after["exit_reason"], after["exit"] - after["entry"]) == ("outcome", 41)
    assert (too_short["exit_reason"], too_short["exit"] - too_short["entry"]) == (
        "discontinuation",
        40,  # days 0 to 39 ; the outcome is on day 40
    )


def test_latency_takes_its_days_and_those_who_leave_during_them(draw_source, arms, bleeding):
    source = draw_source(
        HEADER + "\n".join(f"{person} | AVK | 2022-01-01 | 365" for person in (1, 2, 3)),
        DIAGNOSES + "1 | 2022-01-14 | 2022-01-20\n2 | 2022-01-15 | 2022-01-20",
    )
    users = users_of(source, arms)
    found = cohort.collect(
        users,
        cohort.intention_to_treat(users, bleeding, until=END, latency_days=14, follow_up_days=60),
    )
    assert redrawn(found, ["person_id", "entry", "exit", "exit_reason"]) == rows("""
        person_id | entry      | exit       | exit_reason
        2         | 2022-01-15 | 2022-01-16 | outcome
        3         | 2022-01-15 | 2022-03-02 | end_of_follow_up
    """)
    with pytest.raises(StudyError, match="latence"):
        cohort.intention_to_treat(users, bleeding, until=END, latency_days=60, follow_up_days=60)


def test_follow_up_is_cut_where_exposure_changes(draw_source, arms, bleeding):
    source = draw_source(
        HEADER
        + "1 | AVK | 2022-01-01 | 10\n1 | AOD | 2022-01-06 | 10\n1 | AVK | 2022-01-21 | 10\n"
        + "2 | AVK | 2022-01-01 | 5",
        DIAGNOSES + "1 | 2022-01-25 | 2022-01-26",
    )
    users = users_of(source, arms)
    followed = cohort.intention_to_treat(users, bleeding, until=END, follow_up_days=30)
    columns = ["person_id", "start", "end", "event", "AVK", "AOD"]

    def cut(**choices):
        table = cohort.exposure_intervals(users, followed, arms, grace_days=0, **choices)
        found = source.engine.collect(table).sort_values(["person_id", "start"])
        return [tuple(map(int, row)) for row in found[columns].itertuples(index=False)]

    assert cut() == [
        (1, 0, 1, 0, 0, 0),
        (1, 1, 6, 0, 1, 0),
        (1, 6, 11, 0, 1, 1),
        (1, 11, 16, 0, 0, 1),
        (1, 16, 21, 0, 0, 0),
        (1, 21, 25, 1, 1, 0),
        (2, 0, 1, 0, 0, 0),
        (2, 1, 6, 0, 1, 0),
        (2, 6, 30, 0, 0, 0),
    ]
    assert cut(lag_days=3, risk_window_days=2)[-3:] == [
        (2, 0, 4, 0, 0, 0),
        (2, 4, 8, 0, 1, 0),
        (2, 8, 30, 0, 0, 0),
    ]


@pytest.mark.parametrize(
    ("avk_days", "outcome", "in_use"),
    [
        (40, "2022-02-09", (True, False)),  # AVK's last day, the eve of AOD
        (40, "2022-02-10", (True, False)),  # the day AOD replaces AVK: it answers the outcome
        (40, "2022-02-11", (False, True)),
        (20, "2022-02-10", (False, False)),  # AOD begun on the day, nothing in use before
        (20, "2022-01-01", (False, False)),  # the day of entry
    ],
)
def test_an_outcome_belongs_to_what_was_in_use_the_day_before(
    draw_source, arms, bleeding, avk_days, outcome, in_use
):
    source = draw_source(
        HEADER + f"1 | AVK | 2022-01-01 | {avk_days}\n1 | AOD | 2022-02-10 | 30",
        DIAGNOSES + f"1 | {outcome} | {outcome}",
    )
    users = users_of(source, arms)
    followed = cohort.intention_to_treat(users, bleeding, until=END)
    cut = cohort.exposure_intervals(users, followed, arms, grace_days=0)
    found = source.engine.collect(cut)
    last = found[found["event"]].iloc[0]
    assert (bool(last["AVK"]), bool(last["AOD"])) == in_use


def test_days_in_hospital_of_the_outcomes(draw_source, arms, bleeding):
    source = draw_source(
        HEADER + "1 | AVK | 2022-01-01 | 90\n2 | AVK | 2022-01-01 | 90\n3 | AOD | 2022-01-01 | 90",
        DIAGNOSES
        + "1 | 2022-02-01 | 2022-02-06\n1 | 2022-02-01 | 2022-02-03\n"  # the longer one: 5 days
        + "2 | 2022-02-01 | 2022-02-01",  # the day only: 1
    )
    users = users_of(source, arms)
    followed = cohort.intention_to_treat(users, bleeding, until=END)
    table = cohort.outcome_stays(users, followed, bleeding, names={"11": "Île-de-France"})
    found = table.set_index("arm")
    assert found["population"].unique().tolist() == ["Île-de-France"]
    assert found.loc["AVK", ["persons", "events", "days", "days_squared"]].tolist() == [2, 2, 6, 26]
    assert found.loc["AOD", ["persons", "events", "days", "days_squared"]].tolist() == [1, 0, 0, 0]


def test_eras_and_stretches_are_collected_for_other_designs(draw_source, arms, bleeding):
    source = draw_source(
        HEADER + "1 | AVK | 2022-01-01 | 10\n1 | AOD | 2022-01-21 | 10\n2 | AVK | 2022-01-01 | 5\n"
        "3 | AOD | 2020-01-01 | 5",
        DIAGNOSES + "1 | 2022-01-25 | 2022-01-26",
    )
    users = users_of(source, arms)
    eras = cohort.exposure_eras(users, arms, grace_days=0)
    assert redrawn(eras, ["person_id", "drug", "start", "end"]) == rows("""
        person_id | drug | start      | end
        1         | AOD  | 2022-01-21 | 2022-01-31
        1         | AVK  | 2022-01-01 | 2022-01-11
        2         | AVK  | 2022-01-01 | 2022-01-06
    """)
    followed = cohort.intention_to_treat(users, bleeding, until=END, follow_up_days=30)
    cut = cohort.exposure_intervals(users, followed, arms, grace_days=0)
    found = cohort.collect_stretches(users, cut, ["birth_date"])
    assert found["birth_date"].dtype == float
    assert found["event"].tolist() == [False, False, False, True, False, False, False]
    assert list(found["person_id"]) == [1, 1, 1, 1, 2, 2, 2]
