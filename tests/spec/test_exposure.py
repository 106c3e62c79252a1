"""What a treatment becomes, and how much of the time it is at hand: drawn examples."""

from datetime import date

import pandas as pd
import pytest
from conftest import drawn, redrawn, rows

from studylib import cohort, tables
from studylib.errors import DataMissing, StudyError

YEAR_2022 = (date(2022, 1, 1), date(2022, 12, 31))
HEADER = "person_id | arm | start | days\n"


def users(source, arms):
    return cohort.new_users(source, arms, inclusion=YEAR_2022, washout_days=100)


def test_drugs_in_use_day_by_day(engine):
    spans = drawn("""
        person_id | arm | start      | end
        1         | B   | 2022-01-01 | 2022-02-01
        1         | A   | 2022-01-15 | 2022-03-01
        1         | B   | 2022-02-20 | 2022-03-01
        1         | A   | 2022-06-01 | 2022-06-02
    """)
    found = cohort.concurrent(engine, engine.load(spans, "spans"), arms=["A", "B"])
    columns = ["person_id", "drugs", "number", "start", "end"]
    assert redrawn(engine.collect(found), columns) == rows("""
        person_id | drugs | number | start      | end
        1         | B     | 1      | 2022-01-01 | 2022-01-15
        1         | A + B | 2      | 2022-01-15 | 2022-02-01
        1         | A     | 1      | 2022-02-01 | 2022-02-20
        1         | A + B | 2      | 2022-02-20 | 2022-03-01
        1         | A     | 1      | 2022-06-01 | 2022-06-02
    """)
    with pytest.raises(StudyError, match="une seule fois"):
        cohort.concurrent(engine, engine.load(spans, "spans"), arms=["A", "A"])


def test_switch_add_on_stop_and_short_courses(draw_source, arms):
    source = draw_source(
        HEADER
        + """1 | AVK | 2022-01-01 | 90
        1 | AOD | 2022-03-20 | 90
        2 | AVK | 2022-01-01 | 180
        2 | AOD | 2022-02-01 | 90
        3 | AVK | 2022-01-01 | 90
        4 | AVK | 2022-01-01 | 180
        4 | AOD | 2022-02-01 | 5
        5 | AVK | 2022-01-01 | 720
        5 | AVK | 2023-06-01 | 90
        6 | AVK | 2022-01-01 | 30
        6 | AOD | 2022-03-03 | 30"""
    )
    found = cohort.treatment_changes(users(source, arms), gap_days=30, overlap_days=30)
    shown = source.engine.collect(found)
    shown["start"] = shown["day"]
    assert redrawn(shown, ["person_id", "change", "start"]) == rows("""
        person_id | change | start
        1         | switch | 2022-03-20
        2         | add_on | 2022-02-01
        3         | stop   | 2022-04-01
        4         | stop   | 2022-06-30
        5         | none   | 2024-03-21
        6         | stop   | 2022-01-31
    """)
    # 6: the other began 31 days after the end of supply, on 31 January
    later = source.engine.collect(cohort.treatment_changes(users(source, arms), gap_days=31))
    assert later.set_index("person_id")["change"][6] == "switch"


def test_days_covered_count_each_day_once_and_carry_what_is_early(draw_source, arms):
    source = draw_source(
        HEADER
        + """1 | AVK | 2022-01-01 | 30
        1 | AVK | 2022-01-21 | 30
        2 | AVK | 2022-01-01 | 30
        3 | AVK | 2022-01-01 | 30""",
        deaths="person_id | death_date\n3 | 2022-01-15",
    )
    made = users(source, arms)

    def table(**choices):
        found = source.engine.collect(cohort.days_covered(made, window_days=100, **choices))
        return found.sort_values("person_id")[["covered", "window", "pdc"]].to_numpy().tolist()

    assert table() == [[60, 100, 0.6], [30, 100, 0.3], [15, 15, 1.0]]
    assert table(carry_over=False)[0] == [50, 100, 0.5]


