"""A gate that is not passed empties what depends on it, everywhere; opening one is an act."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from studylib import report, risk, tables
from studylib.errors import EstimationError
from studylib.report import context
from studylib.risk.doubt import calibrated, empirical_null
from studylib.risk.gates import GATES, Gates, Thresholds, measured
from studylib.risk.gates.checks import (
    check_mdrr,
    check_mdrr_self_controlled,
    check_person_time,
    check_prevalence_drift,
    check_systematic_error,
)
from studylib.tables import CheckResult


def persons(size=2000, seed=3):
    draw = np.random.default_rng(seed)
    arm = np.where(draw.random(size) < 0.45, "A", "B")
    wait = draw.exponential(1 / (0.002 * np.where(arm == "A", 1.73, 1)))
    time = np.ceil(np.minimum(wait, 180)).astype(int)
    return pd.DataFrame(
        {
            "person_id": range(size),
            "arm": arm,
            "entry": 0,
            "exit": time,
            "event": wait <= 180,
            "exit_reason": np.where(wait <= 180, "outcome", "end_of_follow_up"),
        }
    )


FOLLOW_UP = persons()
FEW = FOLLOW_UP.assign(event=[i < 4 for i in range(len(FOLLOW_UP))])
LOPSIDED = FOLLOW_UP.assign(arm=["A" if i < 20 else "B" for i in range(len(FOLLOW_UP))])
YEARS = pd.DataFrame({"year": [2021, 2022, 2023], "persons": [900, 950, 2400], "observed": 10_000})


def stand_in(name, *, evaluated=True):
    table = measured([{"subject": "A / B", "statistic": name, "value": 0.3, "at_most": 0.1}])
    return CheckResult(name, False if evaluated else None, table, "non tenu.", evaluated=evaluated)


VIOLATIONS = {
    "mdrr": check_mdrr(FEW, reference="B", thresholds=Thresholds(largest_mdrr=3)),
    "systematic_error": check_systematic_error(
        empirical_null([0.9, 1.0, 1.1, 0.8, 1.2, 1.3], [0.1] * 6)
    ),
    "person_time": check_person_time(LOPSIDED, reference="B"),
    "prevalence_drift": check_prevalence_drift(YEARS),
    **{
        name: stand_in(name)
        for name in (
            "balance",
            "equipoise",
            "positivity",
            "event_dependent_exposure",
            "event_dependent_observation",
            "rare_outcome",
            "time_stability",
        )
    },
    "not_evaluated": check_systematic_error(empirical_null([0.1, 0.2], [0.1, 0.1])),
}


@pytest.fixture
def run_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("STUDYLIB_RUN_FOLDER", str(tmp_path))
    context.start()
    yield tmp_path
    context.start()


def written(folder, gates):
    """Everything a run would leave of one comparison: pages, tables and results, as text."""
    ratios = gates.release(risk.hazard_ratio(FOLLOW_UP, outcome="o", reference="B"))
    rates = gates.release_incidence(risk.incidence_rate(FOLLOW_UP, outcome="o"))
    curves = gates.release_curves(risk.cumulative_incidence(FOLLOW_UP))
    exits = gates.release_exits(
        FOLLOW_UP.groupby(["arm", "exit_reason"]).size().rename("persons").reset_index()
    )
    alt = "Une ligne par groupe comparé, avec son intervalle de confiance."
    pieces = [
        report.gates(gates),
        report.table(ratios, tables.ESTIMATES, caption="Rapports"),
        report.table(rates, tables.ESTIMATES, caption="Incidence"),
        report.table(exits, tables.EXITS, caption="Sorties"),
        report.forest(ratios, caption="Rapports comparés", alt=alt),
        report.survival_curves(curves, caption="Incidence cumulée", alt=alt),
        report.sentences(ratios),
        report.key_figures({"Rapport": (ratios.iloc[0], "estimate")}),
    ]
    for name, frame, schema in (
        ("ratios", ratios, tables.ESTIMATES),
        ("rates", rates, tables.ESTIMATES),
        ("curves", curves, tables.CURVES),
        ("exits", exits, tables.EXITS),
    ):
        kept = report.keep(frame, schema, name)
        (folder / f"{name}.json").write_text(kept.to_json(orient="records"), encoding="utf-8")
    (folder / "page.html").write_text("".join(one.html for one in pieces), encoding="utf-8")
    files = [*folder.rglob("*.csv"), *folder.rglob("*.html"), *folder.rglob("*.json")]
    parquet = [pd.read_parquet(each).to_csv() for each in folder.rglob("*.parquet")]
    told = "\n".join([*(each.read_text("utf-8-sig") for each in files), *parquet])
    return told.replace("\u202f", "")


def told_values():
    """What must not be found: the effect, and what by arm would give it back."""
    ratio = risk.hazard_ratio(FOLLOW_UP, outcome="o", reference="B").iloc[0]
    rates = risk.incidence_rate(FOLLOW_UP, outcome="o")
    effect = [float(ratio[name]) for name in ("estimate", "ci_low", "ci_high")]
    shown = [f"{one:.2f}" for one in effect] + [f"{one:.1f}" for one in rates["estimate"]]
    raw = [str(one)[:6] for one in (*effect, *rates["estimate"])]
    counts = FOLLOW_UP.groupby("arm")["event"].sum()
    return [*(one.replace(".", ",") for one in shown), *raw], counts


@pytest.mark.parametrize("name", VIOLATIONS)
def test_a_violation_of_each_gate_is_nowhere_seen(run_folder, name):
    one = VIOLATIONS[name]
    assert (one.passed is False) or not one.evaluated
    text = written(run_folder, Gates((one,)))
    secret, counts = told_values()
    assert [value for value in secret if value in text] == []
    for count in counts:
        assert f">{count}<" not in text
        assert f";{count}" not in text
        assert f":{count}," not in text
    assert "retenu" in text
    expected = "non évalué" if name == "not_evaluated" else "non satisfait"
    assert expected in text


def test_the_same_numbers_are_seen_when_gates_are_passed(run_folder):
    """The witness of the test above: it looks for what a report does show."""
    text = written(run_folder, Gates((check_mdrr(FOLLOW_UP, reference="B"),)))
    secret, counts = told_values()
    assert [value for value in secret if value not in text] == []
    assert all(f":{count}," in text for count in counts)
    assert "retenu" not in text


def test_a_gate_not_evaluated_is_not_passed():
    gates = Gates((stand_in("equipoise", evaluated=False),))
    assert gates.closed
    assert gates.reason == "withheld=equipoise; not_evaluated=equipoise"
    assert gates.table()["verdict"].tolist() == ["not_evaluated"]
    informs = CheckResult("positivity", None, pd.DataFrame(), "pour information")
    assert not Gates((informs,)).closed


def test_power_alone_withholds_but_may_be_pooled():
    weak, biased = VIOLATIONS["mdrr"], VIOLATIONS["systematic_error"]
    assert Gates((weak,)).closed
    assert Gates((weak,)).poolable
    assert not Gates((weak,)).for_pooling().closed
    both = Gates((weak, biased))
    assert not both.poolable
    assert both.for_pooling().closed_by == ("systematic_error",)
    ratios = risk.hazard_ratio(FOLLOW_UP, outcome="o", reference="B")
    assert Gates((weak,)).release(ratios)["estimate"].isna().all()
    pd.testing.assert_frame_equal(Gates((weak,)).for_pooling().release(ratios), ratios)


def test_the_checks_of_another_analysis_are_added():
    balanced = CheckResult("balance", True, measured([]), "équilibré.")
    assert not Gates((balanced,)).with_checks([balanced]).closed
    assert Gates((balanced,)).with_checks([stand_in("balance")]).closed
    assert Gates((stand_in("balance"),)).with_checks([balanced]).closed


def test_a_profile_is_released_whole_or_not_at_all():
    profile = risk.likelihood_profile(FOLLOW_UP, outcome="o", reference="B")
    assert Gates((VIOLATIONS["mdrr"],)).release_profile(profile).empty
    kept = Gates((VIOLATIONS["mdrr"],)).for_pooling().release_profile(profile)
    pd.testing.assert_frame_equal(kept, profile)


def test_opening_one_gate_opens_no_other():
    gates = Gates((stand_in("balance"), stand_in("equipoise")), opened=("balance",))
    assert gates.closed_by == ("equipoise",)
    assert gates.table()["verdict"].tolist() == ["opened", "failed"]
    opened = Gates(gates.checks, opened=("balance", "equipoise"))
    assert not opened.closed
    assert "Contrôles levés" in report.gates(opened).text


def test_what_happened_in_an_arm_is_not_told_by_the_reason_itself():
    none = FOLLOW_UP.assign(event=FOLLOW_UP["event"] & (FOLLOW_UP["arm"] == "B"))
    ratios = risk.hazard_ratio(none, outcome="o", reference="B")
    assert "not_estimable=no outcome in A" in ratios["method"].item()
    assert "no outcome" not in Gates((stand_in("balance"),)).release(ratios)["method"].item()


def test_withheld_estimates_stay_out_of_calibration_and_of_its_null():
    ratios = risk.hazard_ratio(FOLLOW_UP, outcome="o", reference="B")
    kept = Gates((stand_in("balance"),)).release(ratios)
    controls = pd.concat([ratios.assign(outcome=f"c{i}") for i in range(7)])
    assert calibrated(kept, controls)["estimate"].isna().all()
    held = Gates((stand_in("balance"),)).release(controls.head(2))
    found = calibrated(ratios, pd.concat([controls.iloc[2:], held])).iloc[0]
    assert "negative_controls=5; excluded_controls=2" in found["method"]


def test_what_gates_measured_is_laid_out_alike():
    found = Gates(tuple(VIOLATIONS[name] for name in ("mdrr", "person_time", "balance"))).table()
    tables.check(found, GATES)
    assert found["gate"].tolist() == ["mdrr", "person_time", "balance"]
    assert found["value"].notna().all()
    told = pd.DataFrame(
        [{"comparison": "A: before / none", "estimate": 1.2, "ci_low": 0.9, "ci_high": 1.5}]
    ).assign(persons=40, events=50)
    series = Gates((CheckResult("event_dependent_exposure", True, told, "bon."),)).table().iloc[0]
    assert (series["value"], series["events"]) == (1.2, 50)
    odd = CheckResult("other", False, pd.DataFrame({"x": [1]}), "non.")
    assert Gates((odd,)).table()["value"].isna().all()


def test_few_outcomes_do_not_show_through_the_power(run_folder):
    text = report.gates(Gates((VIOLATIONS["mdrr"],))).text
    assert "masqué" in text
    value = VIOLATIONS["mdrr"].table["value"].item()
    assert f"{value:.2f}".replace(".", ",") not in text


@pytest.mark.parametrize(
    ("check", "passed"),
    [
        (lambda: check_mdrr(FOLLOW_UP, reference="B"), True),
        (lambda: check_mdrr(FOLLOW_UP.assign(event=False), reference="B"), False),
        (lambda: check_mdrr_self_controlled(0.1, 400), True),
        (lambda: check_mdrr_self_controlled(0.1, 2), False),
        (lambda: check_person_time(FOLLOW_UP, reference="B"), True),
        (lambda: check_person_time(FOLLOW_UP, reference="B", arms=["A", "B", "C"]), False),
        (lambda: check_prevalence_drift(YEARS.assign(persons=[900, 950, 930])), True),
        (lambda: check_prevalence_drift(YEARS.assign(persons=[4, 5, 9])), True),
        (lambda: check_prevalence_drift(YEARS.head(1)), None),
        (lambda: check_systematic_error(empirical_null([0.1] * 25, [0.1] * 25)), True),
    ],
)
def test_verdicts(check, passed):
    assert check().passed is passed


def test_the_power_looks_at_no_outcome_by_arm():
    """Which arm the outcomes fall in changes nothing."""
    moved = FOLLOW_UP.assign(event=FOLLOW_UP["event"].sample(frac=1, random_state=1).to_numpy())
    one, other = (check_mdrr(each, reference="B").table for each in (FOLLOW_UP, moved))
    pd.testing.assert_frame_equal(one, other)


def test_drift_needs_its_columns():
    with pytest.raises(EstimationError, match="observed"):
        check_prevalence_drift(YEARS.drop(columns="observed"))


def test_an_opening_is_printed_at_the_head_of_the_page():
    from datetime import date

    from studylib.requests.gates import Opening

    opening = Opening(
        gate="balance",
        by="Dr Martin, responsable",
        on=date(2026, 3, 9),
        reason="Effectif complet de la région, sans autre comparateur possible.",
    )
    request = SimpleNamespace(
        source="simulated",
        parameters=SimpleNamespace(opened_gates=(opening,)),
        publication_obstacles=lambda: (),
        days_late=lambda on: 0,
    )
    told = report.banners(request)
    assert any(
        "Équilibre des groupes" in one and "Dr Martin" in one and "9 mars 2026" in one
        for one in told
    ), told
    assert "sans autre comparateur" in " ".join(told)
    assert json.loads(opening.model_dump_json())["by"] == "Dr Martin, responsable"


CLOSED = Gates((stand_in("balance"),))


def test_the_pairs_of_several_arms_do_not_tell_the_outcomes_of_one():
    # A + R, C + R and all three together would be three equations for three unknowns
    three = FOLLOW_UP.assign(arm=["A", "C", "R"] * 666 + ["A", "C"])
    rows = risk.hazard_ratio(three, outcome="o", reference="R", gates=CLOSED)
    assert rows["events"].isna().all()
    assert rows["person_years"].isna().all()
    together = CLOSED.release_incidence(risk.incidence_rate(three, outcome="o"))
    assert together["events"].tolist() == [int(three["event"].sum())]
    assert "withheld=balance" in together["method"].item()


def test_the_window_of_a_case_series_does_not_tell_its_ratio():
    cases = pd.DataFrame({"person_id": range(40), "start": 0, "end": 400})
    use = cases.assign(drug="A", start=100, end=130)
    struck = cases[["person_id"]].assign(day=[110 if i < 15 else 10 * i for i in range(40)])
    windows = [risk.Window("exposed", 0, 29, last_from="start")]
    series = risk.case_series(cases, use, struck, windows=windows)
    row = risk.self_controlled_case_series(series, outcome="o", gates=CLOSED).iloc[0]
    assert row[["estimate", "events", "person_years"]].isna().all()


def test_attributable_cases_do_not_tell_the_outcomes_of_an_arm():
    ratios = risk.hazard_ratio(FOLLOW_UP, outcome="o", reference="B")
    stays = pd.DataFrame(
        {"population": "", "arm": ["A", "B"], "persons": [900, 1100], "events": [300, 250],
         "days": [3000.0, 2500.0], "days_squared": [40_000.0, 30_000.0]}
    )  # fmt: skip
    held = risk.attributable(ratios, stays, gates=CLOSED)
    assert len(held)
    assert held[["observed", "estimate", "events"]].isna().all(axis=None)
    assert held["method"].str.contains("withheld=balance").all()


def test_a_series_without_the_window_that_would_tell_is_held_back():
    cases = pd.DataFrame({"person_id": range(40), "start": 0, "end": 400})
    use = cases.assign(drug="A", start=100, end=130)
    struck = cases[["person_id"]].assign(day=[10 * i for i in range(40)])
    windows = [risk.Window("exposed", 0, 29, last_from="start")]
    series = risk.case_series(cases, use, struck, windows=windows)
    gates = risk.case_series_gates(series, observed_persons=10_000)
    assert "event_dependent_exposure" in gates.closed_by
    opened = risk.case_series_gates(
        series, observed_persons=10_000, opened=["event_dependent_exposure"]
    )
    assert "event_dependent_exposure" not in opened.closed_by
