"""A case series is bundled, checked and pooled like a cohort, and gives no small cell away."""

import numpy as np
import pandas as pd
import pytest
from test_bundle_runs import finished, project  # noqa: F401  # a fixture
from test_bundles import SITES, identity

from studylib import risk
from studylib.errors import StudyError
from studylib.report import bundle
from studylib.risk import pooling, self_controlled
from studylib.risk.gates import Gates
from studylib.runs import bundles
from studylib.tables import CheckResult

WINDOW = "nsaid: exposed / unexposed"
WINDOWS = [risk.Window("exposed"), risk.Window("pre_exposure", -20, -1, "start", "start")]


def series(inside, before, outside, unexposed=50):
    """Cases of 1,000 days, 30 of them exposed, by where their one event falls."""
    days = [505] * inside + [490] * before + [100] * outside
    users = len(days)
    persons = range(users + unexposed)
    cases = pd.DataFrame({"person_id": persons, "start": 0, "end": 1000})
    use = pd.DataFrame({"person_id": range(users), "drug": "nsaid", "start": 500, "end": 530})
    events = pd.DataFrame({"person_id": persons, "day": days + [300] * unexposed})
    return risk.case_series(cases, use, events, windows=WINDOWS)


def results(made, site=SITES[0], gates=None):
    gates = gates or Gates(())
    named = {"outcome": "o"}
    sent = {
        "profiles": self_controlled.likelihood_profile(made, **named, gates=gates.for_pooling()),
        "estimates": risk.self_controlled_case_series(made, **named, gates=gates),
    }
    by_window = self_controlled.profile_events(made, **named, gates=gates.for_pooling())
    sent = {name: table.assign(population=site) for name, table in sent.items()}
    return sent, by_window.assign(population=site)


def made(*counts, **choices):
    sent, by_window = results(series(*counts))
    return bundle.bundle(identity(), sent, arm_events=by_window, **choices)


def profiled(content):
    table = content["tables"].get("profiles", {"rows": [], "columns": ["comparison"]})
    return {row[table["columns"].index("comparison")] for row in table["rows"]}


def test_a_profile_says_who_it_rests_on():
    """Cases never exposed tell nothing of the window: 30 + 12 + 60 do."""
    profile = self_controlled.likelihood_profile(series(30, 12, 60), outcome="o")
    assert set(profile["events"]) == set(profile["persons"]) == {102}


@pytest.mark.parametrize(
    ("counts", "sent"),
    [
        ((30, 12, 60), True),
        ((0, 12, 60), True),  # none in the window: it would bias the synthesis to leave it out
        ((5, 12, 60), False),
        ((30, 0, 8), False),  # 8 elsewhere
        ((30, 12, 8), False),  # 20 elsewhere, of which 12 are shown: 8 are left
        ((30, 4, 8), True),  # 12 elsewhere, of which none is shown
    ],
)
def test_a_window_that_would_give_a_small_cell_keeps_its_profile(counts, sent, tmp_path):
    content = made(*counts)
    assert (WINDOW in profiled(content)) is sent
    assert bundle.faults(bundle.write(content, tmp_path / "a.json")) == []
    if not sent:
        assert any(WINDOW in told for told in content["withheld"])
        assert WINDOW in profiled(made(*counts, arm_rule="whole"))


def test_without_its_windows_a_profile_cannot_be_judged():
    sent, by_window = results(series(30, 12, 60))
    content = bundle.bundle(identity(), sent, arm_events=by_window.iloc[:0])
    assert profiled(content) == set()
    assert "inconnu" in content["withheld"][0]


def test_what_a_closed_gate_withholds_is_not_sent_power_apart():
    failed = {name: CheckResult(name, False, pd.DataFrame(), "x") for name in ("mdrr", "pre")}
    sent, by_window = results(series(30, 12, 60), gates=Gates((failed["pre"],)))
    assert sent["profiles"].empty
    assert by_window.empty
    content = bundle.bundle(identity(), sent, arm_events=by_window)
    table = content["tables"]["estimates"]
    values = [row[table["columns"].index("estimate")] for row in table["rows"]]
    assert values == [None, None]
    sent, by_window = results(series(30, 12, 60), gates=Gates((failed["mdrr"],)))
    assert WINDOW in profiled(bundle.bundle(identity(), sent, arm_events=by_window))


def test_sites_pooled_are_all_their_cases_in_one_place(tmp_path):
    counts = [(30, 12, 60), (14, 20, 200), (0, 15, 40)]
    files = []
    for site, each in zip(SITES, counts, strict=False):
        sent, by_window = results(series(*each), site)
        content = bundle.bundle(identity(site), sent, arm_events=by_window)
        files.append(bundle.write(content, tmp_path / f"{site}.json"))
    received = bundle.read(files, needs="profiles")
    pooled = pooling.pooled_profiles(received.profiles, effects="fixed").set_index("comparison")
    together = series(*np.sum(counts, axis=0))
    known = risk.self_controlled_case_series(together, outcome="o", interval="profile")
    known = known.set_index("comparison")
    for name in ("estimate", "ci_low", "ci_high"):
        assert pooled.loc[WINDOW, name] == pytest.approx(known.loc[WINDOW, name], rel=5e-3)
    assert pooled.loc[WINDOW, "events"] == np.sum(counts)
    both = pooling.meta_analysis(received.estimates, effects="random").set_index("comparison")
    assert "excluded_sites=1" in both.loc[WINDOW, "method"]


def test_a_finished_run_is_bundled_for_its_request(project):  # noqa: F811
    run = finished(project, example="self_controlled", kept={})
    with pytest.raises(StudyError, match="ni profil ni estimation"):
        bundles.export(run.request, ["84"])
    sent, by_window = results(series(30, 12, 60), run.scope_label)
    folder = project / "outputs" / run.request / run.run / "results"
    sent["profiles"].to_parquet(folder / "profile.parquet")
    sent["estimates"].to_parquet(folder / "rate_ratios.parquet")
    by_window.to_parquet(folder / "arm_events.parquet")
    (file,) = bundles.export(run.request, ["84"])
    assert bundle.faults(file, request=run.request) == []
    received = bundle.read([file])
    assert WINDOW in set(received.profiles["comparison"])
    assert len(received.estimates) == 2
