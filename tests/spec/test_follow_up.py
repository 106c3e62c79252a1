"""When time at risk ends, and why: drawn examples."""

from datetime import date

import pandas as pd
import pytest
from conftest import redrawn, rows

from studylib import cohort
from studylib.cohort.ages import with_age
from studylib.errors import EstimationError, StudyError

YEAR_2022 = (date(2022, 1, 1), date(2022, 12, 31))
COLUMNS = ["person_id", "entry", "exit", "event", "exit_reason"]
END = date(2023, 12, 31)


def followed(source, arms, bleeding, design="on_treatment", **choices):
    users = cohort.new_users(source, arms, inclusion=YEAR_2022)
    make = getattr(cohort, design)
    return cohort.collect(users, make(users, bleeding, **{"until": END} | choices))


def continuous(person: int, arm: str = "AVK", months: int = 12) -> str:
    """Dispensings of 31 days on the first of each month of 2022."""
    return "\n".join(f"{person} | {arm} | 2022-{m:02d}-01 | 31" for m in range(1, months + 1))


HEADER = "person_id | arm | start | days\n"


def test_each_way_of_leaving(draw_source, arms, bleeding):
    source = draw_source(
        HEADER
        + "\n".join(
            [
                continuous(1),  # stays until the horizon
                continuous(2, months=2),  # stops: covered to 2022-03-04 with stock
                continuous(3),
                "3 | AOD | 2022-04-10 | 30",  # switches
                continuous(4),  # dies
                continuous(5),  # bleeds
                continuous(6),  # leaves observation
            ]
        ),
        diagnoses="person_id | start | end\n5 | 2022-05-10 | 2022-05-15",
        deaths="person_id | death_date\n4 | 2022-06-10",
        observation="person_id | start | end\n"
        + "\n".join(f"{i} | 2020-01-01 | 2024-01-01" for i in range(1, 6))
        + "\n6 | 2020-01-01 | 2022-07-01",
    )
    found = followed(source, arms, bleeding, follow_up_days=300)
    assert redrawn(found, COLUMNS) == rows("""
        person_id | entry      | exit       | event | exit_reason
        1         | 2022-01-01 | 2022-10-28 | False | end_of_follow_up
        2         | 2022-01-01 | 2022-03-04 | False | discontinuation
        3         | 2022-01-01 | 2022-04-11 | False | switch
        4         | 2022-01-01 | 2022-06-11 | False | death
        5         | 2022-01-01 | 2022-05-11 | True  | outcome
        6         | 2022-01-01 | 2022-07-01 | False | end_of_observation
    """)


def test_intention_to_treat_forgets_the_treatment(draw_source, arms, bleeding):
    source = draw_source(
        HEADER + continuous(1, months=1) + "\n" + continuous(2) + "\n2 | AOD | 2022-02-10 | 30",
        diagnoses="person_id | start | end\n1 | 2022-08-01 | 2022-08-05",
    )
    found = followed(source, arms, bleeding, "intention_to_treat", follow_up_days=365)
    assert redrawn(found, COLUMNS) == rows("""
        person_id | entry      | exit       | event | exit_reason
        1         | 2022-01-01 | 2022-08-02 | True  | outcome
        2         | 2022-01-01 | 2023-01-01 | False | end_of_follow_up
    """)


def test_an_outcome_on_the_day_of_death_is_an_outcome(draw_source, arms, bleeding):
    source = draw_source(
        HEADER + continuous(1),
        diagnoses="person_id | start | end\n1 | 2022-03-01 | 2022-03-01",
        deaths="person_id | death_date\n1 | 2022-03-01",
    )
    found = followed(source, arms, bleeding)
    assert found[["event", "exit_reason"]].to_numpy().tolist() == [[True, "outcome"]]


def test_an_outcome_on_the_day_of_a_switch_belongs_to_the_arm_in_use(draw_source, arms, bleeding):
    source = draw_source(
        HEADER + continuous(1) + "\n" + continuous(2) + "\n1 | AOD | 2022-03-05 | 30"
        "\n2 | AOD | 2022-03-05 | 30",
        diagnoses="""person_id | start | end
        1 | 2022-03-05 | 2022-03-09
        2 | 2022-03-06 | 2022-03-09""",
    )
    found = followed(source, arms, bleeding).set_index("person_id")
    assert found["exit_reason"].to_dict() == {1: "outcome", 2: "switch"}


def test_an_outcome_before_index_is_not_counted(draw_source, arms, bleeding):
    source = draw_source(
        HEADER + continuous(1),
        diagnoses="person_id | start | end\n1 | 2021-12-31 | 2022-01-02",
    )
    assert not followed(source, arms, bleeding)["event"].any()


def test_only_the_positions_asked_for_count(draw_source, arms, bleeding):
    source = draw_source(
        HEADER + continuous(1),
        diagnoses="person_id | start | end | position\n1 | 2022-03-05 | 2022-03-09 | DAS",
    )
    assert not followed(source, arms, bleeding, positions=["DP"])["event"].any()
    assert followed(source, arms, bleeding, positions=["DP", "DAS"])["event"].all()


