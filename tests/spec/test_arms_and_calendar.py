"""Restrictions that published studies make, by drawn examples: arms, calendar, observed time."""

from datetime import date

import narwhals as nw
import pytest
from conftest import redrawn, rows

from studylib import cohort
from studylib.errors import EstimationError, StudyError

ALL_TIME = (date(2020, 1, 1), date(2023, 12, 31))
DISPENSED = """
    person_id | arm | start      | days
    1         | AVK | 2021-03-01 | 30
    1         | AVK | 2021-05-01 | 30
    1         | AOD | 2022-05-01 | 30
    2         | AVK | 2021-02-01 | 30
    2         | AVK | 2021-04-01 | 30
    3         | AOD | 2021-06-01 | 30
    4         | AVK | 2021-06-01 | 30
    5         | AOD | 2021-09-01 | 30
    6         | AVK | 2022-01-01 | 30
"""


def entered(source, arms, days=None):
    return cohort.new_users(source, arms, inclusion=ALL_TIME, washout_days=0, days=days)


def ids(users):
    return sorted(users.source.engine.collect(users.people)["person_id"])


def test_one_arm_only_leaves_out_who_receives_another_one_later(draw_source, arms):
    source = draw_source(DISPENSED)
    days = cohort.dispensing_days(source, arms)
    alone = cohort.one_arm_only(source.engine, days)
    assert ids(entered(source, arms)) == [1, 2, 3, 4, 5, 6]
    assert ids(entered(source, arms, alone)) == [2, 3, 4, 5, 6]
    first = source.engine.collect(cohort.first_exposure(source.engine, days))
    assert redrawn(first, ["person_id", "arm", "start"]) == rows("""
        person_id | arm | start
        1 | AVK | 2021-03-01
        1 | AOD | 2022-05-01
        2 | AVK | 2021-02-01
        3 | AOD | 2021-06-01
        4 | AVK | 2021-06-01
        5 | AOD | 2021-09-01
        6 | AVK | 2022-01-01
    """)
    counts = cohort.persons_by_arm(source.engine, days)
    assert counts.to_numpy().tolist() == [["AOD", 3], ["AVK", 4]]


def test_the_common_period_begins_with_the_last_arm_and_may_end_with_the_first(draw_source, arms):
    users = entered(draw_source(DISPENSED), arms)
    assert cohort.common_period(users) == (date(2021, 6, 1), date(2021, 9, 1))
    from_last = cohort.require_common_period(users, "ensemble", bounds="from_last_arm")
    assert ids(from_last) == [3, 4, 5, 6]  # 4 entered on the very first day
    both = cohort.require_common_period(users, "ensemble", bounds="both")
    assert ids(both) == [3, 4, 5]  # 5 entered on the very last one
    assert both.flow.iloc[-1].tolist() == ["ensemble", 3, 3]
    with pytest.raises(StudyError, match="from_last_arm et both"):
        cohort.require_common_period(users, "ensemble", bounds="lower")
    with pytest.raises(EstimationError, match="AOD"):
        cohort.common_period(users.require("avk", nw.col("arm") == "AVK"))


def test_the_span_of_a_drug_covers_its_last_day(draw_source, arms):
    source = draw_source(DISPENSED)
    assert cohort.calendar_span(source, arms["AVK"]) == (date(2021, 2, 1), date(2022, 1, 30))


DIAGNOSED = """
    person_id | start      | end
    1         | 2020-06-28 | 2020-06-29
    2         | 2020-06-29 | 2020-06-30
    2         | 2022-01-31 | 2022-02-01
    3         | 2020-01-10 | 2020-01-11
    3         | 2022-01-30 | 2022-01-31
"""


@pytest.fixture
def cases(draw_source, bleeding):
    source = draw_source(DISPENSED, diagnoses=DIAGNOSED)
    return cohort.entrants(source, {"cas": bleeding}, inclusion=ALL_TIME)


def test_a_naive_period_removes_time_and_the_cases_left_without_an_outcome(cases, bleeding):
    assert cohort.person_days(cases) == 3 * 1461
    settled = cohort.after_naive_period(cases, "naïve", bleeding, days=180)
    # 180 days from 1 January 2020 end on 28 June: the outcome of that day is the last one out
    assert ids(settled) == [2, 3]
    assert cohort.person_days(settled) == 2 * (1461 - 180)
    dates = settled.source.engine.collect(settled.people)
    assert redrawn(dates, ["person_id", "index_date"]) == rows("""
        person_id | index_date
        2 | 2020-06-29
        3 | 2022-01-30
    """)
    with pytest.raises(StudyError, match="-1 jours"):
        cohort.after_naive_period(cases, "naïve", bleeding, days=-1)


def test_a_calendar_keeps_its_two_bounds(cases, bleeding):
    span = (date(2020, 6, 28), date(2022, 1, 30))
    inside = cohort.within_calendar(cases, "calendrier", bleeding, span=span)
    assert ids(inside) == [1, 2, 3]
    assert cohort.person_days(inside) == 3 * 582
    later = cohort.within_calendar(
        cases, "calendrier", bleeding, span=(date(2020, 6, 29), date(2022, 1, 29))
    )
    assert ids(later) == [2]


def test_exposure_counts_within_the_time_that_is_left(cases, bleeding, arms):
    assert ids(cohort.require_exposed(cases, "exposés", arms["AVK"])) == [1, 2]
    for last, exposed in ((date(2021, 6, 1), [3]), (date(2021, 5, 31), [])):
        cut = cohort.within_calendar(cases, "calendrier", bleeding, span=(ALL_TIME[0], last))
        found = cohort.require_exposed(cut, "exposés", arms["AOD"])
        assert ids(found) == exposed
