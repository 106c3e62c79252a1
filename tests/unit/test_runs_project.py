"""From a request to the site: plan, run folders, staleness, publication, interruptions."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import toy_project as toy
from bs4 import BeautifulSoup

from studylib import requests, runs
from studylib.errors import RequestError
from studylib.report import page
from studylib.runs import lock, publish, record, site, staleness

REQUEST = "2026-001"


def make(**settings: Any) -> runs.Plan:
    return runs.make([requests.find(REQUEST)], **settings)


def carried_out(**settings: Any) -> tuple[runs.Outcome, ...]:
    return runs.carry_out(make(**settings), jobs=3)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[runs.Outcome, ...]]:
    root = tmp_path_factory.mktemp("ran")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STUDYLIB_PROJECT", str(root))
        toy.write_project(root, regions=("11", "84"))
        return root, carried_out()


@pytest.fixture
def project(
    ran: tuple[Path, tuple[runs.Outcome, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A copy of a project whose request has run well."""
    root = tmp_path / "project"
    shutil.copytree(ran[0], root)
    monkeypatch.setenv("STUDYLIB_PROJECT", str(root))
    return root


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose request never ran."""
    monkeypatch.setenv("STUDYLIB_PROJECT", str(tmp_path))
    return Path(toy.write_project(tmp_path))


def reasons(plan: runs.Plan, scope: str = "11") -> tuple[str, ...]:
    return next(item.reasons for item in plan.items if item.scope.name == scope)


def actions(plan: runs.Plan) -> set[str]:
    return {item.action for item in plan.items}


def read_record(outcome: runs.Outcome) -> runs.RunRecord:
    assert outcome.record is not None
    return outcome.record


def pages(root: Path) -> list[Path]:
    return sorted((root / "outputs" / "site").glob("*/*/report.html"))


# --- a good run -----------------------------------------------------------------------------------


def test_regions_then_their_synthesis_run_well(
    ran: tuple[Path, tuple[runs.Outcome, ...]],
) -> None:
    outcomes = ran[1]
    assert [outcome.item.scope.name for outcome in outcomes] == ["11", "84", "ensemble"]
    assert {outcome.status for outcome in outcomes} == {"réussi"}
    assert runs.exit_code(outcomes) == 0


def test_each_run_is_told_its_own_scope(project: Path) -> None:
    for entry in runs.entries():
        tables = project / "outputs" / "site" / entry.request / entry.run / "tables"
        assert f"\n{entry.scope};120" in (tables / "effectifs.csv").read_text()


def test_the_record_says_what_went_in_and_came_out(project: Path) -> None:
    folder = record.folder_of(runs.history(REQUEST, "84")[0])
    fields = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert fields["schema"] == 1
    assert fields["status"] == "réussi"
    assert fields["parameters"]["overrides"] == {"region": "84"}
    assert fields["data"]["source"] == "simulated"
    assert fields["data"]["synthetic"] is True
    assert len(fields["data"]["fingerprint"]) == 64
    assert set(fields["sections"]) == {"Étude d'essai", "Lecture", "Calcul", "Résultats"}
    kinds = {each["path"]: each["kind"] for each in fields["artefacts"]}
    assert kinds["executed.ipynb"] == kinds["results/flow.parquet"] == "sensible"
    assert kinds["report.html"] == kinds["tables/effectifs.csv"] == "diffusable"
    assert str(project.parent) not in json.dumps(fields)


def test_the_site_holds_sound_pages_and_its_links_resolve(project: Path) -> None:
    folder = project / "outputs" / "site"
    assert len(pages(project)) == 3
    for html in (*pages(project), folder / "index.html"):
        assert page.lint(html.read_text(encoding="utf-8")) == []
    links = BeautifulSoup((folder / "index.html").read_text(encoding="utf-8"), "html.parser")
    addresses = [a["href"] for a in links.select("main a[href]") if not a["href"].startswith("#")]
    assert len(addresses) == 6
    assert all((folder / address).is_file() for address in addresses)


def test_nothing_hidden_is_left(project: Path) -> None:
    assert list((project / "outputs").rglob("*.part")) == []


# --- staleness ------------------------------------------------------------------------------------


def test_a_second_run_executes_nothing(project: Path) -> None:
    before = sorted((project / "outputs").rglob("run.json"))
    outcomes = carried_out()
    assert {outcome.status for outcome in outcomes} == {"à jour"}
    assert sorted((project / "outputs").rglob("run.json")) == before


def test_a_changed_parameter_makes_it_stale(project: Path) -> None:
    toy.write_request(project, REQUEST, regions=("11", "84"), grace_days=60)
    assert reasons(make()) == ("la demande ou ses paramètres ont changé",)


def test_a_comment_in_the_request_does_not(project: Path) -> None:
    file = project / "parameters" / f"{REQUEST}.yaml"
    file.write_text("# relu\n" + file.read_text(encoding="utf-8"), encoding="utf-8")
    assert actions(make()) == {"none"}


def test_a_changed_notebook_makes_it_stale(project: Path) -> None:
    toy.write_notebook(project, extra=["a = 1"])
    assert reasons(make()) == ("le notebook a changé",)


def test_outputs_stored_in_the_notebook_do_not(project: Path) -> None:
    file = project / "notebooks" / "iatrogenic_risk.ipynb"
    document = json.loads(file.read_text(encoding="utf-8"))
    document["cells"][3]["execution_count"] = 7
    document["cells"][3]["metadata"] = {"collapsed": True}
    file.write_text(json.dumps(document), encoding="utf-8")
    assert actions(make()) == {"none"}


def test_a_changed_lock_makes_it_stale(project: Path) -> None:
    (project / "requirements.lock").write_text("pandas==2.3.3\n")
    assert reasons(make()) == ("les versions des dépendances ont changé",)


@pytest.mark.parametrize("alter", ["remove", "change"])
def test_a_result_removed_or_changed_makes_it_stale(project: Path, alter: str) -> None:
    file = record.folder_of(runs.history(REQUEST, "11")[0]) / "results" / "flow.parquet"
    file.unlink() if alter == "remove" else file.write_bytes(b"x")
    said = "a disparu" if alter == "remove" else "a été modifié"
    assert reasons(make()) == (f"le fichier results/flow.parquet {said}",)
    assert reasons(make(), "84") == ("à jour",)


def test_a_changed_template_alone_renders_without_executing(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staleness, "template_sha256", lambda: "another template")
    rendered = page.render
    monkeypatch.setattr(
        page, "render", lambda *a, **k: rendered(*a, **k).replace("</main>", "<p>Neuf</p></main>")
    )
    plan = make()
    assert actions(plan) == {"render"}
    outcomes = runs.carry_out(plan)
    assert not any(outcome.executed for outcome in outcomes)
    assert all("Neuf" in file.read_text(encoding="utf-8") for file in pages(project))
    assert actions(make()) == {"none"}


def test_a_page_removed_by_hand_is_rendered_again(project: Path) -> None:
    (record.folder_of(runs.history(REQUEST, "11")[0]) / "report.html").unlink()
    assert reasons(make()) == ("la page a disparu",)
    runs.carry_out(make())
    assert actions(make()) == {"none"}


def test_a_site_removed_is_published_again_without_executing(project: Path) -> None:
    published = [file.relative_to(project) for file in pages(project)]
    shutil.rmtree(project / "outputs" / "site")
    assert not any(outcome.executed for outcome in carried_out())
    assert [file.relative_to(project) for file in pages(project)] == published


def test_only_the_scopes_asked_for_are_planned(project: Path) -> None:
    assert [item.scope.name for item in make(regions=["84"]).items] == ["84"]
    assert [item.scope.name for item in make(regions=["ensemble"]).items] == ["ensemble"]
    with pytest.raises(RequestError, match="32"):
        make(regions=["32"])


def test_the_command_of_an_item_plans_just_that_one(project: Path) -> None:
    item = make().items[1]
    assert item.command == f"studylib run {REQUEST} --region 84"


def test_problems_of_several_requests_are_told_together(project: Path) -> None:
    files = [toy.write_request(project, f"2026-00{n}", regions=("99",)) for n in (2, 3)]
    with pytest.raises(RequestError) as refused:
        runs.make(files)
    assert {problem.file for problem in refused.value.problems} == {
        "parameters/2026-002.yaml",
        "parameters/2026-003.yaml",
    }


# --- what goes wrong ------------------------------------------------------------------------------


def test_a_failed_run_keeps_the_good_report(project: Path) -> None:
    published = {file: file.read_bytes() for file in pages(project)}
    toy.write_notebook(project, extra=["total = 1 / 0"])
    (outcome,) = carried_out(regions=["11"])
    failed = read_record(outcome)
    assert (outcome.status, outcome.exit_code) == ("échec", 1)
    assert failed.failure is not None
    assert failed.failure.section == "Calcul"
    assert {file: file.read_bytes() for file in pages(project)} == published
    folder = record.folder_of(failed)
    assert "Exécution incomplète, non publiable" in (folder / "error.html").read_text("utf-8")
    assert not (folder / "report.html").exists()
    assert "ZeroDivisionError" in (folder / "run.log").read_text("utf-8")
    toy.write_notebook(project)
    assert reasons(make()) == ("à jour",)


def test_absent_data_has_its_own_status(fresh: Path) -> None:
    toy.write_notebook(
        fresh, extra=["from studylib.errors import DataMissing\nraise DataMissing('Où : ici.')"]
    )
    (outcome,) = carried_out()
    assert (outcome.status, outcome.exit_code) == ("données absentes", 3)
    assert pages(fresh) == []


def test_a_saisine_without_dates_runs_but_is_not_published(fresh: Path) -> None:
    toy.write_request(fresh, REQUEST, kind="saisine")
    (outcome,) = carried_out()
    assert (outcome.status, outcome.publication, outcome.exit_code) == ("réussi", "refusé", 4)
    assert "R1413-90" in read_record(outcome).refusals[0]
    assert pages(fresh) == []
    assert outcome.report is not None
    assert outcome.report.is_file()
    (again,) = carried_out()
    assert (again.executed, again.exit_code) == (False, 4)


def test_text_printed_by_a_cell_is_refused_by_the_gate(fresh: Path) -> None:
    toy.write_notebook(fresh, extra=["print('patient 12')"])
    (outcome,) = carried_out()
    broken = [rule.rule for rule in read_record(outcome).gate if not rule.passed]
    assert broken == ["Aucune sortie brute"]
    assert outcome.exit_code == 4
    assert pages(fresh) == []


def test_a_replaced_version_stays_reachable_and_says_so(project: Path) -> None:
    old = runs.history(REQUEST, "11")[0].run
    (outcome,) = carried_out(regions=["11"], force=True)
    new = read_record(outcome).run
    html = (project / "outputs" / "site" / REQUEST / old / "report.html").read_text("utf-8")
    assert f"Version remplacée par {new}" in html
    index = runs.index().read_text("utf-8")
    assert f'href="{REQUEST}/{old}/report.html"' in index
    assert {e.run: e.superseded_by for e in runs.entries() if e.scope == "11"} == {
        new: "",
        old: new,
    }
    assert read_record(outcome).predecessor == old


def test_two_runs_of_one_scope_do_not_collide(fresh: Path) -> None:
    plan = make()
    with lock.on_scope(record.runs_folder(REQUEST), REQUEST, "11"):
        (outcome,) = runs.carry_out(plan)
    assert "déjà en cours" in outcome.problem
    assert outcome.exit_code == 1
    assert list((fresh / "outputs").rglob("run.json")) == []


def test_an_unfinished_run_of_a_dead_process_was_interrupted(project: Path) -> None:
    good = runs.history(REQUEST, "11")[0]
    shutil.rmtree(record.folder_of(good))
    left = record.runs_folder(REQUEST) / ".11-20990101-000000-dead.part"
    left.mkdir()
    dead = {"pid": good.process["pid"], "started": 1.0}
    record.write(good.replace(run="x", status="en cours", process=dead), left)
    assert reasons(make()) == ("la dernière exécution a été interrompue",)
    (outcome,) = carried_out(regions=["11"])
    assert outcome.status == "réussi"
    assert not left.exists()


def test_a_run_finished_but_not_renamed_does_not_count(project: Path) -> None:
    good = runs.history(REQUEST, "11")[0]
    folder = record.folder_of(good)
    folder.rename(folder.with_name(f".{good.run}.part"))
    assert reasons(make()) == ("la dernière exécution a été interrompue",)


def test_leftovers_beside_the_site_are_removed(project: Path) -> None:
    left = project / "outputs" / ".site-11-x.part"
    left.mkdir()
    (left / "report.html").write_text("<html>")
    assert publish.rebuild() == site.index()
    assert not left.exists()


def test_an_unreadable_record_is_not_a_run(project: Path) -> None:
    folder = record.folder_of(runs.history(REQUEST, "11")[0])
    (folder / "run.json").write_text('{"schema": 1, "run":')
    assert reasons(make()) == ("jamais exécuté",)