def test_the_last_day_of_the_study_is_at_risk(draw_source, arms, bleeding):
    source = draw_source(
        HEADER + continuous(1),
        diagnoses="person_id | start | end\n1 | 2022-06-30 | 2022-07-03",
    )
    assert followed(source, arms, bleeding, until=date(2022, 6, 30))["event"].all()
    assert not followed(source, arms, bleeding, until=date(2022, 6, 29))["event"].any()


def test_a_follow_up_of_no_day_is_refused(draw_source, arms, bleeding):
    source = draw_source(HEADER + continuous(1))
    with pytest.raises(StudyError, match="au moins un"):
        followed(source, arms, bleeding, follow_up_days=0)


def test_an_empty_cohort_says_after_which_step(draw_source, arms, bleeding):
    source = draw_source(HEADER + continuous(1))
    users = cohort.new_users(source, arms, inclusion=YEAR_2022).require(
        "120 ans ou plus", cohort.age() >= 120
    )
    with pytest.raises(EstimationError, match="120 ans ou plus"):
        cohort.collect(users, cohort.on_treatment(users, bleeding, until=END))


def test_person_time_that_does_not_hold_is_named():
    wrong = pd.DataFrame(
        {
            "person_id": [1, 1, 2],
            "arm": ["A", "A", "B"],
            "entry": [0, 0, 10],
            "exit": [5, 6, 10],
            "event": [True, False, False],
            "exit_reason": ["death", "death", "left"],
        }
    )
    result = cohort.check_person_time(wrong)
    assert result.passed is False
    assert result.table.set_index("fault")["persons"].to_dict() == {
        "personnes comptées deux fois": 1,
        "sortie non postérieure à l'entrée": 1,
        "événement sans son motif, ou motif sans événement": 1,
        "motif de sortie inconnu": 1,
        "valeur manquante": 0,
    }


def test_covariates_look_strictly_before_index(draw_source, arms, bleeding):
    source = draw_source(
        HEADER + "\n".join(f"{i} | AVK | 2022-03-01 | 30" for i in range(1, 6)),
        diagnoses="""person_id | start | end
        1 | 2022-03-01 | 2022-03-05
        2 | 2022-02-28 | 2022-03-05
        3 | 2021-02-20 | 2021-03-01
        4 | 2021-02-20 | 2021-03-02""",
    )
    users = cohort.new_users(source, arms, inclusion=YEAR_2022)
    described = cohort.with_covariates(users, {"bled": bleeding}, lookback_days=365)
    people = source.engine.collect(described.people).set_index("person_id")
    # 1: on the index day; 2: the day before; 3: over a day too early; 4: covers day -365; 5: none
    assert people["bled"].to_dict() == {1: False, 2: True, 3: False, 4: True, 5: False}
    assert set(people["age"]) == {72.0}


BIRTHDAYS = [
    ("2004-03-01", "2022-03-01", 18),
    ("2004-03-02", "2022-03-01", 17),
    ("2004-02-29", "2022-02-28", 17),
    ("2004-02-29", "2022-03-01", 18),
    ("1957-06-01", "2022-06-01", 65),
    ("2021-12-31", "2022-01-01", 0),
    ("1899-12-31", "2022-12-31", 123),
]


@pytest.mark.parametrize(("birth", "index", "years"), BIRTHDAYS)
def test_age_is_that_of_the_calendar(engine, birth, index, years):
    dates = {"birth_date": [birth], "index_date": [index]}
    frame = pd.DataFrame(
        {
            name: [cohort.day(date.fromisoformat(v)) for v in values]
            for name, values in dates.items()
        }
    )
    found = engine.collect(with_age(engine.load(frame, "ages")))
    assert found["age"].tolist() == [years]


def test_baseline_by_hand(draw_source, arms, bleeding):
    source = draw_source(
        HEADER
        + "\n".join(f"{i} | AVK | 2022-03-01 | 30" for i in range(1, 5))
        + "\n"
        + "\n".join(f"{i} | AOD | 2022-03-01 | 30" for i in range(5, 9)),
        diagnoses="person_id | start | end\n"
        + "\n".join(f"{i} | 2022-01-01 | 2022-01-05" for i in (1, 2, 3, 5)),
    )
    users = cohort.with_covariates(
        cohort.new_users(source, arms, inclusion=YEAR_2022), {"bled": bleeding}
    )
    row = cohort.baseline(users, ["bled"], reference="AVK").iloc[0]
    assert (row["arm_count"], row["reference_count"]) == (1, 3)
    # shares 1/4 and 3/4, variances 3/16 each: (0.25 - 0.75) / sqrt(3/16)
    assert row["smd"] == pytest.approx(-0.5 / (3 / 16) ** 0.5)


def test_a_dispensing_without_a_known_supply_covers_its_day(draw_source, arms, bleeding):
    source = draw_source(HEADER + "1 | AVK | 2022-03-01 | 0")
    found = followed(source, arms, bleeding)
    assert redrawn(found, COLUMNS) == rows("""
        person_id | entry      | exit       | event | exit_reason
        1         | 2022-03-01 | 2022-03-02 | False | discontinuation
    """)
