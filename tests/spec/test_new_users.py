"""Who is a new user, and when: drawn examples."""

from datetime import date

import pytest
from conftest import redrawn, rows

from studylib import cohort
from studylib.errors import StudyError

YEAR_2022 = (date(2022, 1, 1), date(2022, 12, 31))
COLUMNS = ["person_id", "arm", "index_date"]


def users(source, arms, **choices):
    made = cohort.new_users(source, arms, **{"inclusion": YEAR_2022, "washout_days": 365} | choices)
    return made, made.source.engine.collect(made.people)


def test_the_first_dispensing_after_the_washout_is_the_index(draw_source, arms):
    source = draw_source("""
        person_id | arm | start      | days
        1         | AVK | 2022-03-01 | 30
        1         | AVK | 2022-04-01 | 30
        2         | AOD | 2021-05-01 | 30
        2         | AOD | 2022-05-01 | 30
        3         | AOD | 2021-05-01 | 30
        3         | AOD | 2022-05-02 | 30
        4         | AVK | 2023-01-01 | 30
    """)
    made, people = users(source, arms)
    # 2: 365 days after the last one, within the washout; 3: 366 days after it; 4: after the period
    assert redrawn(people, COLUMNS) == rows("""
        person_id | arm | index_date
        1         | AVK | 2022-03-01
        3         | AOD | 2022-05-02
    """)
    assert made.flow[["step", "persons", "excluded"]].to_numpy().tolist() == [
        ["dispensed", 3, 0],
        ["washout", 2, 1],
        ["one_arm", 2, 0],
        ["observed", 2, 0],
    ]


def test_a_dispensing_of_another_arm_breaks_the_washout(draw_source, arms):
    source = draw_source("""
        person_id | arm | start      | days
        1         | AVK | 2021-12-01 | 30
        1         | AOD | 2022-02-01 | 30
    """)
    assert users(source, arms)[1].empty
    assert not users(source, arms, washout_days=61)[1].empty


def test_both_bounds_of_the_inclusion_period_are_in(draw_source, arms):
    source = draw_source("""
        person_id | arm | start      | days
        1         | AVK | 2022-01-01 | 30
        2         | AVK | 2022-12-31 | 30
        3         | AVK | 2021-12-31 | 30
        4         | AVK | 2023-01-01 | 30
    """)
    assert sorted(users(source, arms, washout_days=0)[1]["person_id"]) == [1, 2]


def test_two_arms_on_one_day_are_left_out_and_counted(draw_source, arms):
    source = draw_source("""
        person_id | arm | start      | days
        1         | AVK | 2022-03-01 | 30
        1         | AOD | 2022-03-01 | 30
        2         | AVK | 2022-03-01 | 30
    """)
    made, people = users(source, arms)
    assert list(people["person_id"]) == [2]
    assert made.flow.set_index("step").loc["one_arm", "excluded"] == 1


TWO_STARTS = """
    person_id | arm | start      | days
    1         | AVK | 2022-03-01 | 30
    2         | AVK | 2022-03-01 | 30
"""


def test_who_is_not_observed_on_the_index_day_is_left_out(draw_source, arms):
    seen = """
        person_id | start      | end
        1         | 2022-03-01 | 2023-01-01
        2         | 2020-01-01 | 2022-03-01
    """
    made, people = users(draw_source(TWO_STARTS, observation=seen), arms)
    assert list(people["person_id"]) == [1]
    assert made.flow.set_index("step").loc["observed", "excluded"] == 1


def test_a_restriction_writes_its_own_line(draw_source, arms):
    seen = """
        person_id | start      | end
        1         | 2021-03-01 | 2023-01-01
        2         | 2021-03-02 | 2023-01-01
    """
    made, _ = users(draw_source(TWO_STARTS, observation=seen), arms)
    kept = made.require("un an d'historique", cohort.history_days() >= 365)
    assert kept.flow.iloc[-1].tolist() == ["un an d'historique", 1, 1]
    assert made.persons == 2, "the cohort restricted is a new one"


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"washout_days": -1}, "positive"),
        ({"inclusion": (date(2022, 2, 1), date(2022, 1, 1))}, "finir après"),
    ],
)
def test_choices_that_make_no_sense_are_refused(draw_source, arms, choices, words):
    source = draw_source("person_id | arm | start | days\n1 | AVK | 2022-03-01 | 30")
    with pytest.raises(StudyError, match=words):
        users(source, arms, **choices)


def test_one_arm_is_enough_and_none_is_refused(draw_source, arms):
    source = draw_source("person_id | arm | start | days\n1 | AVK | 2022-03-01 | 30")
    alone = cohort.new_users(source, {"AVK": arms["AVK"]}, inclusion=YEAR_2022)
    assert alone.persons == 1
    with pytest.raises(StudyError, match="aucun groupe"):
        cohort.new_users(source, {}, inclusion=YEAR_2022)


def test_groups_that_share_a_code_are_refused(draw_source, arms):
    source = draw_source("person_id | arm | start | days\n1 | AVK | 2022-03-01 | 30")
    with pytest.raises(StudyError, match="B01AA"):
        cohort.new_users(source, {"A": arms["AVK"], "B": arms["AVK"]}, inclusion=YEAR_2022)


def test_observation_periods_that_overlap_or_touch_are_one(draw_source, arms):
    source = draw_source(
        "person_id | arm | start | days\n1 | AVK | 2022-03-01 | 30",
        observation="""
        person_id | start      | end
        1         | 2020-01-01 | 2022-06-01
        1         | 2021-01-01 | 2023-01-01
        1         | 2023-01-01 | 2023-03-01
        1         | 2023-06-01 | 2024-01-01
        """,
    )
    _, people = users(source, arms)
    assert redrawn(people, ["person_id"]) == [("1",)]
    assert cohort.as_date(people["observed_to"].iloc[0]) == date(2023, 3, 1)


def test_who_died_before_the_dispensing_is_left_out(draw_source, arms):
    source = draw_source(
        """
        person_id | arm | start      | days
        1         | AVK | 2022-03-01 | 30
        2         | AVK | 2022-03-01 | 30
        """,
        deaths="person_id | death_date\n1 | 2022-02-28\n2 | 2022-03-01",
    )
    assert list(users(source, arms)[1]["person_id"]) == [2]
