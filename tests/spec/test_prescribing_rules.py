"""When a prescribing rule holds: drawn examples. Intervals are half-open, days are whole."""

from dataclasses import replace
from datetime import date

import narwhals as nw
import pandas as pd
import pytest
from conftest import redrawn, rows
from drawn_use import YEAR, listed, use_source

from studylib import cohort, usage
from studylib.cohort import day
from studylib.errors import EstimationError
from studylib.usage import rules
from studylib.usage.rules import Rule, RuleSet

HEADER = "person_id | drug | start | days\n"


def rule(drugs, **choices):
    made = {"id": "r", "label": "r", "category": "c", "level": "inappropriate", "source": "tests"}
    return Rule(**{**made, **choices}, drugs=drugs)


def found(engine, drawn_table, *given, grace_days=0, history_days=365, doses=None, **tables):
    source = use_source(engine, HEADER + drawn_table if "|" in drawn_table else HEADER, **tables)
    return findings(source, *given, grace_days=grace_days, history_days=history_days, doses=doses)


def findings(source, *given, grace_days=0, history_days=365, doses=None):
    people = cohort.population(source, period=YEAR, age_cuts=[65, 75])
    many = RuleSet("drawn", "drawn", "2026-01-01", "", "", tuple(given))
    return rules.evaluate(
        source, people, many, period=YEAR, history_days=history_days, grace_days=grace_days,
        carry_over=True, doses=doses,
    )  # fmt: skip


def flagged(made):
    """person_id, first_day (as start), days of each flag."""
    table = made.source.engine.collect(made.flags)
    table["start"] = table["first_day"]
    return redrawn(table, ["rule", "person_id", "start", "days"])


BZD = listed("N05BA")


def test_a_duration_is_reached_on_its_last_day(engine):
    """28 days asked. Person 2 has 27; person 3 reaches the 28th day on the period's first day;
    person 4 only on the day after the period; person 5 has them without a break in two boxes."""
    made = found(
        engine,
        """1 | bzd | 2022-03-01 | 28
        2 | bzd | 2022-03-01 | 27
        3 | bzd | 2021-12-05 | 28
        4 | bzd | 2022-12-05 | 60
        5 | bzd | 2022-03-01 | 14
        5 | bzd | 2022-03-15 | 14""",
        rule(BZD, minimum_days=28),
    )
    assert flagged(made) == rows("""
        rule | person_id | start      | days
        r    | 1         | 2022-03-28 | 1
        r    | 3         | 2022-01-01 | 1
        r    | 5         | 2022-03-28 | 1
    """)


def test_a_run_goes_on_over_a_gap_of_the_grace_period_and_over_substances(engine):
    table = """1 | bzd | 2022-03-01 | 14
        1 | N05BA06 | 2022-03-20 | 14
        2 | bzd | 2022-03-01 | 14
        2 | N05BA06 | 2022-03-21 | 14"""
    made = found(engine, table, rule(BZD, minimum_days=28), grace_days=5)
    assert flagged(made) == rows("""
        rule | person_id | start      | days
        r    | 1         | 2022-03-28 | 6
    """)


def test_an_association_counts_the_days_in_common_within_the_period(engine):
    """Person 1 has both on 1 to 10 March (10 days); 2 has them end to end, no day in common;
    3 shares nine days; 4 shares twenty but only five in the period."""
    made = found(
        engine,
        """1 | nsaid | 2022-02-20 | 19
        1 | aod | 2022-03-01 | 30
        2 | nsaid | 2022-02-01 | 28
        2 | aod | 2022-03-01 | 30
        3 | nsaid | 2022-03-01 | 9
        3 | aod | 2022-03-01 | 30
        4 | nsaid | 2021-12-17 | 20
        4 | aod | 2021-12-17 | 30""",
        rule(listed("M01A"), together=(listed("B01AF", "B01AA"),), overlap_days=10),
        rule(listed("M01A"), together=(listed("B01AF", "B01AA"),), overlap_days=5, id="five"),
    )
    assert flagged(made) == rows("""
        rule | person_id | start      | days
        five | 1         | 2022-03-01 | 10
        five | 3         | 2022-03-01 | 9
        five | 4         | 2022-01-01 | 5
        r    | 1         | 2022-03-01 | 10
    """)


