"""What is known before index, comorbidity, costs, attributes, wide covariates: drawn examples."""

from datetime import date

import pandas as pd
import pytest
from conftest import drawn

from studylib import cohort, sources
from studylib.codes import Codelist
from studylib.cohort import day
from studylib.errors import DataMissing, EstimationError, StudyError

YEAR_2022 = (date(2022, 1, 1), date(2022, 12, 31))
INDEX = "2022-03-01"


def listed(name, *codes):
    return Codelist(name, "CIM-10", codes, version="2026-01-01", source="tests", label=name)


def with_tables(source, **tables):
    """The source with other tables, drawn."""
    frames = {name: source.engine.load(frame, name) for name, frame in tables.items()}
    return sources.source.Source(
        source.name,
        source.engine,
        {**source.tables, **frames},
        source.days,
        source.regions,
        source.fingerprint,
        synthetic=True,
    )


def stays(text):
    """Stays of person 1 drawn as start, end, cost, emergency."""
    frame = drawn(text)
    return frame.assign(
        person_id=1,
        stay_id=range(len(frame)),
        ghm="05K051",
        quantity=1.0,
        cost=frame["cost"].astype(float),
        emergency=frame["emergency"] == "yes",
        died=False,
        establishment="750000001",
    )


@pytest.fixture
def one(draw_source, arms):
    """A cohort of one person who enters on 1 March 2022, over tables to be added."""

    def build(**tables):
        source = draw_source(f"person_id | arm | start | days\n1 | AVK | {INDEX} | 30")
        made = with_tables(source, **tables)
        return cohort.new_users(made, arms, inclusion=YEAR_2022)

    return build


def row(made, frame):
    return made.source.engine.collect(frame).iloc[0]


STAYS = """
    start      | end        | cost | emergency
    2022-01-25 | 2022-02-04 | 1000 | yes
    2022-02-02 | 2022-02-06 | 400  | no
    2022-02-26 | 2022-03-06 | 800  | no
    2022-03-01 | 2022-03-02 | 900  | yes
"""


def test_hospital_history_counts_each_day_once(one):
    made = one(stays=stays(STAYS))
    present = row(made, cohort.hospital_history(made, days_before=28))  # from 1 February
    names = ["stays", "hospital_days", "emergency_stays", "days_since_stay"]
    assert present[names].tolist() == [3, 8, 1, 0]
    admitted = row(made, cohort.hospital_history(made, days_before=28, counted="admitted"))
    assert admitted[names].tolist() == [2, 7, 0, 0]
    with pytest.raises(StudyError, match="present ou admitted"):
        cohort.hospital_history(made, counted="both")


def test_stays_cost_whole_or_by_their_share_of_the_window(one):
    made = one(stays=stays(STAYS))

    def cost(way):
        choices = {"days_before": 28, "components": ["stays", "dispensings"], "stays": way}
        found = row(made, cohort.prior_cost(made, **choices))
        return found["cost_stays"], found["cost_dispensings"], found["cost"]

    assert cost("admitted") == (1200.0, 0.0, 1200.0)
    # three days of ten, all four, three of eight
    assert cost("prorated") == (1000.0, 0.0, 1000.0)


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"components": ["stays", "stays"], "stays": "admitted"}, "une fois chacune"),
        ({"components": ["taxis"], "stays": "admitted"}, "taxis"),
        ({"components": ["stays"], "stays": "half"}, "prorated"),
        ({"components": ["stays"], "stays": "admitted", "days_before": 0}, "au moins un"),
        ({"components": ["consultations"], "stays": "admitted"}, "consultations"),
    ],
)
def test_costs_that_make_no_sense_are_refused(one, choices, words):
    made = one(stays=stays(STAYS))
    with pytest.raises(StudyError, match=words):
        cohort.prior_cost(made, **choices)


def test_a_mild_form_is_not_counted_beside_the_severe_one(draw_source, arms):
    source = draw_source(
        f"person_id | arm | start | days\n1 | AVK | {INDEX} | 30\n2 | AVK | {INDEX} | 30",
        diagnoses="""person_id | start | end
        1 | 2021-06-01 | 2021-06-02
        2 | 2020-06-01 | 2020-06-02""",
    )
    made = cohort.new_users(source, arms, inclusion=YEAR_2022)
    lists = {"mild": listed("mild", "K92"), "severe": listed("severe", "K922")}

    def score(hierarchy):
        found = cohort.charlson(made, lists, {"mild": 1, "severe": 3}, hierarchy=hierarchy)
        return made.source.engine.collect(found).set_index("person_id")["charlson"].to_dict()

    assert score({"mild": "severe"}) == {1: 3, 2: 0}
    assert score({}) == {1: 4, 2: 0}
    with pytest.raises(StudyError, match="sans poids severe"):
        cohort.charlson(made, lists, {"mild": 1}, hierarchy={})
    with pytest.raises(StudyError, match="absentes coma"):
        cohort.charlson(made, lists, {"mild": 1, "severe": 3}, hierarchy={"mild": "coma"})


