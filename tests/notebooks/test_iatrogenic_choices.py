"""The study of harm with every design and doubt it may be asked for, on few persons."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from studylib import project, runs
from studylib.report import page

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = "parameters/examples/iatrogenic_risk.yaml"
ALL = {
    "  # positive_controls: {ratios: [1.5, 2, 4], seed: 20260302}": (
        "  positive_controls: {ratios: [1.5, 4], seed: 7, fewest_events: 5}"
    ),
    "    method: overlap ": (
        "    score: high_dimensional\n    fewest_persons: 20\n    per_domain: 10\n    kept: 10\n"
        "    seed: 1\n    method: overlap "
    ),
    "    predictive_values: [0.8, 0.9, 1]": "    differential: oui\n    specificities: [0.99, 1]",
}
GATES = ("balance", "equipoise", "mdrr", "systematic_error", "person_time")
OPENED = "".join(
    f'    - {{gate: {gate}, by: "Essai", on: 2026-05-04, reason: "Essai sur peu de personnes."}}\n'
    for gate in GATES
)
DECISIONS = {
    "open": f"  opened_gates:\n{OPENED}",
    "closed": "  gates: {largest_ease: 0.000001}\n",
}
# What few persons have: a covariate of some of them would separate the groups.
RARE = ("liver_disease", "hypertension", "cancer", "stroke", "anaemia", "alcohol_disorders", "ssri")
FEW = ("chest_pain", "inguinal_hernia", "gallstones", "carpal_tunnel")
HELD = ("designs", "competing_risks", "risk_differences", "recalibrated", "misclassification")


@pytest.fixture(scope="module", params=sorted(DECISIONS))
def ran(request, tmp_path_factory):
    """One region of a project of its own, its example with every choice made."""
    root = tmp_path_factory.mktemp("choices")
    for folder in ("notebooks", "parameters"):
        shutil.copytree(ROOT / folder, root / folder)
    shutil.copy(ROOT / "requirements.lock", root)
    population = "simulated: {kind: simulated, persons: 80000, regions: ['11', '84']}\n"
    (root / "sources.yaml").write_text(population, encoding="utf-8")
    text = (root / EXAMPLE).read_text("utf-8")
    for old, new in {**ALL, **{f"    - {name}\n": "" for name in (*RARE, *FEW)}}.items():
        assert old in text
        text = text.replace(old, new)
    main, _, _ = text.partition("  sensitivity:")
    (root / EXAMPLE).write_text(main + DECISIONS[request.param], encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(project.ROOT_VARIABLE, str(root))
        (outcome,) = runs.carry_out(runs.make([root / EXAMPLE], regions=["11"]))
        yield request.param, outcome, runs.folder_of(outcome.record)


def test_it_is_published_and_nothing_small_is_shown(ran):
    _, outcome, folder = ran
    assert (outcome.status, outcome.publication) == ("réussi", "publié"), outcome.record
    assert page.lint(outcome.report.read_text(encoding="utf-8")) == []
    for name, frame in page.read_tables(folder / "tables").items():
        for column in ("persons", "events"):
            if column in frame.columns:
                shown = pd.to_numeric(frame[column], errors="coerce").dropna()
                assert not shown.between(1, 10).any(), (name, column)


def test_every_choice_has_its_results(ran):
    decision, _, folder = ran
    kept = {name: pd.read_parquet(folder / "results" / f"{name}.parquet") for name in HELD}
    assert set(kept["designs"]["analysis"]) == {"primary", "nested_case_control", "time_varying"}
    assert len(kept["competing_risks"]) == 4
    assert set(kept["recalibrated"]["analysis"]) == {"primary", "calibrated", "recalibrated"}
    assert len(kept["misclassification"]) == 36, "six records, any two of them"
    assert len(pd.read_parquet(folder / "results" / "selected_codes.parquet"))
    for name, frame in kept.items():
        seen = frame["estimate"].notna()
        assert seen.any() if decision == "open" else not seen.any(), name
    tipping = pd.read_parquet(folder / "results" / "tipping_points.parquet")
    assert tipping.empty == (decision == "closed")


def test_a_closed_gate_is_the_reason_shown(ran):
    decision, outcome, _ = ran
    html = outcome.report.read_text(encoding="utf-8")
    assert ("retenu\u00a0: " in html) == (decision == "closed")
    assert ("erreur systématique non" in html) == (decision == "closed")