def test_three_drugs_must_be_in_use_on_the_same_days(engine):
    made = found(
        engine,
        """1 | nsaid | 2022-03-01 | 20
        1 | diuretic | 2022-03-05 | 20
        1 | ace | 2022-03-10 | 60
        2 | nsaid | 2022-03-01 | 20
        2 | diuretic | 2022-03-05 | 5
        2 | ace | 2022-03-10 | 60""",
        rule(listed("M01A"), together=(listed("C03"), listed("C09"))),
    )
    assert flagged(made) == rows("""
        rule | person_id | start      | days
        r    | 1         | 2022-03-10 | 11
    """)


def test_two_substances_of_one_list_at_once(engine):
    """Two boxes of one substance are one; person 2 changes of substance without a day of both."""
    made = found(
        engine,
        """1 | bzd | 2022-03-01 | 30
        1 | N05BA06 | 2022-03-11 | 30
        2 | bzd | 2022-03-01 | 30
        2 | N05BA06 | 2022-03-31 | 30
        3 | bzd | 2022-03-01 | 30
        3 | bzd | 2022-03-01 | 30""",
        rule(BZD, substances=2),
    )
    assert flagged(made) == rows("""
        rule | person_id | start      | days
        r    | 1         | 2022-03-11 | 20
    """)


def test_a_protecting_drug_of_one_day_is_enough(engine):
    """Person 2 has it on the last day of the run, 3 the day after, 4 before the period only."""
    made = found(
        engine,
        """1 | nsaid | 2022-03-01 | 10
        2 | nsaid | 2022-03-01 | 10
        2 | ppi | 2022-03-10 | 28
        3 | nsaid | 2022-03-01 | 10
        3 | ppi | 2022-03-11 | 28
        4 | nsaid | 2021-12-20 | 20
        4 | ppi | 2021-12-20 | 12""",
        rule(listed("M01A"), without=listed("A02BC")),
    )
    assert flagged(made) == rows("""
        rule | person_id | start      | days
        r    | 1         | 2022-03-01 | 10
        r    | 3         | 2022-03-01 | 10
        r    | 4         | 2022-01-01 | 8
    """)


def test_what_should_be_there_and_is_not(engine):
    """Coronary disease in the 100 days before 2022: 1 has no statin, 2 had one that ended in 2021,
    3 has one on 31 December, 4's diagnosis is too old by a day, 5 was not observed all year."""
    made = found(
        engine,
        """1 | bzd | 2022-03-01 | 10
        2 | statin | 2021-12-22 | 10
        3 | statin | 2022-12-31 | 30""",
        rule(
            listed("C10AA"), exposure="missing", lookback_days=100,
            present=(listed("I25", system="CIM-10"),),
        ),
        diagnoses="""stay_id | person_id | code | position | start | end
        1 | 1 | I251 | DP  | 2021-11-01 | 2021-11-05
        2 | 2 | I251 | DAS | 2021-09-20 | 2021-09-24
        3 | 3 | I251 | DP  | 2021-11-01 | 2021-11-05
        4 | 4 | I251 | DP  | 2021-09-20 | 2021-09-23
        5 | 5 | I251 | DP  | 2021-11-01 | 2021-11-05
        6 | 6 | I251 | DP  | 2022-01-01 | 2022-01-05""",
        persons="""person_id | sex | birth_date | region
        5 | F | 1940-06-01 | 11""",
        observation="""person_id | start | end
        1 | 2020-01-01 | 2024-01-01
        2 | 2020-01-01 | 2024-01-01
        3 | 2020-01-01 | 2024-01-01
        4 | 2020-01-01 | 2024-01-01
        5 | 2020-01-01 | 2022-12-31
        6 | 2020-01-01 | 2024-01-01""",
    )  # fmt: skip
    assert flagged(made) == rows("""
        rule | person_id | start      | days
        r    | 1         | 2022-01-01 | 365
        r    | 2         | 2022-01-01 | 365
    """)


def test_age_is_that_of_the_first_day_observed(engine):
    """75 on 1 January 2022: born on that day of 1947; one day later is 74."""
    made = found(
        engine,
        """1 | bzd | 2022-03-01 | 10
        2 | bzd | 2022-03-01 | 10
        3 | bzd | 2022-03-01 | 10
        4 | bzd | 2022-03-01 | 10""",
        rule(BZD, age_from=75, age_to=80, sex="F"),
        persons="""person_id | sex | birth_date | region
        1 | F | 1947-01-01 | 11
        2 | F | 1947-01-02 | 11
        3 | M | 1945-01-01 | 11
        4 | F | 1940-12-31 | 11""",
    )
    assert [row[1] for row in flagged(made)] == ["1"]
    summary = rules.rule_summary(made, rules.rule_strata(made), population="x")
    assert summary.loc[0, ["persons", "events", "status"]].tolist() == [1, 1, "run"]


