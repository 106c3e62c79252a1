"""``studylib codes``: what is printed, in French, and the exit codes."""

from __future__ import annotations

import json
import re
import shutil
from datetime import date
from pathlib import Path

import pytest
from loopback import serving

from studylib import referentials, sources
from studylib.cli.main import leave_code

LIST = "code,label,system,version,source,list_label\n"
ATC = b"code,label\nB01AF,XABANS\nB01AF01,RIVAROXABAN\nB01AF02,APIXABAN\nB01AF03,EDOXABAN\n"
REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tmp_path = tmp_path / "project"  # nothing of another test stands beside it
    tmp_path.mkdir()
    monkeypatch.setenv("STUDYLIB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("STUDYLIB_PROJECT", str(tmp_path))
    (tmp_path / "parameters" / "codelists").mkdir(parents=True)
    (tmp_path / "atc.csv").write_bytes(ATC)
    return tmp_path


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]):
    def run(*arguments: str) -> tuple[int, str, str]:
        code = leave_code(["codes", *arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return code, *(re.sub("[\u00a0\u202f]", " ", text) for text in (out, err))

    return run


def bring(file: Path, **options: object) -> None:
    referentials.update("atc", file, today=date(2026, 5, 4), **options)  # type: ignore[arg-type]


def own_list(project: Path, name: str, *listed: str) -> Path:
    rows = "".join(f"{code},{code},ATC,2026-03-02,Étude,Essai\n" for code in listed)
    file = project / "parameters" / "codelists" / f"{name}.csv"
    file.write_text(LIST + rows, encoding="utf-8")
    return file


def test_list_says_what_is_there_and_how_to_get_the_rest(told, project):
    bring(project / "atc.csv")
    own_list(project, "faulty", "N06DA0")
    code, out, _ = told("list")
    assert code == 0
    assert re.search(r"^aod\tATC\t2\t2026-01-01\t", out, re.M)
    assert re.search(r"^atc\t1 version\t2026-05-04\t4\t", out, re.M)
    assert re.search(r"^cim10\tabsent\t", out, re.M)
    assert "studylib codes update cim10 --file IR_CIM_V.csv" in out
    assert "faulty : parameters/codelists/faulty.csv" in out
    code, out, _ = told("list", "--json")
    given = json.loads(out)
    assert {"aod", "avk"} <= {one["name"] for one in given["lists"]}
    assert all(one["licence"] for one in given["referentials"])


def test_search(told, project):
    bring(project / "atc.csv")
    code, out, err = told("search", "apixaban")
    assert code == 0
    assert out.splitlines()[1] == "B01AF\tATC\tAnticoagulants oraux directs\tliste aod\t2026-01-01"
    assert out.splitlines()[2] == "B01AF02\tATC\tAPIXABAN\tatc\t2026-05-04"
    assert "cim10" in err
    code, out, _ = told("search", "apixaban", "--json", "-n", "1")
    assert [hit["code"] for hit in json.loads(out)["hits"]] == ["B01AF"]
    code, out, _ = told("search", "apixabam")
    assert code == 1
    assert "mots proches : apixaban" in out
    assert told("search", "x")[0] == 2


def test_show_a_list_a_referential_and_a_code(told, project):
    code, out, _ = told("show", "aod")
    assert code == 0
    assert "licence : Apache-2.0" in out
    assert re.search(r"SHA-256 : [0-9a-f]{64}", out)
    bring(project / "atc.csv", version=date(2024, 1, 1))
    code, out, _ = told("show", "atc")
    assert code == 0
    assert "2024-01-01\t4\tatc.csv" in out
    code, out, _ = told("show", "B01AF02")
    assert "le code\tATC\tB01AF02\tAPIXABAN\tatc 2024-01-01" in out
    assert "à côté\tATC\tB01AF03\tEDOXABAN" in out
    assert "dans la liste\tATC\taod" in out
    for name in ("aod", "atc", "B01AF02"):
        assert json.loads(told("show", name, "--json")[1])


@pytest.mark.parametrize(
    ("name", "exit_code", "said"),
    [
        ("cim10", 3, "absent"),
        ("aodd", 2, "noms proches : aod"),
        ("N06DA0X9", 2, "ni un code d'un système connu"),
    ],
)
def test_show_what_is_not_there(told, name, exit_code, said):
    code, _, err = told("show", name)
    assert (code, said in err) == (exit_code, True)


def test_diff_of_versions_of_a_referential(told, project):
    bring(project / "atc.csv", version=date(2020, 1, 1))
    (project / "atc.csv").write_bytes(
        ATC.replace(b"B01AF03,EDOXABAN", b"B01AF04,BETRIXABAN").replace(b"APIXABAN", b"Apixaban.")
    )
    bring(project / "atc.csv", version=date(2024, 1, 1))
    code, out, _ = told("diff", "atc", "2020-01-01", "2024-01-01")
    assert code == 0
    assert "ajouté\tB01AF04\t\tBETRIXABAN" in out
    assert "retiré\tB01AF03\tEDOXABAN" in out
    assert "renommé\tB01AF02\tAPIXABAN\tApixaban." in out
    assert "De 2020-01-01 à 2024-01-01 : 1 ajouté, 1 retiré, 1 renommé." in out
    code, _, err = told("diff", "atc", "2020-01-01", "2021-01-01")
    assert code == 2
    assert "présentes : 2020-01-01, 2024-01-01" in err


def test_diff_of_lists_by_version_by_file_and_by_name(told, project):
    file = own_list(project, "aod", "B01AF02")
    code, out, _ = told("diff", "aod", "2026-01-01", "2026-03-02", "--json")
    assert code == 0
    changes = json.loads(out)["changes"]
    assert [(one["change"], one["code"], one["covered_by"]) for one in changes] == [
        ("added", "B01AF02", "B01AF"), ("removed", "B01AE07", None), ("removed", "B01AF", None),
    ]  # fmt: skip
    assert "1 ajouté, 1 retiré" in told("diff", "avk", str(file))[1]
    assert told("diff", "aod", "2026-01-01", str(file))[0] == 0
    code, _, err = told("diff", "aod", "2019-01-01", "2026-03-02")
    assert code == 2
    assert "présentes : 2026-01-01, 2026-03-02" in err


def test_check_lists_with_a_verdict_and_an_exit_code(told, project):
    bring(project / "atc.csv")
    own_list(project, "half", "B01AF01", "B01AF02")
    code, out, _ = told("check", "half", "aod")
    assert code == 0
    assert out.startswith("à regarder · Liste « half »")
    assert "B01AF03 EDOXABAN" in out
    own_list(project, "cut", "N06DA02", "N06DA0")
    code, out, _ = told("check", "cut")
    assert code == 2
    assert out.startswith("ERREUR · Liste « cut »")
    assert "erreur\tcoupé\tN06DA0" in out
    assert "1 liste vérifiée, dont 1 a une erreur." in out
    assert told("check")[0] == 2  # every list, the faulty one among them
    given = json.loads(told("check", "cut", "--json")[1])
    assert given[0]["findings"][0]["finding"] == "cut"


def test_check_the_lists_of_a_request(told, project):
    examples = REPOSITORY / "parameters" / "examples"
    for name in ("iatrogenic_risk", "regional_spending"):
        shutil.copy(examples / f"{name}.yaml", project / "parameters")
    for name in ("iatrogenic_risk.yaml", "2026-014"):
        code, out, _ = told("check", name)
        assert code == 0
        assert {"« avk »", "« aod »", "« major_bleeding »"} <= set(re.findall("« [a-z_]+ »", out))
    code, _, err = told("check", "regional_spending.yaml")
    assert code == 2
    assert "aucune liste de codes" in err


def test_check_against_the_codes_of_a_source(told, monkeypatch, draw_source):
    source = draw_source(
        """
        person_id | arm | start      | days
        1         | AOD | 2021-01-01 | 30
        """
    )
    monkeypatch.setattr(sources, "open", lambda name: source)
    code, out, _ = told("check", "aod", "avk", "--source", "tables")
    assert code == 2
    assert "absent des données\tB01AE07" in out
    assert "ERREUR · Liste « avk »" in out
    assert "aucun code ne correspond aux données (codes des données : B01AF02)" in out


@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        (("diff", "README.md", "x"), 2, "un fichier .csv de colonnes code, label"),
        (("check", "README.md"), 2, "un fichier .csv de colonnes code, label"),
        (("diff", "atc", "x"), 2, "« atc » est un référentiel"),
        (("check", "atc"), 2, "studylib codes diff atc AVANT APRÈS"),
        (("diff", "atc", "2020-01-01", "2021-01-01"), 3, "studylib codes update atc"),
        (("check", "--source", "nope"), 2, "Source « nope » inconnue"),
    ],
)
def test_a_file_a_referential_or_a_source_is_not_taken_for_a_list(told, arguments, exit_code, said):
    code, _, err = told(*arguments)
    assert (code, said in err) == (exit_code, True)
    assert "listes connues" not in err


