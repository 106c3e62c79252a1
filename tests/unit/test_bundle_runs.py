"""Bundles exported from finished runs, and the request that pools them."""

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from test_bundles import few_in_arm, region, results

from studylib import requests, risk, runs
from studylib.cli import main
from studylib.errors import RequestError, StudyError
from studylib.report import bundle
from studylib.runs import bundles, record, staleness
from studylib.runs.record import RunRecord

ROOT = Path(__file__).resolve().parents[2]
POOLED = "parameters/examples/pooled_synthesis.yaml"


@pytest.fixture
def project(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    shutil.copy(ROOT / "requirements.lock", tmp_path)
    shutil.copytree(ROOT / "parameters" / "examples", tmp_path / "parameters" / "examples")
    monkeypatch.setenv("STUDYLIB_PROJECT", str(tmp_path))
    return tmp_path


def finished(project, code="84", *, persons=None, example="iatrogenic_risk", kept=None, **changes):
    """A run of the example on one region, as a good one leaves it, with the tables ``kept``."""
    request = requests.read(f"parameters/examples/{example}.yaml", {"region": code})
    label = request.scope.label
    run = RunRecord(
        run=f"{code}-1",
        request=request.id,
        title=request.title,
        scope=code,
        scope_label=label,
        period="",
        regions=(code,),
        study=request.study,
        status=record.GOOD,
        start="2026-03-09T10:00:00.000+01:00",
        key="k",
        components={},
        process={},
        parameters={"resolved": request.resolved()},
        code={"studylib": "0.1.0", "library_sha256": "l"},
        data={"synthetic": True, "fingerprint": "f"},
    ).replace(**changes)
    folder = project / "outputs" / request.id / run.run
    (folder / "results").mkdir(parents=True)
    record.write(run, folder)
    names = {"profiles": "profile", "estimates": "hazard_ratios"}
    if kept is None:
        kept = results(region(int(code)) if persons is None else persons, label)
    for name, frame in kept.items():
        frame.to_parquet(folder / "results" / f"{names.get(name, name)}.parquet")
    return run


def test_the_bundle_of_a_run_is_received_by_the_same_request(project):
    run = finished(project)
    (file,) = bundles.export(run.request, ["84"])
    assert file == project / "outputs" / run.request / "bundles" / "2026-014-84.json"
    request = requests.read("parameters/examples/iatrogenic_risk.yaml")
    known = bundle.fingerprint(request.resolved())
    assert bundle.faults(file, request="2026-014", fingerprint=known) == []
    changed = requests.read(
        "parameters/examples/iatrogenic_risk.yaml", {"parameters.grace_days": 45}
    )
    other = bundle.fingerprint(changed.resolved())
    assert "autres paramètres" in bundle.faults(file, fingerprint=other)[0]
    received = bundle.read([file])
    assert received.sites["site"].tolist() == ["Auvergne-Rhône-Alpes"]
    assert len(received.profiles)
    assert len(received.incidence) == 2


def test_rates_kept_only_to_judge_a_profile_are_not_sent(project):
    run = finished(project)
    folder = project / "outputs" / run.request / run.run / "results"
    shutil.copy(folder / "incidence.parquet", folder / f"{bundles.ARM_EVENTS}.parquet")
    withheld = pd.read_parquet(folder / "incidence.parquet")
    gates = risk.Gates((risk.check_mdrr(region(84), reference="B", thresholds=_strict()),))
    assert gates.closed
    gates.release_incidence(withheld).to_parquet(folder / "incidence.parquet")
    (file,) = bundles.export(run.request, ["84"])
    content = json.loads(file.read_text("utf-8"))
    assert "profiles" in content["tables"]
    rows = content["tables"]["incidence"]["rows"]
    assert len(rows) == 1
    assert "all_arms" in rows[0]


def _strict():
    return risk.Thresholds(largest_mdrr=1.01)


def test_what_may_not_be_sent_is_said(project):
    with pytest.raises(StudyError, match="studylib run 2026-014 --region 84"):
        bundles.export("2026-014", ["84"])
    run = finished(project, obstacles=("la date manque.",))
    with pytest.raises(StudyError, match="publiable"):
        bundles.export(run.request, ["84"])
    finished(project, "11", persons=few_in_arm("A", 5))
    with pytest.raises(SystemExit) as left:
        main(["bundle", "export", "2026-014", "--region", "11", "--to", str(project)])
    assert left.value.code == 0
    content = json.loads((project / "2026-014-11.json").read_text("utf-8"))
    assert "profiles" not in content["tables"]


def test_the_command_line_tells_good_bundles_from_bad_ones(project, capsys):
    run = finished(project)
    (file,) = bundles.export(run.request, ["84"], folder=project)
    for words, code in ((["--request", "2026-014"], 0), (["--request", "2026-099"], 2)):
        with pytest.raises(SystemExit) as left:
            main(["bundle", "check", str(file), *words])
        assert left.value.code == code
    assert "répond à la demande 2026-014" in capsys.readouterr().out
    with pytest.raises(SystemExit) as left:
        main(["bundle", "export", "2026-014", "--region", "93"])
    assert left.value.code == 2


def test_a_synthesis_has_one_scope_and_knows_its_files(project):
    request = requests.read(POOLED)
    assert [scope.name for scope in request.scopes()] == ["ensemble"]
    assert len(request.parameters.files()) == len(request.regions)
    before = staleness.components(request, request.scope)["data"]
    file = request.parameters.files()[0]
    file.write_text(file.read_text("utf-8") + " ", encoding="utf-8")
    assert staleness.components(request, request.scope)["data"] != before
    assert len(runs.make([project / POOLED]).items) == 1


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("/etc/passwd.json", "racine du projet"),
        ("../a.json", "racine du projet"),
        ("parameters/a.csv", "racine du projet"),
        ("parameters/absent.json", "n'existe pas"),
    ],
)
def test_a_bundle_that_is_not_a_file_of_the_project_is_refused(project, written, told):
    text = (project / POOLED).read_text("utf-8")
    text = re.sub(r"parameters/examples/bundles/2026-014-11.json", written, text)
    (project / "parameters" / "mine.yaml").write_text(
        text.replace("id: 2026-037", "id: 2026-900"), "utf-8"
    )
    with pytest.raises(RequestError) as refused:
        requests.read("parameters/mine.yaml")
    (fault,) = refused.value.problems
    assert fault.field == "parameters.bundles[0]" or "bundles" in fault.field
    assert told in fault.accepted


def test_the_bundles_of_the_example_are_receivable():
    request = requests.read(ROOT / POOLED)
    received = bundle.read(request.parameters.files(), request=request.parameters.answered)
    assert received.synthetic
    assert len(received.sites) == 5