def test_a_discontinuation_is_one_that_was_seen(draw_source, arms):
    source = draw_source(
        HEADER + "\n".join(f"{i} | AVK | 2022-01-01 | 30" for i in range(1, 5))
        + "\n5 | AVK | 2022-01-01 | 400",
        deaths="person_id | death_date\n2 | 2022-02-10\n3 | 2022-03-02",
        observation="person_id | start | end\n"
        + "\n".join(f"{i} | 2020-01-01 | 2024-01-01" for i in (1, 2, 3, 5))
        + "\n4 | 2020-01-01 | 2022-02-15",
    )  # fmt: skip
    found = cohort.persistence(users(source, arms), grace_days=30)
    columns = ["person_id", "exit", "event", "exit_reason"]
    assert redrawn(source.engine.collect(found), columns) == rows("""
        person_id | exit       | event | exit_reason
        1         | 2022-01-31 | True  | outcome
        2         | 2022-01-31 | False | death
        3         | 2022-01-31 | True  | outcome
        4         | 2022-01-31 | False | end_of_observation
        5         | 2023-01-01 | False | end_of_follow_up
    """)


def test_packs_of_a_month_and_of_three(draw_source, arms):
    source = draw_source(HEADER + "1 | AVK | 2022-01-01 | 7\n1 | AVK | 2022-01-01 | 7")
    small = cohort.pack_days(source, arms, large_packs=[])
    large = cohort.pack_days(source, arms, large_packs=["3400999900010"])
    assert [source.engine.collect(t)["days"].tolist() for t in (small, large)] == [[60], [180]]
    with pytest.raises(StudyError, match="un jour au moins"):
        cohort.pack_days(source, arms, large_packs=[], days_per_pack=0)
    with pytest.raises(DataMissing, match="hospital_drugs"):
        cohort.administration_days(source, arms, days_each=7)
    with pytest.raises(StudyError, match="AOD"):
        cohort.administration_days(source, arms, days_each={"AVK": 7})


def test_other_supplies_replace_the_dispensings(draw_source, arms):
    source = draw_source(HEADER + "1 | AVK | 2022-01-01 | 7")
    packs = cohort.pack_days(source, arms, large_packs=["3400999900010"])
    made = cohort.new_users(source, arms, inclusion=YEAR_2022, days=packs)
    spans = source.engine.collect(cohort.episodes(made))
    assert (spans["end"] - spans["start"]).tolist() == [90]


def test_tables_of_persons_are_as_declared(draw_source, arms):
    source = draw_source(HEADER + "1 | AVK | 2022-01-01 | 60\n1 | AOD | 2022-02-01 | 60")
    made = users(source, arms)
    spans = cohort.episodes(made)
    made_of = {
        "EVENTS": source.events(arms["AVK"]),
        "PEOPLE": made.people,
        "EPISODES": spans,
        "SUPPLY": cohort.dispensing_days(source, arms),
        "CONCURRENT": cohort.concurrent(source.engine, spans, arms=list(arms)),
        "TREATMENT_CHANGES": cohort.treatment_changes(made),
        "DAYS_COVERED": cohort.days_covered(made),
        "FOLLOW_UP": cohort.persistence(made),
    }
    for name, table in made_of.items():
        found = source.engine.collect(table)
        assert len(found), name
        tables.check(found, getattr(tables, name))


def test_dose_per_day_is_missing_rather_than_too_low(draw_source, arms):
    source = draw_source(HEADER + "1 | AVK | 2022-01-01 | 30\n1 | AVK | 2022-01-31 | 30")
    made = users(source, arms)
    spans = cohort.episodes(made)

    def dose(**packs):
        per_pack = pd.DataFrame(packs)
        return source.engine.collect(cohort.daily_dose(made, spans, per_pack=per_pack)).iloc[0]

    assert dose(cip13=["3400999900010"], dose=[45.0])["dose_per_day"] == 1.5
    other = dose(cip13=["3400999900027"], dose=[45.0])
    assert (other["unknown"], pd.isna(other["dose_per_day"])) == (2, True)
    with pytest.raises(StudyError, match="deux fois"):
        dose(cip13=["3400999900010"] * 2, dose=[1.0, 2.0])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda c: cohort.days_covered(c, window_days=0), "au moins un"),
        (lambda c: cohort.persistence(c, follow_up_days=0), "au moins un"),
        (lambda c: cohort.treatment_changes(c, overlap_days=-1), "overlap_days"),
        (lambda c: cohort.supplies(c.source.engine, []), "au moins une"),
    ],
)
def test_choices_that_make_no_sense_are_refused(draw_source, arms, call, words):
    source = draw_source(HEADER + "1 | AVK | 2022-01-01 | 30")
    with pytest.raises(StudyError, match=words):
        call(users(source, arms))
