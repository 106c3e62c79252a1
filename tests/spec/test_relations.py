"""Entering by the nth event, by combinations of events, and several times: drawn examples."""

from datetime import date

import pytest
from conftest import redrawn, rows

from studylib import cohort
from studylib.errors import StudyError

YEAR_2022 = (date(2022, 1, 1), date(2022, 12, 31))
ENTRIES = ["person_id", "arm", "index_date"]
EVENTS = ["person_id", "start", "end"]
HEADER = "person_id | arm | start | days\n"


def people(made):
    return made.source.engine.collect(made.people)


def of(source, arms, name):
    return cohort.occurrences(source, arms[name])


def shown(source, events):
    return redrawn(source.engine.collect(events), EVENTS)


def test_the_second_diagnosis_a_month_after_the_first_makes_the_entry(draw_source, bleeding):
    source = draw_source(
        HEADER + "9 | AVK | 2022-01-01 | 30",
        diagnoses="""person_id | start | end
        1 | 2021-12-01 | 2021-12-02
        1 | 2021-12-10 | 2021-12-11
        1 | 2022-02-01 | 2022-02-02
        2 | 2022-02-01 | 2022-02-02
        2 | 2022-02-20 | 2022-02-21
        3 | 2021-01-01 | 2021-01-02
        3 | 2021-06-01 | 2021-06-02""",
    )
    made = cohort.entrants(source, {"cases": bleeding}, inclusion=YEAR_2022, nth=2, apart_days=30)
    # 1: the second is nine days after the first; 2: no other a month later; 3: before inclusion
    assert redrawn(people(made), ENTRIES) == rows("""
        person_id | arm | index_date
        1         | cases | 2022-02-01
    """)
    assert made.flow[["step", "persons"]].to_numpy().tolist() == [
        ["events", 3], ["nth_event", 1], ["one_arm", 1], ["observed", 1],
    ]  # fmt: skip


def test_every_start_is_an_entry_where_it_is_asked_for(draw_source, arms):
    source = draw_source(HEADER + "1 | AVK | 2022-01-10 | 30\n1 | AOD | 2022-09-01 | 30")
    made = cohort.new_users(source, arms, inclusion=YEAR_2022, washout_days=100, repeat=True)
    assert redrawn(people(made), ENTRIES) == rows("""
        person_id | arm | index_date
        1         | AVK | 2022-01-10
        1         | AOD | 2022-09-01
    """)
    assert made.persons == 1
    later = made.require("l'été passé", cohort.history_days() > 800)
    assert (later.persons, later.flow["excluded"].iloc[-1]) == (1, 0), (
        "entries go, the person stays"
    )


def test_repeated_entries_are_followed_one_by_one(draw_source, arms, bleeding):
    source = draw_source(
        HEADER + "1 | AVK | 2022-01-10 | 30\n1 | AOD | 2022-09-01 | 30",
        diagnoses="person_id | start | end\n1 | 2022-09-05 | 2022-09-06",
    )
    made = cohort.new_users(source, arms, inclusion=YEAR_2022, washout_days=100, repeat=True)
    followed = cohort.on_treatment(made, bleeding, until=date(2023, 12, 31))
    columns = ["person_id", "arm", "entry", "exit", "exit_reason"]
    assert redrawn(cohort.collect(made, followed), columns) == rows("""
        person_id | arm | entry      | exit       | exit_reason
        1         | AVK | 2022-01-10 | 2022-02-09 | discontinuation
        1         | AOD | 2022-09-01 | 2022-09-06 | outcome
    """)


def test_a_then_b_within_some_days(draw_source, arms):
    source = draw_source(
        HEADER
        + """1 | AVK | 2022-01-01 | 10
        1 | AOD | 2022-01-31 | 10
        2 | AVK | 2022-01-01 | 10
        2 | AOD | 2022-02-01 | 10
        3 | AVK | 2022-01-01 | 10
        3 | AOD | 2022-01-01 | 20"""
    )
    a, b = of(source, arms, "AVK"), of(source, arms, "AOD")
    engine = source.engine
    both = cohort.followed_by(engine, a, b, within_days=30)
    assert shown(source, both) == rows("""
        person_id | start      | end
        1         | 2022-01-31 | 2022-02-10
        3         | 2022-01-01 | 2022-01-21
    """)
    after = cohort.followed_by(engine, a, b, within_days=31, after_days=1, at="first")
    assert shown(source, after) == rows("""
        person_id | start      | end
        1         | 2022-01-01 | 2022-01-11
        2         | 2022-01-01 | 2022-01-11
    """)