@pytest.mark.parametrize("name", ["nowhere", "nowhere.csv", "nowhere.yaml"])
def test_check_what_does_not_exist(told, name):
    code, _, err = told("check", name)
    assert code == 2
    assert name.split(".")[0] in err


def test_update_from_a_file_then_again(told, project):
    file = str(project / "atc.csv")
    code, out, _ = told("update", "atc", "--file", file, "--version", "2024-01-01")
    assert code == 0
    assert "atc, version 2024-01-01 ajoutée : 4 lignes, SHA-256" in out
    code, out, _ = told("update", "atc", "--file", file, "--version", "2024-01-01")
    assert "déjà présente, rien de changé" in out
    code, out, err = told("update", "atc", "--file", file)
    assert code == 0
    assert "--version AAAA-MM-JJ" in err
    given = json.loads(told("update", "atc", "--file", file, "--json")[1])
    assert given["new"] is False


def test_update_over_a_loopback_server(told):
    with serving(ATC, "atc.csv") as (state, url):
        state.cuts, state.cut_at = 1, 20
        code, out, _ = told("update", "atc", "--url", url)
        assert code == 0
        assert "4 lignes" in out
        assert state.asked == [None, "bytes=20-"]


@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        (("regions",), 3, "fourni avec studylib"),
        (("cim11",), 2, "cim10"),
        (("cim10",), 3, "--file ou --url"),
        (("cim10", "--file", "nowhere.csv"), 3, "absent"),
        (("atc", "--file", "a", "--url", "http://127.0.0.1/a"), 2, "non les deux"),
        (("atc", "--file", "a", "--version", "hier"), 2, "--version"),
    ],
)
def test_update_refusals(told, arguments, exit_code, said):
    code, _, err = told("update", *arguments)
    assert (code, said in err) == (exit_code, True)


@pytest.mark.parametrize("command", ["list", "search", "show", "diff", "check", "update"])
def test_help_is_in_french(told, command):
    code, out, _ = told(command, "--help")
    assert code == 0
    assert "Affiche cette aide." in out
