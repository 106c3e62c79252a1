"""The command line: what each command answers, and the code it leaves with."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import toy_project as toy
from rich.console import Console

from studylib import __version__, runs
from studylib.cli import simulating
from studylib.cli.main import leave_code
from studylib.cli.shown import table
from studylib.sources import open_data
from studylib.sources.snds.simulation.generation import Progress as Done

REQUEST = "2026-001"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STUDYLIB_PROJECT", str(tmp_path))
    monkeypatch.setenv("STUDYLIB_DATA", str(tmp_path / "data"))
    return Path(toy.write_project(tmp_path, regions=("11", "84")))


def said(capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """Both outputs, with ordinary spaces where French typography has its own."""
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    out, err = (re.sub("[\u00a0\u202f]", " ", text) for text in captured)
    return out, err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert leave_code(["--version"]) == 0
    assert said(capsys)[0].strip() == f"studylib {__version__}"


def test_the_module_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "studylib", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == f"studylib {__version__}"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run"], "Argument manquant : DEMANDE."),
        (["run", REQUEST, "--vite"], "Option inconnue : --vite."),
        (
            ["run", REQUEST, "--jobs", "deux"],
            "pour --jobs : « deux » ; attendu un nombre entier, 1 ou plus.",
        ),
        (["run", REQUEST, "--timeout", "0"], "pour --timeout : « 0 » ; attendu 1 ou plus."),
        (
            ["run", REQUEST, "--timeout", "1,5"],
            "« 1,5 » ; attendu un nombre, 1 ou plus, le point séparant les décimales.",
        ),
        (["run", REQUEST, "--plan=oui"], "L'option --plan n'attend pas de valeur."),
        (["demo", "x"], "Argument en trop : « x ». Voir « studylib demo --help »."),
        (["simulate", "--persons", "0"], "pour --persons : « 0 » ; attendu 1 ou plus."),
        (["simulate", "--persons", "abc"], "« abc » ; attendu un nombre entier, 1 ou plus."),
        (["simulate", "--persons", "9", "--out", "x", "--seed", "z"], "attendu un nombre entier."),
        (["codes", "search", "-n", "0", "x"], "pour --limit : « 0 » ; attendu 1 ou plus."),
        (
            ["codes", "update", "atc", "--version", "2020-13-45"],
            "« 2020-13-45 » ; attendu une date qui existe, écrite AAAA-MM-JJ.",
        ),
        (
            ["import", "oracle", "--between", "D", "2020-01-01"],
            "L'option --between attend 3 valeurs. Voir « studylib import oracle --help ».",
        ),
        (["run", REQUEST, "--region"], "L'option --region attend une valeur."),
        (["lancer"], "Commande inconnue : « lancer »."),
        (["codes", "shwo"], "Commande inconnue : « shwo » ; commande proche : show."),
    ],
)
def test_a_wrong_command_line_is_told_in_french(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert leave_code(arguments) == 2
    out, err = said(capsys)
    assert out == ""
    assert sentence in err
    assert "--help" in err
    assert not any(word in err for word in ("Input", "should", "value", "argument(s)"))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--years", "2020-2019"], "la première avant la dernière"),
        (["--years", "2024-2090"], "elles vont de 2006 à 2030"),
        (["--years", "20"], "il faut deux années"),
        (["--regions", "999"], "régions 999 ; celles qui existent sont"),
        (["--without", "T99"], "Piège « T99 » inconnu"),
        (["--only", "T1", "--without", "T2"], "donner l'une ou l'autre"),
    ],
)
def test_a_simulation_that_cannot_be_is_a_wrong_command_line(
    arguments: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "snds"
    assert leave_code(["simulate", "--persons", "10", "--out", str(out), *arguments]) == 2
    assert sentence in said(capsys)[1]
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["data", "fetch", "rien"], "Jeu de données « rien » inconnu"),
        (["data", "fetch", "open_damir", "--url", "ftp://x"], "http:// ou https:// attendu"),
        (["import", "x.csv", "--out", "o", "--encoding", "klingon"], "choisir parmi auto, cp1252"),
        (["import", "x.csv", "--out", "o", "--max-rejected", "5"], "n'est pas une part"),
        (["import", __file__, "--out", "o"], "l'extension « .py » n'est pas lue"),
    ],
)
def test_a_name_or_an_option_not_accepted_leaves_with_two(
    project: Path, arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert leave_code(arguments) == 2
    assert sentence in said(capsys)[1]


@pytest.mark.parametrize("command", [[], ["run"], ["demo"], ["data"], ["codes", "show"]])
def test_help_is_in_french(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert leave_code([*command, "--help"]) == 0
    out = said(capsys)[0]
    assert "Affiche cette aide." in out
    english = ("Show this", "Commands", "[default", "[required", "<bool>", "<list", "COMMAND ")
    assert not any(word in out for word in english)


def test_check_tells_every_problem_of_every_file(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toy.write_request(project, "2026-002", regions=("99",))
    toy.write_request(project, "2026-003", kind="autre")
    assert leave_code(["check", REQUEST, "2026-002", "parameters/2026-003.yaml"]) == 2
    out, err = said(capsys)
    assert f"{REQUEST} : demande {REQUEST} valide" in out
    assert "parameters/2026-002.yaml, ligne" in err
    assert "parameters/2026-003.yaml, ligne" in err
    assert "« 99 »" in err


def test_check_tells_what_will_forbid_publishing(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toy.write_request(project, "2026-002", kind="saisine")
    assert leave_code(["check", "2026-002"]) == 0
    assert "publication impossible en l'état" in said(capsys)[0]


def test_a_request_that_does_not_exist_executes_nothing(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert leave_code(["run", REQUEST, "2027-001", "../x.yaml"]) == 2
    err = said(capsys)[1]
    assert "2027-001" in err
    assert "../x.yaml" in err
    assert not (project / "outputs").exists()


def test_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert leave_code(["schema", "iatrogenic_risk"]) == 0
    assert "parameters" in json.loads(said(capsys)[0])["properties"]
    assert leave_code(["schema", "inconnue"]) == 2


def test_the_plan_executes_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert leave_code(["run", REQUEST, "--plan"]) == 0
    out = said(capsys)[0]
    assert "Île-de-France\tà exécuter\tjamais exécuté" in out
    assert "Synthèse des 2 régions" in out
    assert "3 exécutions" in out
    assert not list(project.rglob("run.json"))


def test_the_plan_as_json(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert leave_code(["run", REQUEST, "--plan", "--json", "--region", "84"]) == 0
    (item,) = json.loads(said(capsys)[0])["items"]
    assert (item["scope"], item["action"], item["reasons"]) == ("84", "execute", ["jamais exécuté"])


def test_a_failure_is_told_where_and_how_to_run_it_again(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toy.write_notebook(project, extra=["a = 1\ntotal = a / 0"])
    assert leave_code(["run", REQUEST, "--region", "84"]) == 1
    out, err = said(capsys)
    assert "Auvergne-Rhône-Alpes\téchec" in out
    assert "notebooks/iatrogenic_risk.ipynb, cellule 6, section « Calcul »" in err
    assert "ZeroDivisionError : division by zero" in err
    assert "    | total = a / 0" in err
    assert "run.log" in err
    assert f"Relancer : studylib run {REQUEST} --region 84" in err


def test_json_is_alone_on_stdout(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    read = "from studylib import requests\nrequest = requests.read(request_file, overrides)"
    toy.write_notebook(project, extra=[f"{read}\nassert request.scope.name == '11'"])
    assert leave_code(["run", REQUEST, "--region", "11", "--json"]) == 0
    out, err = said(capsys)
    told = json.loads(out)
    assert told["exit_code"] == 0
    (item,) = told["items"]
    assert (item["status"], item["publication"]) == ("réussi", "publié")
    assert Path(item["report"]).is_file()
    assert "section « Lecture »" in err


def test_demo_goes_on_without_the_data_and_says_how_to_get_it(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    examples = project / "parameters" / "examples"
    examples.mkdir()
    file = toy.write_request(project, "2026-002")
    file.rename(examples / file.name)
    toy.write_notebook(
        project, extra=["from studylib.errors import DataMissing\nraise DataMissing('Où : ici.')"]
    )
    assert leave_code(["demo"]) == 0
    out, err = said(capsys)
    assert "2026-002\tÎle-de-France\tdonnées absentes" in out
    assert "Où : ici." in err


def test_site_without_reports(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert leave_code(["site"]) == 0
    assert (project / "outputs" / "site" / "index.html").as_uri() in said(capsys)[0]


def test_data_list_says_how_to_get_what_is_absent(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert leave_code(["data", "list"]) == 0
    out = said(capsys)[0]
    assert "open_medic" in out
    assert leave_code(["data", "list", "--json"]) == 0
    listed = json.loads(said(capsys)[0])
    assert {each["dataset"] for each in listed} == {each.name for each in open_data.datasets()}


def test_absent_data_files_leave_with_three(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert leave_code(["data", "add", str(project / "absent.csv")]) == 3
    assert "absent.csv" in said(capsys)[1]


def test_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert leave_code(["codes", "list"]) == 0
    assert "avk\tATC" in said(capsys)[0]
    assert leave_code(["codes", "show", "avk"]) == 0
    assert "B01AA" in said(capsys)[0]
    assert leave_code(["codes", "show", "avc"]) == 2


def test_a_defect_is_one_sentence_and_a_log(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("rien ne va")

    monkeypatch.setattr(runs, "make", broken)
    assert leave_code(["run", REQUEST]) == 1
    err = said(capsys)[1]
    assert err.count("\n") == 1
    assert "rien ne va" in err
    assert "RuntimeError: rien ne va" in (project / "outputs" / "erreurs.log").read_text("utf-8")


def test_an_interruption_leaves_with_130(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(runs, "make", interrupted)
    assert leave_code(["run", REQUEST]) == 130
    assert "Interrompu." in said(capsys)[1]


def test_a_closed_pipe_is_not_a_defect(project: Path) -> None:
    command = f"{sys.executable} -m studylib codes list | head -1"
    done = subprocess.run(
        command, shell=True, capture_output=True, text=True, check=True, env={**os.environ}
    )
    assert done.stdout.startswith("liste")
    assert "Traceback" not in done.stderr
    assert "Erreur" not in done.stderr


def test_simulating_on_a_terminal_shows_a_bar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=60)
    monkeypatch.setattr(simulating, "messages", lambda: console)

    def two_blocks(settings: object, out: Path, *, traps: object, told: Any) -> None:
        (out / "ER_PRS_F").mkdir(parents=True)
        for done in (1, 2):
            told(Done(done, 2))

    monkeypatch.setattr(simulating, "simulate", two_blocks)
    assert leave_code(["simulate", "--persons", "9", "--out", str(tmp_path / "snds")]) == 0
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "Simulation" in shown
    assert "bloc 2 sur 2" in shown


def test_counts_are_grouped_on_a_terminal_and_bare_elsewhere() -> None:
    for terminal, expected in ((True, "1\u202f234\u202f567"), (False, "1234567")):
        console = Console(file=io.StringIO(), force_terminal=terminal, width=60)
        table(console, ["table", "lignes"], [["ER_PRS_F", 1_234_567]])
        assert expected in console.file.getvalue()  # type: ignore[attr-defined]
