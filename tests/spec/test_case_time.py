"""Cases and their observed time, and first uses of two treatments: drawn examples."""

from datetime import date

import pytest
from conftest import rows

from studylib import cohort
from studylib.errors import StudyError

ONE = "person_id | arm | start | days\n1 | AVK | 2022-02-01 | 30"
YEAR = (date(2022, 1, 1), date(2022, 12, 31))


def shown(frame, columns, days=()):
    """The rows as text, in order, days as dates and missing values as ``-``."""
    table = frame[columns].astype(object).where(frame[columns].notna(), "-")
    for name in days:
        table[name] = [v if v == "-" else cohort.as_date(int(v)).isoformat() for v in table[name]]
    return sorted(tuple(map(str, row)) for row in table.itertuples(index=False))


def cases(source, arms, bleeding, **choices):
    return cohort.case_time(source, {"AVK": arms["AVK"]}, bleeding, **{"period": YEAR} | choices)


def test_a_case_has_an_event_in_the_period_and_keeps_its_observed_time_there(
    draw_source, arms, bleeding
):
    """1 and 2 in the period, 2 seen to June; 3 bled before it, 4 the day before it, 5 last day."""
    source = draw_source(
        """
        person_id | arm | start      | days
        1         | AVK | 2022-02-01 | 30
        1         | AOD | 2022-05-01 | 30
        3         | AVK | 2022-02-01 | 30
        """,
        diagnoses="""
        person_id | start      | end
        1         | 2022-03-01 | 2022-03-04
        2         | 2022-04-01 | 2022-04-02
        3         | 2020-03-01 | 2020-03-04
        4         | 2021-12-31 | 2022-01-04
        5         | 2022-12-31 | 2023-01-02
        """,
        observation="""
        person_id | start      | end
        1         | 2020-01-01 | 2024-01-01
        2         | 2021-01-01 | 2022-06-01
        3         | 2020-01-01 | 2024-01-01
        4         | 2020-01-01 | 2024-01-01
        5         | 2022-06-01 | 2024-01-01
        """,
    )
    found = cases(source, arms, bleeding)
    assert shown(
        found.cases, ["person_id", "start", "end", "ended_early"], ["start", "end"]
    ) == rows("""
        person_id | start      | end        | ended_early
        1         | 2022-01-01 | 2023-01-01 | False
        2         | 2022-01-01 | 2022-06-01 | True
        5         | 2022-06-01 | 2023-01-01 | False
    """)
    assert shown(found.events, ["person_id", "day"], ["day"]) == rows("""
        person_id | day
        1         | 2022-03-01
        2         | 2022-04-01
        5         | 2022-12-31
    """)
    columns = ["person_id", "drug", "start", "end"]
    assert shown(found.exposures, columns, columns[2:]) == rows("""
        person_id | drug | start      | end
        1         | AVK  | 2022-02-01 | 2022-03-03
    """)
    assert found.observed_persons.to_dict() == {"11": 5}
    longer = cases(source, arms, bleeding, exposure_days=10).exposures
    assert (longer["end"] - longer["start"]).tolist() == [10]


def test_a_stay_soon_after_another_goes_on_with_it(draw_source, arms, bleeding):
    """Days 1, 20 and 45 of March on: each within 30 days of the one before; then 31 days later."""
    source = draw_source(
        ONE,
        diagnoses="""
        person_id | start      | end
        1         | 2022-03-01 | 2022-03-04
        1         | 2022-03-20 | 2022-03-21
        1         | 2022-04-14 | 2022-04-15
        1         | 2022-05-15 | 2022-05-16
        """,
    )
    events = cases(source, arms, bleeding).events
    assert shown(events, ["day"], ["day"]) == [("2022-03-01",), ("2022-05-15",)]
    assert len(cases(source, arms, bleeding, same_event_days=0).events) == 4


def test_time_is_the_stretch_that_holds_the_first_event(draw_source, arms, bleeding):
    source = draw_source(
        ONE,
        diagnoses="""
        person_id | start      | end
        1         | 2022-08-01 | 2022-08-02
        """,
        observation="""
        person_id | start      | end
        1         | 2022-01-01 | 2022-03-01
        1         | 2022-06-01 | 2024-01-01
        """,
    )
    found = cases(source, arms, bleeding).cases
    assert shown(found, ["start", "end"], ["start", "end"]) == [("2022-06-01", "2023-01-01")]
    bridged = cases(source, arms, bleeding, observation_gap_days=100).cases
    assert shown(bridged, ["start"], ["start"]) == [("2022-01-01",)]