def test_a_dose_is_the_mean_of_the_dispensing(engine):
    """28 tablets of 1 DDD over 28 days is 1 a day, over 56 days 0.5: not above 0.5."""
    source = use_source(
        engine,
        """person_id | drug | start | days | cip13 | quantity
        1 | hyp | 2022-03-01 | 28 | 3400900000001 | 1
        2 | hyp | 2022-03-01 | 56 | 3400900000001 | 1
        3 | hyp | 2022-03-01 | 56 | 3400900000001 | 2
        4 | hyp | 2022-03-01 | 28 | 3400900000002 | 1""",
    )
    doses = pd.DataFrame({"cip13": ["3400900000001"], "unit": ["DDD"], "dose": [28.0]})
    high = rule(listed("N05CF02"), dose_above=0.5)
    made = findings(source, high, replace(high, id="mg", dose_unit="mg"), doses=doses)
    assert [row[1] for row in flagged(made)] == ["1", "3"]
    assert made.not_run == {"mg": "no_dose"}
    assert findings(source, high).not_run == {"r": "no_dose"}


def test_nothing_found_is_told_and_does_not_fail(engine):
    absent = rule(listed("L01"), id="absent")
    nobody = rule(BZD, id="nobody", age_from=110)
    made = found(engine, "1 | bzd | 2022-03-01 | 10", absent, nobody)
    strata = rules.rule_strata(made)
    summary = rules.rule_summary(made, strata, population="x").set_index("rule")
    assert summary["status"].to_dict() == {"absent": "no_drug", "nobody": "nobody"}
    assert summary.loc["nobody", "estimate"] != summary.loc["nobody", "estimate"]
    levels = ["inappropriate"]
    assert rules.any_rule(made, indicator="x", levels=levels)["events"].tolist() == [0]
    counts = rules.exposure_counts(made, indicator="x", levels=levels, names={"11": "a", "84": "b"})
    assert counts["persons"].tolist() == [0, 0]
    assert rules.rule_establishments(made, levels=levels).empty
    empty = findings(use_source(engine, HEADER, persons="""person_id | sex | birth_date | region
        1 | F | 1947-01-01 | 11"""), rule(BZD))  # fmt: skip
    assert flagged(empty) == []


def test_a_condition_that_the_source_cannot_know_stops_the_rule_only(engine):
    source = use_source(engine, HEADER + "1 | bzd | 2022-03-01 | 10")
    bare = replace(source, tables={k: v for k, v in source.tables.items() if k != "diagnoses"})
    asked = rule(BZD, id="asked", present=(listed("G20", system="CIM-10"),))
    made = findings(bare, rule(BZD), asked)
    assert made.not_run == {"asked": "no_table"}
    assert [row[0] for row in flagged(made)] == ["r"]


def test_who_prescribed_is_counted_once_each(engine):
    """Two persons exposed, five boxes of the rule's drug, two from one establishment."""
    source = use_source(
        engine,
        """person_id | drug | start | days | establishment
        1 | bzd | 2022-03-01 | 10 | 750000001
        1 | bzd | 2022-04-01 | 10 | 750000001
        1 | bzd | 2023-04-01 | 10 | 690000002
        2 | bzd | 2022-03-01 | 10 | -
        3 | ppi | 2022-03-01 | 10 | 750000001""",
    )
    made = findings(source, rule(BZD))
    levels = ["inappropriate"]
    counts = rules.exposure_counts(made, indicator="x", levels=levels, names={"11": "IdF"})
    wanted = ["persons", "dispensings", "from_hospital", "establishments"]
    assert counts.loc[0, wanted].tolist() == [2, 3, 2, 1]
    assert counts["prescribers"].isna().all()
    places = rules.rule_establishments(made, levels=levels)
    assert places[["establishment", "persons", "events"]].values.tolist() == [["750000001", 2, 1]]


