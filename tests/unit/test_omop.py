"""A CDM drawn by hand, read into event tables: who, when, which codes, and what is told."""

from datetime import date

import pandas as pd
import pytest
from conftest_omop import export, tables, write

from studylib import cohort, project
from studylib.codes import Codelist
from studylib.errors import StudyError
from studylib.sources import omop
from studylib.sources.event_folder import open_folder

LYON = omop.Settings(regions={"Rhône": "84"})


def concepts(*codes: str, system: str = "OMOP") -> Codelist:
    return Codelist("essai", system, codes, version="2026-01-01", source="tests", label="essai")


@pytest.fixture(autouse=True)
def data(monkeypatch, tmp_path):
    monkeypatch.setenv(project.DATA_VARIABLE, str(tmp_path / "data"))


def opened(folder, settings=LYON):
    return open_folder("essai", omop.event_folder_of("essai", folder, settings=settings))


@pytest.fixture
def source(tmp_path):
    return opened(write(tmp_path / "cdm", tables()))


def lines(source, table, *columns):
    """Rows of a table, days as dates, in order."""
    frame = source.engine.collect(source.table(table))[list(columns)]
    for name in frame.columns.intersection(["start", "end", "birth_date", "death_date"]):
        frame[name] = [None if pd.isna(v) else str(cohort.as_date(v)) for v in frame[name]]
    frame = frame.astype(object).where(frame.notna(), None)
    return sorted((tuple(row) for row in frame.itertuples(index=False)), key=str)


def test_persons_with_a_sex_and_a_year_of_birth_are_kept(source):
    assert lines(source, "persons", "person_id", "sex", "birth_date", "death_date", "region") == [
        (1, "F", "1950-03-01", None, "84"),
        (10, "F", "1955-07-14", None, "99"),
        (2, "M", "1960-01-01", None, "84"),
        (5, "M", "1970-07-01", None, "84"),
        (6, "F", "1980-03-15", None, "84"),
        (7, "M", "1990-06-30", None, "84"),
        (8, "F", "1944-12-31", None, "99"),
        (9, "M", "1930-05-08", "2019-03-04", "99"),
    ]


def test_observation_is_that_of_persons(source):
    assert [row for row in lines(source, "observation", "person_id", "start", "end")] == [
        (1, "2018-01-01", "2021-01-01"),
        (10, "2018-01-01", "2021-01-01"),
        (2, "2018-01-01", "2021-01-01"),
        (5, "2018-01-01", "2021-01-01"),
        (6, "2018-01-01", "2021-01-01"),
        (8, "2018-01-01", "2019-01-01"),
        (8, "2019-07-01", "2021-01-01"),
        (9, "2018-01-01", "2019-03-05"),
    ]


DISPENSED = [
    # the supply; the end date, included, when supply is 0; one day when neither is known
    (1, "B01AF02", "", "2019-02-10", "2019-02-21", 11, 1.0),
    (1, "B01AF02", "3400930000001", "2019-01-10", "2019-02-09", 30, 1.0),
    (2, "", "", "2019-02-10", "2019-02-11", 1, 1.0),
    (2, "", "", "2019-03-10", "2019-03-20", 10, 1.0),
    (8, "B01AF02", "", "2019-02-10", "2019-03-12", 30, 1.0),
]
DISPENSING = ("person_id", "atc", "cip13", "start", "end", "days_supply", "quantity")


def test_dispensings_cover_what_is_supplied(source):
    assert lines(source, "dispensings", *DISPENSING) == DISPENSED


def test_drugs_given_in_hospital_are_apart_unless_asked_for(source, tmp_path):
    given = [(1, 1, "B01AF02", "2019-05-02", "2019-05-03")]
    columns = ("stay_id", "person_id", "atc", "start", "end")
    assert lines(source, "hospital_drugs", *columns) == given
    together = omop.Settings(hospital_drugs="with_dispensings")
    mixed = opened(tmp_path / "cdm", together)
    assert lines(mixed, "hospital_drugs", *columns) == []
    assert len(lines(mixed, "dispensings", *DISPENSING)) == len(DISPENSED) + 1


