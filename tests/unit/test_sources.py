"""Opening a source: what is checked, and what is said when it does not hold."""

import json
import shutil
from datetime import date

import pandas as pd
import pytest

from studylib import codes, cohort, project, sources
from studylib.errors import DataMissing, StudyError, TableError
from studylib.sources import event_folder, simulated
from studylib.sources.event_folder import open_folder


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("population")
    simulated.generate(simulated.Settings(persons=600), folder)
    return folder


@pytest.fixture
def folder(made, tmp_path):
    """A copy to be spoilt."""
    return shutil.copytree(made, tmp_path / "copy")


def rewritten(folder, table, change):
    """The table's file after ``change``, the manifest left out as for a site's own folder."""
    (folder / "manifest.json").unlink(missing_ok=True)
    path = next((folder / table).glob("*.parquet"))
    table = pd.read_parquet(path, dtype_backend="numpy_nullable")
    change(table).to_parquet(path, index=False)


def test_a_file_that_vanished_is_noticed(folder):
    next((folder / "dispensings").glob("*.parquet")).unlink()
    with pytest.raises(DataMissing, match=r"dispensings/0000\.parquet"):
        open_folder("essai", folder)


def test_a_file_that_changed_is_noticed(folder):
    path = next((folder / "stays").glob("*.parquet"))
    path.write_bytes(path.read_bytes()[:-1] + b"0")
    with pytest.raises(DataMissing, match="modifié"):
        open_folder("essai", folder)


def test_what_was_checked_once_is_not_checked_again_until_a_file_changes(
    folder, monkeypatch, tmp_path
):
    monkeypatch.setenv(project.DATA_VARIABLE, str(tmp_path / "data"))
    first = open_folder("essai", folder)
    looked = []
    monkeypatch.setattr(event_folder, "_check_grain", lambda *given: looked.append(given))
    again = open_folder("essai", folder)
    assert (again.days, again.regions) == (first.days, first.regions)
    one = open_folder("essai", folder, regions=first.regions[:1])
    assert one.regions == first.regions[:1]
    assert not looked
    rewritten(folder, "persons", lambda t: t.head(500))
    open_folder("essai", folder)
    assert looked


def test_a_simulated_population_that_was_spoilt_is_made_again(monkeypatch, tmp_path):
    monkeypatch.setenv(project.DATA_VARIABLE, str(tmp_path))
    settings = simulated.Settings(persons=300)
    first = simulated.ensure(settings)
    before = json.loads((first / "manifest.json").read_text())["files"]
    next((first / "persons").glob("*.parquet")).unlink()
    again = simulated.ensure(settings)
    assert again == first
    assert json.loads((again / "manifest.json").read_text())["files"] == before
    assert open_folder("essai", again).regions


@pytest.mark.parametrize(
    ("table", "change", "words"),
    [
        (
            "persons",
            lambda t: t.assign(birth_date=t["birth_date"].where(t.index > 3)),
            "birth_date",
        ),
        ("persons", lambda t: pd.concat([t, t.head(2)]), "2 lignes de trop"),
        ("persons", lambda t: t.drop(columns="sex"), "colonnes absentes sex"),
        ("dispensings", lambda t: t.assign(start=t["start"].astype(str)), "colonne start"),
    ],
)
def test_a_table_that_does_not_hold_is_refused(folder, table, change, words):
    rewritten(folder, table, change)
    with pytest.raises(TableError, match=words):
        open_folder("essai", folder)


def test_what_is_not_parquet_is_refused(folder):
    (folder / "manifest.json").unlink()
    next((folder / "persons").glob("*.parquet")).write_text("person_id;sex")
    with pytest.raises(DataMissing, match="Parquet"):
        open_folder("essai", folder)


def test_an_unknown_source_names_the_close_one():
    with pytest.raises(StudyError, match="simulated"):
        sources.open("simulate")


def test_a_condition_without_an_end_goes_on(draw_source, arms):
    source = draw_source("person_id | arm | start | days\n1 | AVK | 2022-03-01 | 30")
    open_ended = pd.DataFrame(
        {
            "person_id": [1],
            "code": pd.array(["N184"], dtype="string"),
            "start": [cohort.day(date(2015, 1, 1))],
            "end": pd.array([None], dtype="Int64"),
            "quantity": 1.0,
            "cost": 0.0,
        }
    )
    frame = source.engine.load(open_ended, "long_term_conditions")
    source = sources.Source(
        **{**vars(source), "tables": {**source.tables, "long_term_conditions": frame}}
    )
    users = cohort.new_users(source, arms, inclusion=(date(2022, 1, 1), date(2022, 12, 31)))
    renal = codes.codelist("renal_disease")
    described = cohort.with_covariates(users, {"renal_disease": renal}, lookback_days=365)
    assert source.engine.collect(described.people)["renal_disease"].tolist() == [True]
    assert users.require_none("aucune", renal, days_before=365).persons == 0


def test_lists_that_match_nothing_are_named(made):
    source = open_folder("essai", made)
    lists = {name: codes.codelist(name) for name in ("avk", "insulins")}
    assert source.check_codelists(lists).passed is not None
    odd = codes.Codelist("odd", "CIM-10", ("Z998",), "2026-01-01", "tests", "Dépendance")
    result = source.check_codelists({"odd": odd})
    assert result.passed is False
    assert "Dépendance" in result.text


def test_a_run_is_told_what_computes(folder, monkeypatch, tmp_path):
    monkeypatch.setenv(project.RUN_FOLDER_VARIABLE, str(tmp_path))
    source = sources.open("events", location=folder)
    told = json.loads((tmp_path / sources.RUN_FILE).read_text(encoding="utf-8"))
    assert told == {"engine": source.engine.describe()}
    assert told["engine"]["engine"].startswith("DuckDB ")
    assert told["engine"]["memory_limit"]
