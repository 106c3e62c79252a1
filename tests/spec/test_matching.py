"""Who is matched to whom: drawn examples."""

from datetime import date

import pytest
from conftest import drawn

from studylib import cohort, sources
from studylib.errors import EstimationError, StudyError

YEAR_2022 = (date(2022, 1, 1), date(2022, 12, 31))
BOXES = """
    person_id | arm | start      | days
    1         | AVK | 2022-03-01 | 30
    2         | AVK | 2022-05-01 | 30
"""


@pytest.fixture
def cases(draw_source, arms):
    """Persons 1 and 2, who enter in March and May, among others drawn as who, sex, birth, death."""

    def build(others, boxes=BOXES):
        source = draw_source(boxes)
        persons = drawn(
            "person_id | sex | birth_date | death_date\n"
            "1 | F | 1950-06-01 | -\n2 | F | 1950-07-01 | -\n" + others
        ).assign(region="11")
        persons["death_date"] = persons["death_date"].astype("Int64")
        seen = persons[["person_id"]].assign(start=18262, end=19723)
        tables = {"persons": persons, "observation": seen}
        frames = {name: source.engine.load(frame, name) for name, frame in tables.items()}
        made = sources.source.Source(
            "tables", source.engine, {**source.tables, **frames}, source.days, ("11",), "", True
        )
        return cohort.new_users(made, arms, inclusion=YEAR_2022)

    return build


def pairs(made):
    """match_set → the comparators' numbers."""
    table = made.source.engine.collect(made.people)
    comparators = table[table["arm"] == "comparator"]
    grouped = comparators.groupby("match_set")["person_id"]
    return {case: sorted(found) for case, found in grouped}


def test_comparators_are_alike_alive_and_not_exposed(cases):
    made = cases("""3 | M | 1950-01-01 | -
        4 | F | 1951-01-01 | -
        5 | F | 1950-01-01 | 2022-02-28
        6 | F | 1950-12-31 | 2022-03-01
        7 | F | 1950-01-01 | -""")
    # 2 is at risk until her own entry, in May: she is a comparator of 1 before being a case
    matched = cohort.matched(made, ratio=3)
    assert pairs(matched) == {1: [2, 6, 7]}
    assert matched.flow[["step", "persons"]].to_numpy().tolist()[-2:] == [
        ["matched", 1],
        ["comparators", 4],
    ]
    table = matched.source.engine.collect(matched.people)
    assert set(table.loc[table["match_set"] == 1, "index_date"]) == {19052}


def test_the_order_decides_and_a_person_serves_once(cases):
    others = "\n".join(f"{i} | F | 1950-01-01 | -" for i in (10, 11, 12))
    made = cases(others)
    # the circle is 1, 2, 10, 11, 12; case 1 begins at place 0, case 2 at place 1
    assert pairs(cohort.matched(made)) == {1: [2], 2: [10]}
    assert pairs(cohort.matched(made, ratio=2)) == {1: [2, 10], 2: [11, 12]}
    assert pairs(cohort.matched(made, ratio=2, replacement=True)) == {1: [2, 10], 2: [10, 11]}
    # four are wanted, and 1 takes those she can before 2
    assert pairs(cohort.matched(made, ratio=4)) == {1: [2, 10, 11, 12]}
    assert pairs(cohort.matched(made, ratio=4, complete=True)) == {1: [2, 10, 11, 12]}


def test_a_seed_gives_another_order_and_always_the_same(cases):
    others = "\n".join(f"{i} | F | 1950-01-01 | -" for i in range(10, 40))
    made = cases(others)
    found = [pairs(cohort.matched(made, ratio=2, seed=seed)) for seed in (1, 1, 2)]
    assert found[0] == found[1] != found[2]


def test_a_band_of_birth_years_and_a_pool(cases):
    made = cases("7 | F | 1954-01-01 | -\n8 | F | 1955-01-01 | -\n9 | F | 1953-01-01 | -")
    assert pairs(cohort.matched(made, ratio=5, birth_band_years=5)) == {1: [2, 7, 9]}
    pool = made.source.table("persons").filter(~cohort.flag("person_id").is_in([2, 7]))
    chosen = cohort.matched(made, ratio=5, birth_band_years=5, pool=pool)
    assert pairs(chosen) == {1: [9]}
    anyone = cohort.matched(made, ratio=5, birth_band_years=None, pool=pool)
    assert pairs(anyone) == {1: [8, 9]}


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"ratio": 0}, "un ou plus"),
        ({"on": ["sex", "sex"]}, "une fois chacune"),
        ({"on": ["height"]}, "height"),
        ({"arm": "AVK"}, "existe déjà"),
    ],
)
def test_choices_that_make_no_sense_are_refused(cases, choices, words):
    with pytest.raises(StudyError, match=words):
        cohort.matched(cases("7 | F | 1950-01-01 | -"), **choices)


BOXES_OF_FOUR = (
    BOXES
    + """
    7         | AVK | 2021-06-01 | 30
    8         | AOD | 2022-04-10 | 30
"""
)
OTHERS = """3 | F | 1952-01-01 | -
    4 | F | 1950-01-01 | -
    6 | F | 1950-01-01 | 2022-02-28
    7 | F | 1950-01-01 | -
    8 | F | 1950-01-01 | -
    10 | M | 1950-01-01 | -"""


def test_non_users_are_drawn_before_anything_is_known_of_them(cases, bleeding):
    # Seed 0 sets 2, 3, 6, 7, 8 and 10 aside, half of the persons: 2 is then no user, though she
    # starts in May, and 4 may not serve. Of those set aside, 6 is dead on 1 March, 7 was treated in
    # 2021, 10 is a man; 2, 3 and 8 serve, 2 and 8 until they start.
    users = cases(OTHERS, BOXES_OF_FOUR)
    both = cohort.with_non_users(users, arm="Aucun", per_user=5, drawn_share=0.5)
    table = both.source.engine.collect(both.people).set_index("person_id")
    assert both.key == ("person_id",)
    assert table["arm"].to_dict() == {1: "AVK", 2: "Aucun", 3: "Aucun", 8: "Aucun"}
    assert set(table["index_date"]) == {cohort.day(date(2022, 3, 1))}
    steps = both.flow.set_index("step")["persons"]
    assert steps[["set_aside", "matched", "comparators"]].tolist() == [1, 1, 4]
    until = date(2023, 12, 31)
    followed = cohort.on_treatment(both, bleeding, follow_up_days=100, until=until)
    ends = both.source.engine.collect(followed).set_index("person_id")
    assert ends["exit_reason"].to_dict() == {
        1: "discontinuation",
        2: "switch",
        3: "end_of_follow_up",
        8: "switch",
    }
    assert (ends["exit"] - ends["entry"]).to_dict() == {1: 30, 2: 62, 3: 100, 8: 41}
    intended = cohort.intention_to_treat(both, bleeding, follow_up_days=100, until=until)
    assert set(both.source.engine.collect(intended)["exit_reason"]) == {"end_of_follow_up"}


@pytest.mark.parametrize("share", [0, -0.1, 0.51, float("nan")])
def test_a_share_that_cannot_be_set_aside_is_refused(cases, share):
    with pytest.raises(StudyError, match="part"):
        cohort.with_non_users(cases(OTHERS), arm="Aucun", drawn_share=share)


def test_nobody_alike_among_those_set_aside_is_said(cases):
    # nobody has been observed for 5,000 days
    with pytest.raises(EstimationError, match="augmenter cette part"):
        cohort.with_non_users(cases(OTHERS), arm="Aucun", drawn_share=0.5, history_days=5000)