def test_stays_and_consultations(source):
    columns = ("stay_id", "person_id", "start", "end", "establishment", "emergency", "died")
    assert lines(source, "stays", *columns) == [
        (1, 1, "2019-05-01", "2019-05-05", "7", True, False),
        (3, 9, "2019-03-01", "2019-03-05", "7", True, True),
        # a concept below the inpatient visit is a stay; told dead at discharge
        (4, 2, "2019-06-01", "2019-06-02", "", False, True),
    ]
    assert lines(source, "consultations", "person_id", "code", "start") == [(9, "OP", "2018-02-01")]
    assert lines(source, "establishments", "code", "name") == [("7", "Hôpital d'essai")]


def test_diagnoses_have_the_one_code_that_is_meant(source):
    assert lines(source, "diagnoses", "stay_id", "person_id", "code", "position", "start") == [
        (1, 1, "K922", "DP", "2019-05-01"),
        (3, 9, "K922", "DAS", "2019-03-01"),
        (None, 10, "", "DAS", "2019-06-01"),
        (None, 2, "", "DAS", "2019-06-01"),  # K25.0 or K25.4: none is chosen
    ]
    assert lines(source, "procedures", "stay_id", "person_id", "code") == [(1, 1, "HEQE002")]


def test_lists_of_concepts_take_their_descendants(source):
    def found(codelist, **choices):
        events = source.engine.collect(source.events(codelist, **choices))
        return sorted(events["person_id"])

    assert found(concepts("4180628")) == [1, 9]
    assert found(concepts("=192671")) == [1, 9]
    assert found(concepts("4180628"), positions=["DP"]) == [1]
    assert found(concepts("43013024")) == [1, 1, 8]
    assert found(concepts("B01AF", system="ATC")) == [1, 1, 8]
    # aspirin has two ATC codes: the column holds none of them, each list finds it
    assert found(concepts("B01AC06", system="ATC")) == found(concepts("N02BA01", system="ATC"))
    assert found(concepts("N02B", system="ATC")) == [2]
    assert found(concepts("K92", system="CIM-10")) == [1, 9]


def test_lists_that_match_nothing_are_told(source):
    assert source.unmatched_codes(concepts("4180628", "123")) == ("123",)
    assert source.unmatched_codes(concepts("B01AF02", "C09", system="ATC")) == ("C09",)
    assert not source.check_codelists({"x": concepts("=4180628")}).passed


def test_marked_reads_lists_of_several_systems(source):
    codelists = {"xaban": concepts("B01AF", system="ATC"), "bleed": concepts("192671")}
    marks = source.engine.collect(source.marked(codelists))
    assert marks.groupby("person_id")[["xaban", "bleed"]].sum().to_dict("index") == {
        1: {"xaban": 2, "bleed": 1},
        8: {"xaban": 1, "bleed": 0},
        9: {"xaban": 0, "bleed": 1},
    }


def test_regions_restrict_every_table_but_the_dictionary(tmp_path):
    folder = omop.event_folder_of("essai", write(tmp_path / "cdm", tables()), settings=LYON)
    lyon = open_folder("essai", folder, regions=["84"])
    assert lyon.regions == ("84",)
    assert sorted(lyon.engine.collect(lyon.events(concepts("4180628")))["person_id"]) == [1]


def test_eras_are_a_choice(tmp_path):
    folder = write(tmp_path / "cdm", tables())
    eras = opened(folder, omop.Settings(drugs="era", region="11"))
    assert lines(eras, "dispensings", "person_id", "start", "end", "atc") == [
        (1, "2019-01-10", "2019-02-21", "B01AF02")
    ]
    assert eras.regions == ("11",)
    assert eras.fingerprint != opened(folder).fingerprint