def test_a_without_b(draw_source, arms):
    source = draw_source(
        HEADER
        + """1 | AVK | 2022-03-01 | 10
        1 | AOD | 2022-02-01 | 10
        2 | AVK | 2022-03-01 | 10
        2 | AOD | 2022-03-02 | 10
        3 | AVK | 2022-03-01 | 10"""
    )
    a, b = of(source, arms, "AVK"), of(source, arms, "AOD")

    def kept(**days):
        return [row[0] for row in shown(source, cohort.without(source.engine, a, b, **days))]

    assert kept(days_before=28) == ["2", "3"]
    assert kept(days_before=27) == ["1", "2", "3"]
    assert kept(days_after=1) == ["1", "3"]


def test_a_and_b_at_the_same_time_make_an_entry(draw_source, arms):
    source = draw_source(
        HEADER
        + """1 | AVK | 2022-03-01 | 30
        1 | AOD | 2022-03-20 | 30
        2 | AVK | 2022-03-01 | 30
        2 | AOD | 2022-03-31 | 30"""
    )
    together = cohort.overlapping(source.engine, *(of(source, arms, name) for name in arms))
    assert shown(source, together) == rows("""
        person_id | start      | end
        1         | 2022-03-20 | 2022-03-31
    """)
    made = cohort.entrants(source, {"ensemble": together}, inclusion=YEAR_2022)
    assert redrawn(people(made), ENTRIES) == rows("""
        person_id | arm      | index_date
        1         | ensemble | 2022-03-20
    """)
    with pytest.raises(StudyError, match="événements combinés"):
        cohort.episodes(made)


def test_an_interruption_of_observation_is_bridged_when_allowed(draw_source, arms):
    source = draw_source(
        HEADER + "1 | AVK | 2022-03-01 | 30",
        observation="""person_id | start | end
        1 | 2020-01-01 | 2021-12-01
        1 | 2021-12-31 | 2023-01-01""",
    )

    def history(gap):
        made = cohort.new_users(source, arms, inclusion=YEAR_2022, observation_gap_days=gap)
        return cohort.as_date(people(made)["observed_from"].iloc[0])

    assert history(29) == date(2021, 12, 31)
    assert history(30) == date(2020, 1, 1)


def test_age_at_any_date(draw_source, arms):
    source = draw_source(HEADER + "1 | AVK | 2022-03-01 | 30")
    made = cohort.new_users(source, arms, inclusion=YEAR_2022)
    aged = cohort.age_at(made, date(2021, 12, 31), name="age_2021")
    aged = cohort.age_at(aged, "observed_to", name="last_age")
    aged = cohort.age_at(aged, "death_date", name="age_at_death")
    found = people(aged).iloc[0]
    assert (found["age"], found["age_2021"], found["last_age"]) == (72, 71, 74)
    assert people(aged)["age_at_death"].isna().all()
    with pytest.raises(StudyError, match="cette colonne"):
        cohort.age_at(made, "mariage", name="x")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda e, a: cohort.nth_event(e, a, 0), "rang"),
        (lambda e, a: cohort.followed_by(e, a, a, within_days=-1), "délais"),
        (lambda e, a: cohort.followed_by(e, a, a, within_days=1, at="last"), "first ou second"),
        (lambda e, a: cohort.without(e, a, a, days_before=-1), "positifs"),
        (lambda e, a: cohort.overlapping(e, a, a, min_days=0), "au moins un"),
    ],
)
def test_relations_that_make_no_sense_are_refused(draw_source, arms, call, words):
    source = draw_source(HEADER + "1 | AVK | 2022-03-01 | 30")
    with pytest.raises(StudyError, match=words):
        call(source.engine, of(source, arms, "AVK"))


def test_entries_that_make_no_sense_are_refused(draw_source, bleeding):
    source = draw_source(HEADER + "1 | AVK | 2022-03-01 | 30")
    with pytest.raises(StudyError, match="aucun groupe"):
        cohort.entrants(source, {}, inclusion=YEAR_2022)
    with pytest.raises(StudyError, match="finir après"):
        cohort.entrants(source, {"x": bleeding}, inclusion=YEAR_2022[::-1])