@pytest.mark.parametrize(("other", "counted"), [("B", 2), ("-", 1)])
def test_prescribers_in_town_are_counted_once_each_and_a_missing_one_is_none(
    engine, other, counted
):
    """A twice and another; neither who prescribed before the period, nor who prescribed no such
    drug, nor a hospital."""
    source = use_source(
        engine,
        f"""person_id | drug | start | days | prescriber | establishment
        1 | bzd | 2022-03-01 | 10 | A | -
        1 | bzd | 2022-04-01 | 10 | A | -
        2 | bzd | 2022-03-01 | 10 | {other} | -
        2 | bzd | 2022-04-01 | 10 | - | 750000001
        1 | bzd | 2020-04-01 | 10 | C | -
        3 | ppi | 2022-03-01 | 10 | D | -""",
    )
    counts = rules.exposure_counts(
        findings(source, rule(BZD)),
        indicator="x",
        levels=["inappropriate"],
        names={"11": "IdF", "84": "ARA"},
    )
    assert counts["prescribers"].tolist() == [counted, 0]
    assert counts["establishments"].tolist() == [1, 0]
    assert usage.EXPOSURE.column("prescribers").counts, "masked when small, as persons are"
    assert set(counts.columns) == set(usage.EXPOSURE.names), "no number of a prescriber leaves"


def test_how_far_doses_are_known_is_told_rule_by_rule(engine):
    """Three dispensings of the period, two of a known pack; nothing is known in milligrams."""
    source = use_source(
        engine,
        """person_id | drug | start | days | cip13
        1 | bzd | 2022-03-01 | 10 | 3400999900669
        2 | bzd | 2022-04-01 | 10 | 3400999900669
        2 | bzd | 2022-05-01 | 10 | 3400999900676
        2 | bzd | 2023-05-01 | 10 | 3400999900676
        2 | ppi | 2022-05-01 | 10 | 3400999900676""",
    )
    doses = pd.DataFrame({"cip13": ["3400999900669"], "unit": ["DDD"], "dose": [14.0]})
    asked = [
        rule(BZD),
        rule(BZD, id="ddd", dose_above=0.5),
        rule(BZD, id="mg", dose_above=5, dose_unit="mg"),
    ]
    made = findings(source, *asked, doses=doses)
    told = rules.dose_coverage(made, doses)
    assert told[["rule", "dose", "dispensings", "events", "status"]].to_numpy().tolist() == [
        ["ddd", "0,5 DDD", 3, 2, "run"],
        ["mg", "5 mg", 3, 0, "no_dose"],
    ]
    assert told["estimate"].tolist() == [pytest.approx(2 / 3), 0]
    none = rules.dose_coverage(findings(source, *asked), None)
    assert none["status"].tolist() == ["no_dose", "no_dose"]
    assert rules.dose_coverage(findings(source, rule(BZD)), doses).empty


def test_two_rules_of_one_name_and_doses_without_a_column_are_refused(engine):
    source = use_source(engine, HEADER + "1 | bzd | 2022-03-01 | 10")
    with pytest.raises(EstimationError, match="figure deux fois"):
        findings(source, rule(BZD), rule(BZD))
    with pytest.raises(EstimationError, match="colonnes absentes unit"):
        findings(source, rule(BZD), doses=pd.DataFrame({"cip13": ["1"], "dose": [1.0]}))


def test_people_of_a_period_half_open_with_their_death(engine):
    source = use_source(
        engine,
        HEADER + "1 | bzd | 2022-03-01 | 10",
        persons="""person_id | sex | birth_date | region | death_date
        1 | F | 1947-06-01 | 11 | -
        2 | M | 1957-06-01 | 84 | 2022-01-10
        3 | M | 2022-03-01 | 84 | -
        4 | M | 1957-06-01 | 84 | -""",
        observation="""person_id | start | end
        1 | 2020-01-01 | 2024-01-01
        2 | 2020-01-01 | 2024-01-01
        3 | 2022-03-01 | 2024-01-01
        4 | 2020-01-01 | 2022-01-01""",
    )
    people = source.engine.collect(cohort.population(source, period=YEAR, age_cuts=[65, 75]))
    people["start"] = people["seen_from"]
    assert redrawn(people, ["person_id", "age", "age_band", "start", "days"]) == rows("""
        person_id | age | age_band | start      | days
        1         | 74  | 65-74    | 2022-01-01 | 365
        2         | 64  | 0-64     | 2022-01-01 | 10
        3         | 0   | 0-64     | 2022-03-01 | 306
    """)
    assert day(date(2022, 1, 1)) == people["seen_from"].min()
    assert isinstance(cohort.population(source, period=YEAR, age_cuts=[65]), nw.LazyFrame)
