"""What is said of a CDM that does not hold: the file, the table, the column, what to do."""

import numpy as np
import pandas as pd
import pytest
from conftest_omop import export, tables, write

from studylib import project
from studylib.errors import DataMissing, StudyError, TableError
from studylib.sources import omop
from studylib.sources.event_folder import open_folder


@pytest.fixture(autouse=True)
def data(monkeypatch, tmp_path):
    monkeypatch.setenv(project.DATA_VARIABLE, str(tmp_path / "data"))


@pytest.fixture
def folder(tmp_path):
    return write(tmp_path / "cdm", tables())


def read(folder):
    return omop.event_folder_of("essai", folder)


def rewritten(folder, table, change):
    path = folder / f"{table}.parquet"
    change(pd.read_parquet(path)).to_parquet(path, index=False)


@pytest.mark.parametrize("table", ["person", "drug_exposure", "concept_ancestor"])
def test_a_missing_table_is_named(folder, table):
    (folder / f"{table}.parquet").unlink()
    with pytest.raises(DataMissing, match=f"tables OMOP absentes {table}"):
        read(folder)


def test_optional_tables_may_be_absent(folder):
    for table in ("death", "location", "care_site", "visit_occurrence", "concept_relationship"):
        (folder / f"{table}.parquet").unlink()
    source = open_folder("essai", read(folder))
    assert source.engine.count(source.table("dispensings")) == 5
    assert source.engine.count(source.table("stays")) == 0
    absent = source.quality["codings"].query("form == 'absent' and lines == 0")
    assert set(absent["table"]) >= {"death", "visit_occurrence", "concept_relationship"}


def test_a_cdm_need_not_say_its_version(folder):
    for silent in (pd.DataFrame({"cdm_version": [None]}), pd.DataFrame({"cdm_holder": ["CHU"]})):
        silent.to_parquet(folder / "cdm_source.parquet", index=False)
        assert open_folder("essai", read(folder)).regions == ("99",)


def test_a_region_that_was_not_declared_has_nobody(folder):
    with pytest.raises(StudyError, match="personne dans la région 11 ; régions présentes : 99"):
        open_folder("essai", read(folder), regions=["11"])


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(DataMissing, match="dossier nulle_part"):
        read(tmp_path / "nulle_part")


@pytest.mark.parametrize(
    ("table", "change", "words"),
    [
        (
            "person",
            lambda t: t.drop(columns="gender_concept_id"),
            r"table « person » \(person.parquet\) : colonnes absentes gender_concept_id",
        ),
        (
            "drug_exposure",
            lambda t: t.assign(drug_exposure_start_date="bientôt"),
            r"drug_exposure_start_date : 10 valeurs comme « bientôt », attendu une date",
        ),
        (
            "drug_exposure",
            lambda t: t.assign(drug_exposure_start_date="2019-02-30"),
            r"drug_exposure_start_date : 10 valeurs comme « 2019-02-30 »",
        ),
        (
            "drug_exposure",
            lambda t: t.assign(person_id="P1"),
            r"« drug_exposure », colonne person_id : 10 valeurs comme « P1 », attendu un nombre",
        ),
        (
            "person",
            lambda t: t.assign(person_id=t["person_id"] + 0.5),
            r"« person », colonne person_id : 10 valeurs comme « 1.5 »",
        ),
        (
            "condition_occurrence",
            lambda t: t.assign(condition_start_date=[True, False, True, False]),
            r"colonne condition_start_date : type Boolean, attendu une date",
        ),
        (
            "person",
            lambda t: pd.concat([t, t.head(2)]),
            r"« person », colonne person_id : 2 lignes portent l'identifiant",
        ),
        ("person", lambda t: t.head(0), r"table « person » : aucune personne utilisable"),
        (
            "observation_period",
            lambda t: t.head(0),
            r"table « observation_period » : aucune période",
        ),
        ("cdm_source", lambda t: t.assign(cdm_version="v6.0"), r"cdm_version : reçu « v6.0 »"),
        (
            "visit_occurrence",
            lambda t: t.assign(admitted_from_concept_id=0),
            r"deux versions d'OMOP sont mêlées, visit_occurrence.admitting_source_concept_id",
        ),
    ],
)
def test_a_table_that_does_not_hold_is_refused(folder, table, change, words):
    rewritten(folder, table, change)
    with pytest.raises(TableError, match=words):
        read(folder)
    assert not list((folder.parent / "data").rglob("omop-*"))