def told(source, table, *columns):
    return {tuple(row) for row in source.quality[table][list(columns)].itertuples(index=False)}


def test_every_line_set_aside_has_its_reason(source, tmp_path):
    assert told(source, "rejected", "table", "reason", "lines", "of_lines") == {
        ("person", "unknown_sex", 1, 10),
        ("person", "birth_year", 1, 10),
        ("observation_period", "nobody", 1, 11),
        ("observation_period", "person_set_aside", 1, 11),
        ("observation_period", "end_before_start", 1, 11),
        ("drug_exposure", "nobody", 1, 10),
        ("drug_exposure", "person_set_aside", 1, 10),
        ("drug_exposure", "negative_days_supply", 1, 10),
        ("drug_exposure", "end_before_start", 1, 10),
    }
    folder = omop.event_folder_of("essai", tmp_path / "cdm", settings=LYON)
    kept = pd.read_parquet(folder / "rejected_lines" / "drug_exposure.parquet")
    assert set(kept["line"]) == {"5", "7", "8", "9"}
    strict = omop.Settings(outside_observation="set_aside")
    rejected = opened(tmp_path / "cdm", strict).quality["rejected"]
    outside = rejected[rejected["reason"] == "outside_observation"]
    assert outside[["table", "lines"]].to_numpy().tolist() == [["drug_exposure", 1]]


def test_links_codes_and_codings_are_counted(source):
    links = told(source, "links", "from_table", "to_table", "lines", "unmatched")
    assert ("drug_exposure", "visit_occurrence", 2, 1) in links
    assert ("condition_occurrence", "visit_occurrence", 3, 1) in links
    assert ("drug_exposure", "observation_period", 10, 3) in links
    assert ("person", "observation_period", 10, 1) in links
    unknown = told(source, "unknown_codes", "table", "system", "code", "lines")
    assert unknown == {
        ("drug_exposure", "ATC", "1112807", 1),
        ("drug_exposure", "ATC", "", 1),
        ("condition_occurrence", "CIM-10", "4000", 1),
        ("condition_occurrence", "CIM-10", "", 1),
    }
    codings = told(source, "codings", "table", "column", "form", "lines")
    assert ("drug_exposure", "days_supply", "zero", 2) in codings
    assert ("drug_exposure", "drug_exposure_id", "repeated", 2) in codings
    volumes = source.quality["volumes"]
    assert volumes.groupby("table")["lines"].sum()["drug_exposure"] == 10


def test_costs_are_those_in_euros(tmp_path):
    made = tables()
    made["cost"] = pd.DataFrame(
        {
            "cost_event_id": [1.0, 1.0, 4.0, 2.0, 70.0, 1.0],
            "cost_domain_id": ["Drug", "Drug", "drug", "Drug", "Drug", "Visit"],
            "currency_concept_id": [44818568.0, 44818568.0, 0.0] + [44818568.0] * 3,
            "paid_by_payer": [20.0, None, 9.0, 8.0, 7.0, 1500.0],
            "total_paid": [30.0, 1.5, 9.0, 8.0, 7.0, 2000.0],
        }
    )
    source = opened(write(tmp_path / "cdm", made))
    costs = lines(source, "dispensings", "person_id", "start", "cost")
    assert (1, "2019-01-10", 21.5) in costs
    assert sum(row[-1] for row in costs) == 21.5
    assert (1, 1500.0) in lines(source, "stays", "stay_id", "cost")
    reasons = told(source, "rejected", "table", "reason", "lines", "amount")
    assert {row for row in reasons if row[0] == "cost"} == {
        ("cost", "other_currency_drug", 1, 9.0),
        ("cost", "event_repeated_drug", 1, 8.0),
        ("cost", "event_absent_drug", 1, 7.0),
    }


def test_an_export_as_csv_gives_the_same_tables(source, tmp_path):
    exported = opened(export(tmp_path / "csv", tables()))
    for table in ("persons", "observation", "dispensings", "diagnoses", "stays", "concept_codes"):
        columns = source.engine.columns(source.table(table)).keys()
        assert lines(exported, table, *columns) == lines(source, table, *columns)