def test_time_ends_with_death_whatever_the_source_still_observes(draw_source, arms, bleeding):
    """1 dies in the period, 2 on the day of the event, 3 on the last day, 4 after it; 5 died before
    it and has a stay all the same, 6 is dead when its stay comes."""
    died = {1: "02-20", 2: "03-01", 3: "12-31"}
    source = draw_source(
        ONE,
        diagnoses="person_id | start | end\n"
        + "\n".join(f"{person} | 2022-02-10 | 2022-02-15" for person in (1, 3, 4, 5))
        + "\n2 | 2022-03-01 | 2022-03-01\n6 | 2022-06-01 | 2022-06-02",
        deaths="person_id | death_date\n"
        + "\n".join(f"{person} | 2022-{day}" for person, day in died.items())
        + "\n4 | 2023-05-01\n5 | 2021-06-01\n6 | 2022-05-01",
    )
    found = cases(source, arms, bleeding)
    columns = ["person_id", "start", "end", "ended_early"]
    assert shown(found.cases, columns, columns[1:3]) == rows("""
        person_id | start      | end        | ended_early
        1         | 2022-01-01 | 2022-02-21 | True
        2         | 2022-01-01 | 2022-03-02 | True
        3         | 2022-01-01 | 2023-01-01 | False
        4         | 2022-01-01 | 2023-01-01 | False
    """)
    assert sorted(found.events["person_id"]) == [1, 2, 3, 4]
    assert found.observed_persons.to_dict() == {"11": 5}


def test_regions_have_their_own_cases_and_the_whole_comes_last(draw_source, arms, bleeding):
    source = draw_source(
        ONE,
        diagnoses="person_id | start | end\n1 | 2022-08-01 | 2022-08-02",
    )
    found = cases(source, arms, bleeding)
    assert list(found.by_region({"11": "Île-de-France"}, "Ensemble")) == ["Île-de-France"]
    both = found.by_region({"11": "Île-de-France", "84": "Auvergne"}, "Ensemble")
    assert {name: len(part.cases) for name, part in both.items()} == {
        "Île-de-France": 1,
        "Auvergne": 0,
        "Ensemble": 1,
    }


def test_a_first_use_is_the_first_of_all_after_the_run_in(draw_source, arms):
    """1 begins both; 2 took AVK in the run-in: prevalent; 3's first AOD is before the period; 4
    begins AVK exactly a year after being seen, 5 a day too early."""
    source = draw_source(
        """
        person_id | arm | start      | days
        1         | AVK | 2022-03-01 | 30
        1         | AVK | 2022-06-01 | 30
        1         | AOD | 2022-05-01 | 30
        2         | AVK | 2020-03-01 | 30
        2         | AVK | 2022-03-01 | 30
        2         | AOD | 2022-04-01 | 30
        3         | AOD | 2021-03-01 | 30
        4         | AVK | 2022-07-01 | 30
        5         | AVK | 2022-06-30 | 30
        """,
        observation="""
        person_id | start      | end
        1         | 2020-01-01 | 2024-01-01
        2         | 2020-01-01 | 2024-01-01
        3         | 2020-01-01 | 2024-01-01
        4         | 2021-07-01 | 2024-01-01
        5         | 2021-07-01 | 2024-01-01
        """,
    )
    found = cohort.first_uses(source, arms["AVK"], arms["AOD"], run_in_days=365, period=YEAR)
    columns = ["person_id", "index_day", "marker_day"]
    assert shown(found, columns, columns[1:]) == rows("""
        person_id | index_day  | marker_day
        1         | 2022-03-01 | 2022-05-01
        2         | -          | 2022-04-01
        4         | 2022-07-01 | -
    """)
    everything = cohort.first_uses(source, arms["AVK"], arms["AOD"], run_in_days=0)
    assert len(everything) == 5


def test_a_first_use_counts_the_years_observed_one_after_another(draw_source, arms):
    """1's years touch; 2 was away a month, 3 a day, before AVK; 4's years overlap."""
    source = draw_source(
        "person_id | arm | start | days\n"
        + "\n".join(f"{person} | AVK | 2022-03-01 | 30" for person in (1, 2, 3, 4)),
        observation="""
        person_id | start      | end
        1         | 2020-01-01 | 2021-01-01
        1         | 2021-01-01 | 2022-01-01
        1         | 2022-01-01 | 2024-01-01
        2         | 2020-01-01 | 2021-12-01
        2         | 2022-01-01 | 2024-01-01
        3         | 2020-01-01 | 2021-12-31
        3         | 2022-01-01 | 2024-01-01
        4         | 2020-01-01 | 2022-02-01
        4         | 2022-01-01 | 2024-01-01
        """,
    )

    def begun(**choices):
        found = cohort.first_uses(source, arms["AVK"], arms["AOD"], period=YEAR, **choices)
        return found["person_id"].tolist()

    assert begun() == [1, 4]
    assert begun(observation_gap_days=1) == [1, 3, 4]
    assert begun(run_in_days=59) == [1, 2, 3, 4]


def test_choices_that_cannot_be(draw_source, arms, bleeding):
    source = draw_source(ONE)
    with pytest.raises(StudyError, match="0 ou plus"):
        cohort.first_uses(source, arms["AVK"], arms["AOD"], run_in_days=-1)
    with pytest.raises(StudyError, match="positif ou nul"):
        cases(source, arms, bleeding, same_event_days=-1)