def test_tables_of_two_versions_are_refused(folder):
    detail = pd.DataFrame({"visit_detail_id": [1], "parent_visit_detail_id": [0]})
    detail.to_parquet(folder / "visit_detail.parquet", index=False)
    with pytest.raises(TableError, match=r"visit_detail\.parent_visit_detail_id de la 5\.4"):
        read(folder)


def test_a_corrupt_file_is_named(folder):
    path = folder / "drug_exposure.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataMissing, match=r"drug_exposure\.parquet ne se lit pas"):
        read(folder)


def test_a_file_damaged_inside_is_named(folder):
    rows = pd.DataFrame({"concept_id": np.arange(1e5), "vocabulary_id": "X", "concept_code": "Y"})
    rows["concept_code"] = np.random.default_rng(1).integers(0, 10**9, len(rows)).astype(str)
    path = folder / "concept.parquet"
    rows.to_parquet(path, index=False)
    content = bytearray(path.read_bytes())
    content[200:-20_000] = bytes(len(content[200:-20_000]))
    path.write_bytes(content)
    with pytest.raises(DataMissing, match=r"concept\.parquet"):
        read(folder)


def test_empty_event_tables_give_empty_tables(folder):
    for table in ("drug_exposure", "condition_occurrence", "procedure_occurrence", "concept"):
        rewritten(folder, table, lambda t: t.head(0))
    for table in ("concept_ancestor", "concept_relationship", "visit_occurrence", "death"):
        rewritten(folder, table, lambda t: t.head(0))
    source = open_folder("essai", read(folder))
    assert source.engine.count(source.table("persons")) == 8
    assert source.engine.count(source.table("dispensings")) == 0
    assert source.engine.count(source.table("concept_codes")) == 0


def test_parts_of_one_table_have_the_same_columns(folder):
    whole = tables()["drug_exposure"]
    (folder / "drug_exposure.parquet").unlink()
    (folder / "drug_exposure").mkdir()
    whole.to_parquet(folder / "drug_exposure" / "a.parquet", index=False)
    whole.drop(columns="quantity").to_parquet(folder / "drug_exposure" / "b.parquet", index=False)
    with pytest.raises(TableError, match=r"b\.parquet n'a pas les colonnes de a\.parquet"):
        read(folder)


def test_a_table_in_two_forms_is_refused(folder):
    (folder / "person.csv").write_text("person_id\n1\n")
    with pytest.raises(DataMissing, match="« person » : elle est présente sous deux formes"):
        read(folder)


@pytest.mark.parametrize(
    ("file", "change", "words"),
    [
        (
            "PERSON.csv",
            lambda text: text.replace("1960,1,1,1\n", "1960,1,1\n", 1),
            r"PERSON\.csv ne se lit pas comme du CSV, ligne 3 \(5 valeurs\)",
        ),
        (
            "CONCEPT.csv",
            lambda text: text.replace("RxNorm\t1191", "RxNorm\t1191\tde trop"),
            r"CONCEPT\.csv ne se lit pas comme du CSV",
        ),
        ("PERSON.csv", lambda text: text.replace("8507", "homme", 1), "comme « homme »"),
        ("DEATH.csv", lambda text: "", "DEATH.csv est vide"),
    ],
)
def test_a_csv_that_does_not_hold_is_refused(tmp_path, file, change, words):
    folder = export(tmp_path / "csv", tables())
    path = folder / file
    path.write_text(change(path.read_text()))
    with pytest.raises(StudyError, match=words):
        read(folder)


def test_a_csv_with_a_header_alone_is_an_empty_table(tmp_path):
    folder = export(tmp_path / "csv", tables())
    (folder / "DEATH.csv").write_text("PERSON_ID,DEATH_DATE\n")
    assert read(folder).is_dir()


def test_a_csv_that_is_not_utf8_is_refused(tmp_path):
    folder = export(tmp_path / "csv", tables())
    path = folder / "LOCATION.csv"
    path.write_bytes(path.read_text().encode("latin-1"))
    with pytest.raises(TableError, match=r"LOCATION\.csv n'est pas en UTF-8"):
        omop.event_folder_of("essai", folder, settings=omop.Settings(regions={"Rhône": "84"}))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"region": "999"}, r"réglage region : Code region «\s999\s» refusé"),
        ({"regions": {"Rhône": "8"}}, r"Code region «\s8\s»"),
        ({"drugs": "eras"}, "drugs : reçu « eras »"),
        ({"unstated_position": "XX"}, "unstated_position"),
    ],
)
def test_a_wrong_setting_is_refused(wrong, words):
    with pytest.raises(StudyError, match=words):
        omop.Settings(**wrong)
