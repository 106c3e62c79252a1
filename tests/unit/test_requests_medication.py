"""The request of a study of inappropriate medication: each fault at its line, own rule files."""

import shutil
from pathlib import Path

import pytest

from studylib import requests
from studylib.errors import RequestError
from studylib.requests import rule_files

EXAMPLES = Path(__file__).resolve().parents[2] / "parameters" / "examples"
NAME = "inappropriate_medication.yaml"


@pytest.fixture
def project(tmp_path, monkeypatch):
    (tmp_path / "parameters" / "examples").mkdir(parents=True)
    shutil.copy(EXAMPLES / NAME, tmp_path / "parameters" / "examples")
    monkeypatch.setenv("STUDYLIB_PROJECT", str(tmp_path))
    return tmp_path


def read(project, before="", after=""):
    text = (EXAMPLES / NAME).read_text("utf-8").replace("id: 2026-061 ", "id: 2026-901 ")
    assert before in text
    (project / "parameters" / "mine.yaml").write_text(text.replace(before, after), "utf-8")
    return requests.read("parameters/mine.yaml")


def test_the_example_says_all_that_the_library_takes(project):
    chosen = read(project).parameters
    assert chosen.scenarios() == {"25 %": 0.25, "50 %": 0.5, "100 %": 1.0}
    assert chosen.in_time()["grace_days"] == 30
    assert [one.name for one in chosen.stays()["antithrombotics"]][:2] == ["avk", "aod"]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("rules: older_people", "rules: older_peple", "older_people"),
        ("levels: [inappropriate]", "levels: [inapropriate]", "inappropriate"),
        ("age_bands: [65, 75, 85]", "age_bands: [85, 75]", "des âges croissants"),
        ("excluded: [D, S, V, J07]", "excluded: [D, 7]", "un début de code ATC"),
        ("atc_level: 5 ", "atc_level: 3 ", "4 (sous-groupe) ou 5"),
        ("quarters: 3 ", "quarters: 0 ", "de 1 à 40"),
        ("scale: sedative_load", "scale: sedation", "sedative_load"),
        ("at_least: 3  ", "at_least: 0  ", "un seuil de 1 à 50"),
        ("bleeding: major_bleeding", "bleeding: avk", "liste de codes CIM-10"),
        ("[avk, aod, antiplatelets, heparins]", "[]", "au moins une valeur"),
        ("avoidable_percents: [25, 50, 100]", "avoidable_percents: [0]", "de 1 à 100"),
        ("end: 2023-12-31", "end: 2022-12-31", "postérieure au début"),
    ],
)
def test_each_choice_that_cannot_be_is_refused_at_its_line(project, before, after, said):
    with pytest.raises(RequestError) as refusal:
        read(project, before, after)
    found = refusal.value.problems
    assert len(found) == 1, found
    assert said in str(found[0]).replace("\u00a0", " ")
    assert found[0].line is not None


def test_a_rule_file_of_the_project_comes_first_and_its_fault_is_told(project):
    folder = project / "parameters" / "rules"
    folder.mkdir()
    shipped = Path(rule_files.__file__).parents[1] / "usage" / "rules" / "files"
    text = (shipped / "older_people.yaml").read_text("utf-8")
    (folder / "mine.yaml").write_text(text.replace("version: 2026-11-22", "version: 2027-01-01"))
    assert rule_files.rule_set_names() == ["mine", "older_people"]
    assert rule_files.rule_set("mine").version == "2027-01-01"
    (folder / "mine.yaml").write_text(text.replace("drugs: [M01AB01]", "drugs: [M01AB0]"))
    with pytest.raises(RequestError, match="un fichier de règles correct"):
        read(project, "rules: older_people", "rules: mine")
