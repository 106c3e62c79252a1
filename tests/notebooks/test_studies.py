"""Every study type runs on its example: published, sound, the truth in the interval."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient

from studylib import project, requests, runs
from studylib.errors import DataMissing
from studylib.report import disclosure, page
from studylib.sources import open_data
from studylib.sources.simulated.settings import effects

ROOT = Path(__file__).resolve().parents[2]


def has_data(study: requests.StudyType) -> bool:
    if "open_data" not in study.sources:
        return True
    try:
        return bool(open_data.open().files.size)
    except DataMissing:
        return False


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A project of its own, with the real notebooks and examples and a smaller population."""
    root = tmp_path_factory.mktemp("studies") / "project"  # a "shared" stands beside it
    root.mkdir()
    for folder in ("notebooks", "parameters"):
        shutil.copytree(ROOT / folder, root / folder)
    shutil.copy(ROOT / "requirements.lock", root)
    population = "simulated: {kind: simulated, persons: 250000, regions: ['11', '84']}\n"
    (root / "sources.yaml").write_text(population, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        folders = project.data_folders()
        patch.setenv(project.ROOT_VARIABLE, str(root))
        opened = next((f for f in reversed(folders) if f.is_dir()), None)
        if opened is not None:
            (root.parent / "shared").mkdir()
            (root.parent / "shared" / "data").symlink_to(opened)
        yield root


@pytest.fixture(scope="module", params=sorted(requests.STUDIES))
def ran(request, site):
    study = requests.STUDIES[request.param]
    if not has_data(study):
        pytest.skip(f"the open data of {study.name} are not on this machine (studylib data list)")
    outcomes = runs.carry_out(runs.make([site / study.example]))
    return study, outcomes


def folders(outcomes):
    return [runs.folder_of(outcome.record) for outcome in outcomes]


def test_every_scope_is_published(ran):
    study, outcomes = ran
    assert len(outcomes) == (1 if study.parameters_model.one_scope else 3)
    for outcome in outcomes:
        assert (outcome.status, outcome.publication) == ("réussi", "publié"), outcome.record


def test_pages_pass_their_lints_and_call_nothing_outside(ran):
    _, outcomes = ran
    for outcome in outcomes:
        html = outcome.report.read_text(encoding="utf-8")
        assert page.lint(html) == []
        assert "L'essentiel" in html
        assert not re.search(r"(?:src|href)=\"(?:https?:)?//", html)


def test_the_declared_artefacts_are_there(ran):
    study, outcomes = ran
    for folder in folders(outcomes):
        for name, table in study.artefacts.items():
            frame = pd.read_parquet(folder / "results" / f"{name}.parquet")
            assert set(table.names) <= set(frame.columns)


def test_no_small_count_is_shown_nor_follows_from_the_others(ran):
    _, outcomes = ran
    published = [page.read_tables(folder / "tables") for folder in folders(outcomes)]
    for tables in published:
        for name, frame in tables.items():
            for column in ("persons", "events", "excluded", "arm_count", "reference_count"):
                if column in frame.columns:
                    shown = pd.to_numeric(frame[column], errors="coerce").dropna()
                    assert not shown.between(1, 10).any(), (name, column)
    *regions, whole = published
    for file, frame in whole.items():
        parts = {str(i): tables[file] for i, tables in enumerate(regions) if file in tables}
        if len(parts) == len(regions):
            assert disclosure.exposed_by_parts(parts, frame) == []


def test_a_second_time_nothing_is_done_again(ran, site):
    study, _ = ran
    again = runs.make([site / study.example])
    assert {item.action for item in again.items} == {"none"}


def test_the_planted_hazard_ratio_is_in_the_interval(ran):
    study, outcomes = ran
    if study.name != "iatrogenic_risk":
        pytest.skip("only a simulated source knows the truth")
    ratios = pd.read_parquet(folders(outcomes)[-1] / "results" / "hazard_ratios.parquet")
    rows = ratios[ratios["population"] == "Ensemble"].set_index("analysis")
    planted = effects()["bleeding_aod"]
    assert rows.loc["primary", "ci_low"] < planted < rows.loc["primary", "ci_high"]
    assert rows.loc["crude", "estimate"] < 0.8 * rows.loc["primary", "estimate"], "confounded"


@pytest.mark.parametrize(
    ("name", "artefact", "rows", "planted"),
    [
        (
            "self_controlled",
            "rate_ratios",
            {"nsaids: exposed / unexposed": "bleeding_nsaid"},
            "incidence_rate_ratio",
        ),
        (
            "self_controlled",
            "case_crossover",
            {"nsaids / unexposed": "bleeding_nsaid"},
            "odds_ratio",
        ),
        (
            "sequence_symmetry",
            "sequence_ratios",
            {
                "ace_inhibitors → cough_remedies": "cascade_cough",
                "ace_inhibitors → topical_antifungals": "cascade_none",
            },
            "adjusted_sequence_ratio",
        ),
    ],
    ids=["irr", "crossover", "order"],
)
def test_the_planted_transient_effects_are_in_the_intervals(ran, name, artefact, rows, planted):
    study, outcomes = ran
    if study.name != name:
        pytest.skip("another study")
    found = pd.read_parquet(folders(outcomes)[-1] / "results" / f"{artefact}.parquet")
    found = found[(found["population"] == "Ensemble") & (found["measure"] == planted)]
    for comparison, effect in rows.items():
        row = found[found["comparison"] == comparison].iloc[0]
        assert row["ci_low"] < effects()[effect] < row["ci_high"]
        assert effects()[effect] == 1 or row["ci_low"] > 1


def test_the_synthesis_agrees_with_the_regions_run_one_by_one(ran):
    study, outcomes = ran
    if study.name != "iatrogenic_risk":
        pytest.skip("one table per region, by construction of the data")
    *regions, whole = (
        pd.read_parquet(folder / "results" / "hazard_ratios.parquet")
        for folder in folders(outcomes)
    )
    key = ["analysis", "population"]
    together = whole.set_index(key)["estimate"]
    for region in regions:
        alone = region.set_index(key)["estimate"]
        assert together.loc[alone.index].to_numpy() == pytest.approx(alone.to_numpy())


def test_the_dossier_finds_what_is_true(ran):
    study, outcomes = ran
    if study.name != "validation":
        pytest.skip("only the dossier confronts estimators with truths")
    results = folders(outcomes)[-1] / "results"
    for name in ("published", "by_hand"):
        assert pd.read_parquet(results / f"{name}.parquet")["met"].all()
    coverage = pd.read_parquet(results / "coverage.parquet")
    judged = coverage[~coverage["estimator"].str.startswith("without ")]
    assert judged["within"].all(), judged[~judged["within"]]


def test_papermill_alone_runs_a_study_from_any_folder(site, tmp_path):
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "papermill",
            str(site / "notebooks" / "iatrogenic_risk.ipynb"),
            "out.ipynb",
            "-k",
            "python3",
            "-p",
            "request_file",
            "parameters/examples/iatrogenic_risk.yaml",
            "--no-progress-bar",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    executed = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    shown = str([cell.get("outputs") for cell in executed.cells])
    assert "rapport de risques instantanés (HR)" in shown
    assert "Error" not in shown


def test_run_all_refuses_a_bad_request_in_french(site, tmp_path):
    notebook = nbformat.read(site / "notebooks" / "iatrogenic_risk.ipynb", as_version=4)
    bad = site / "parameters" / "bad.yaml"
    example = (site / "parameters" / "examples" / "iatrogenic_risk.yaml").read_text("utf-8")
    bad.write_text(example.replace('regions: ["11", "84"]', 'regions: ["99"]'), encoding="utf-8")
    cell = next(c for c in notebook.cells if "parameters" in c.metadata.get("tags", []))
    cell.source = cell.source.replace("parameters/examples/iatrogenic_risk.yaml", str(bad))
    client = NotebookClient(notebook, allow_errors=True, timeout=120, kernel_name="python3")
    client.resources = {"metadata": {"path": str(tmp_path)}}
    client.execute()
    told = str([cell.get("outputs") for cell in notebook.cells[:3]])
    assert "RequestError" in told
    assert "code de région" in told or "région" in told
    bad.unlink()