def test_version_5_4_gives_the_same_stays(source, tmp_path):
    made = tables()
    made["visit_occurrence"] = made["visit_occurrence"].rename(
        columns={
            "admitting_source_concept_id": "admitted_from_concept_id",
            "discharge_to_concept_id": "discharged_to_concept_id",
        }
    )
    made["cdm_source"] = pd.DataFrame({"cdm_version": ["5.4"]})
    newer = opened(write(tmp_path / "newer", made))
    columns = ("stay_id", "start", "end", "emergency", "died")
    assert lines(newer, "stays", *columns) == lines(source, "stays", *columns)


def test_tables_in_folders_and_in_any_case(source, tmp_path):
    folder = write(tmp_path / "folders", tables())
    whole = tables()["drug_exposure"]
    (folder / "drug_exposure.parquet").unlink()
    (folder / "DRUG_EXPOSURE").mkdir()
    whole.head(4).to_parquet(folder / "DRUG_EXPOSURE" / "a.parquet", index=False)
    whole.tail(-4).to_parquet(folder / "DRUG_EXPOSURE" / "b.parquet", index=False)
    (folder / "person.parquet").rename(folder / "Person.PARQUET")
    assert lines(opened(folder), "dispensings", *DISPENSING) == DISPENSED


def test_a_folder_is_read_once_and_again_when_it_changes(tmp_path):
    folder = write(tmp_path / "cdm", tables())
    first = omop.event_folder_of("essai", folder, settings=LYON)
    made = (first / "manifest.json").stat().st_mtime_ns
    assert omop.event_folder_of("essai", folder, settings=LYON) == first
    assert (first / "manifest.json").stat().st_mtime_ns == made
    next((first / "stays").glob("*.parquet")).unlink()  # a spoilt folder is made again
    assert omop.event_folder_of("essai", folder, settings=LYON) == first
    assert opened(folder).regions
    tables()["death"].head(0).to_parquet(folder / "death.parquet", index=False)
    assert omop.event_folder_of("essai", folder, settings=LYON) != first
    assert not list(first.parent.glob(".part-*"))


def test_study_steps_follow_concepts(source):
    """A washout, an age, a history: the verbs of a study read an OMOP source as any other."""
    users = cohort.new_users(
        source,
        {"apixaban": concepts("21600001"), "aspirin": concepts("N02B", system="ATC")},
        inclusion=(date(2019, 1, 1), date(2019, 12, 31)),
    ).require("a year", cohort.history_days() >= 365)
    found = source.engine.collect(users.people).set_index("person_id")["arm"].to_dict()
    assert found == {1: "apixaban", 2: "aspirin"}
    followed = cohort.on_treatment(users, concepts("192671"), until=date(2020, 12, 31))
    assert set(source.engine.collect(followed)["exit_reason"]) == {"discontinuation"}


def test_arms_that_share_a_concept_are_refused(source):
    """By the data's own classification, whatever the codes that the lists are written in."""
    period = (date(2019, 1, 1), date(2019, 12, 31))
    for one, two in (
        (concepts("21600001"), concepts("43013024")),
        (concepts("B01AC06", system="ATC"), concepts("N02BA01", system="ATC")),
        (concepts("1112807"), concepts("N02B", system="ATC")),
    ):
        with pytest.raises(StudyError, match="partagent le code"):
            cohort.new_users(source, {"one": one, "two": two}, inclusion=period)
    near = {"one": concepts("43013024"), "two": concepts("1112807")}
    assert cohort.new_users(source, near, inclusion=period).persons == 2


def test_numbers_that_begin_alike_are_different_concepts():
    assert not concepts("1118").matches("1118084")
    with pytest.raises(StudyError, match="aucun concept"):
        concepts("0")
    with pytest.raises(StudyError, match="numéro"):
        concepts("K92.2")