def test_an_event_lasts_one_day_at_least(draw_source, arms, bleeding):
    source = draw_source(
        f"person_id | arm | start | days\n1 | AVK | {INDEX} | 30",
        diagnoses="person_id | start | end\n1 | 2022-02-01 | 2022-02-01",
    )
    made = cohort.new_users(source, arms, inclusion=YEAR_2022)

    def bled(days_before):
        return bool(
            row(made, cohort.had_event(made, "bled", bleeding, days_before=days_before)).bled
        )

    assert [bled(27), bled(28)] == [False, True]


def test_charlson_by_quan_s_codes(one):
    codes = ["I21", "E119", "E112", "C780", "C509"]
    diagnoses = pd.DataFrame(
        {
            "stay_id": range(len(codes)),
            "person_id": 1,
            "code": codes,
            "position": "DAS",
            "start": day(date(2022, 1, 1)),
            "end": day(date(2022, 1, 3)),
            "quantity": 1.0,
            "cost": 0.0,
        }
    )
    made = one(diagnoses=diagnoses)
    # infarction 1, complicated diabetes 2 over diabetes, metastasis 6 over cancer (1987)
    assert row(made, cohort.quan_charlson(made, weights="1987"))["charlson"] == 9
    # infarction 0, complicated diabetes 1, metastasis 6 (2011)
    assert row(made, cohort.quan_charlson(made, weights="2011"))["charlson"] == 7


def test_the_prescribing_establishment_when_there_is_one(draw_source, arms):
    source = draw_source(f"person_id | arm | start | days\n1 | AVK | {INDEX} | 30")
    boxes = source.engine.collect(source.table("dispensings"))
    boxes = pd.concat([boxes, boxes, boxes], ignore_index=True)
    boxes["establishment"] = pd.array(["750000002", "750000001", None], dtype="string")
    places = pd.DataFrame(
        {"code": ["750000001"], "name": ["Un"], "category": ["CHU"], "region": ["11"]}
    )
    source = with_tables(source, dispensings=boxes, establishments=places)
    made = cohort.new_users(source, arms, inclusion=YEAR_2022)
    assert row(made, cohort.prescribing(made))["different"] == 2
    assert pd.isna(row(made, cohort.prescribing(made))["establishment"])
    found = row(made, cohort.prescribing_establishment(made, several="smallest"))
    assert found[["establishment", "establishment_category"]].tolist() == ["750000001", "CHU"]
    with pytest.raises(StudyError, match="colonnes possibles"):
        cohort.prescribing(made, "astrologer")


def test_measures_join_the_cohort_once(one):
    made = one(stays=stays(STAYS))
    joined = made.with_measures(cohort.hospital_history(made), cohort.prior_drugs(made))
    kept = joined.require("hospitalisés", cohort.flag("stays") > 0)
    assert kept.persons == 1
    with pytest.raises(StudyError, match="stays y figure déjà"):
        joined.with_measures(cohort.hospital_history(made))


def test_wide_covariates_are_days_with_a_code(draw_source, arms):
    source = draw_source(
        f"person_id | arm | start | days\n1 | AVK | {INDEX} | 30\n2 | AVK | {INDEX} | 30",
        diagnoses="""person_id | start | end
        1 | 2022-02-01 | 2022-02-02
        1 | 2022-02-01 | 2022-02-05
        1 | 2022-02-10 | 2022-02-11
        2 | 2022-02-10 | 2022-02-11
        2 | 2022-03-01 | 2022-03-02
        2 | 2020-03-01 | 2022-03-02""",
    )
    made = cohort.new_users(source, arms, inclusion=YEAR_2022)
    wide = cohort.wide_covariates(made, minimum_persons=1, levels={"CIM-10": (3, 4)})
    assert wide.columns.to_numpy().tolist() == [
        [0, "CIM-10/3", "K92", 2],
        [1, "CIM-10/4", "K922", 2],
    ]
    assert wide.matrix.toarray().tolist() == [[2, 2], [1, 1]]
    lines = cohort.wide_covariates(
        made, minimum_persons=1, levels={"CIM-10": (3,)}, counts="records"
    )
    assert lines.matrix.toarray().tolist() == [[3], [1]]
    with pytest.raises(EstimationError, match="abaisser le seuil"):
        cohort.wide_covariates(made, minimum_persons=3)
    with pytest.raises(StudyError, match="LPP"):
        cohort.wide_covariates(made, levels={"LPP": (3,)})


def test_a_list_without_a_table_is_named(one):
    acts = Codelist("acts", "CCAM", ("AAQP900",), version="2026-01-01", source="t", label="acts")
    with pytest.raises(DataMissing, match="acts"):
        cohort.flags(one(), {"acts": acts}, days_before=365)
