"""Bundles hold no person and no small cell, refuse what was changed, and pool as one place does."""

import json

import numpy as np
import pandas as pd
import pytest

from studylib import risk
from studylib.errors import StudyError
from studylib.report import bundle
from studylib.report.bundle.identity import digest
from studylib.risk import pooling
from studylib.risk.gates import Gates
from studylib.risk.gates.checks import check_mdrr

SITES = ("Île-de-France", "Bretagne", "Occitanie", "Normandie", "Corse")


def identity(site=SITES[0], **other):
    fields = {
        "request": "2026-014",
        "title": "Hémorragies",
        "study": "iatrogenic_risk",
        "fingerprint": "abc",
        "site": site,
        "regions": ("11",),
        "run": "11-1",
        "synthetic": True,
        "threshold": 11,
        "studylib": "0.1.0",
        "library_sha256": "d",
        "data_fingerprint": "e" * 64,
    }
    return bundle.Identity(**(fields | other))


def region(seed, size=1200, hazard=0.001):
    draw = np.random.default_rng(seed)
    arm = np.where(draw.random(size) < 0.5, "A", "B")
    wait = draw.exponential(1 / (hazard * np.where(arm == "A", 1.5, 1)))
    time = np.ceil(np.minimum(wait, 200)).astype(int)
    return pd.DataFrame(
        {
            "person_id": range(size),
            "arm": arm,
            "entry": 0,
            "exit": time,
            "event": wait <= 200,
            "exit_reason": np.where(wait <= 200, "outcome", "end_of_follow_up"),
        }
    )


def results(persons, site=SITES[0]):
    named = {"outcome": "o", "reference": "B"}
    gates = Gates((check_mdrr(persons, reference="B"),))
    return {
        "profiles": risk.likelihood_profile(persons, **named).assign(population=site),
        "estimates": risk.hazard_ratio(persons, **named).assign(population=site),
        "incidence": risk.incidence_rate(persons, outcome="o").assign(population=site),
        "gates": gates.table(),
    }


def few_in_arm(arm, number, size=1200):
    """Persons with 60 outcomes in one arm and ``number`` in the other."""
    persons = region(1, size)
    kept = {arm: number, "B" if arm == "A" else "A": 60}
    place = persons[persons["event"]].groupby("arm").cumcount()
    chosen = place[place < persons.loc[place.index, "arm"].map(kept)].index
    return persons.assign(event=persons.index.isin(chosen))


@pytest.fixture
def sent(tmp_path):
    """A bundle written to a file, then changed by hand and signed again or not."""

    def send(content=None, change=None, *, signed=True, name="a.json"):
        content = json.loads(json.dumps(content or bundle.bundle(identity(), results(region(1)))))
        if change:
            change(content)
        if signed:
            content["sha256"] = digest({k: v for k, v in content.items() if k != "sha256"})
        return bundle.write(content, tmp_path / name)

    return send


def test_a_bundle_made_here_is_received(sent):
    file = sent()
    assert bundle.faults(file, fingerprint="abc", request="2026-014") == []
    read = bundle.read([file])
    assert (read.request, read.synthetic) == ("2026-014", True)
    assert set(read.profiles["population"]) == {SITES[0]}
    assert file.stat().st_size < 10_000
    assert "person_id" not in file.read_text("utf-8")


def test_pooling_five_bundles_is_pooling_the_five_regions_in_one_place(tmp_path):
    parts = {site: region(seed, 700 + 100 * seed) for seed, site in enumerate(SITES)}
    files = [
        bundle.write(bundle.bundle(identity(site), results(one, site)), tmp_path / f"{site}.json")
        for site, one in parts.items()
    ]
    received = bundle.read(files)
    whole = {site: results(one, site) for site, one in parts.items()}
    for effects in ("fixed", "random"):
        sent, here = (
            pooling.pooled_profiles(profiles, effects=effects).iloc[0]
            for profiles in (
                received.profiles,
                pd.concat([one["profiles"] for one in whole.values()]),
            )
        )
        for name in ("estimate", "ci_low", "ci_high"):
            assert sent[name] == pytest.approx(here[name], rel=1e-5)
        sent, here = (
            pooling.meta_analysis(estimates, effects=effects).iloc[0]
            for estimates in (
                received.estimates,
                pd.concat([one["estimates"] for one in whole.values()]),
            )
        )
        for name in ("estimate", "ci_low", "ci_high"):
            assert sent[name] == pytest.approx(here[name], rel=1e-3)
        assert (sent["persons"], sent["events"]) == (here["persons"], here["events"])
    together = pd.concat(one.assign(site=site) for site, one in parts.items())
    stratified = risk.hazard_ratio(
        together.assign(person_id=range(len(together))),
        outcome="o",
        reference="B",
        strata=["site"],
        interval="profile",
    ).iloc[0]
    pooled = pooling.pooled_profiles(received.profiles, effects="fixed").iloc[0]
    for name in ("estimate", "ci_low", "ci_high"):
        assert pooled[name] == pytest.approx(stratified[name], rel=1e-3)


def test_a_profile_that_would_give_few_outcomes_away_is_not_sent(sent):
    small = results(few_in_arm("A", 6))
    # the slope of the profile far out is the number of outcomes of an arm
    slopes = small["profiles"].sort_values("log_ratio")["gradient"]
    assert abs(slopes.iloc[0]) < 10
    with pytest.raises(StudyError, match="1 à 10 événements"):
        bundle.bundle(identity(), {k: v for k, v in small.items() if k != "estimates"})
    kept = bundle.bundle(identity(), small)
    assert "profiles" not in kept["tables"]
    assert "1 à 10" in kept["withheld"][0]
    estimate = kept["tables"]["estimates"]
    assert estimate["rows"][0][estimate["columns"].index("estimate")] is None


def test_the_looser_rule_is_an_act_that_the_bundle_tells(sent):
    loose = bundle.bundle(identity(), results(few_in_arm("A", 6)), arm_rule="whole")
    assert loose["arm_rule"] == "whole"
    assert "profiles" in loose["tables"]
    # the total is told with the profile: rates by arm are not
    assert "incidence" not in loose["tables"]
    assert bundle.faults(sent(loose)) == []
    tiny = results(few_in_arm("A", 0).head(60))
    with pytest.raises(StudyError, match="en tout"):
        bundle.bundle(identity(), {"profiles": tiny["profiles"]}, arm_rule="whole")


def test_no_outcome_in_an_arm_may_be_told_and_still_informs(sent):
    none = results(few_in_arm("A", 0))
    content = bundle.bundle(identity(), none)
    assert "profiles" in content["tables"]
    read = bundle.read([sent(content)])
    again = read.profiles.assign(population=read.profiles["population"] + " bis")
    both = pd.concat([read.profiles, again])
    pooled = pooling.pooled_profiles(both, effects="fixed")
    assert "beyond the grid" in pooled["method"].item()


def test_arms_unknown_are_not_taken_for_large():
    alone = {"profiles": results(region(1))["profiles"]}
    with pytest.raises(StudyError, match="non vérifiable"):
        bundle.bundle(identity(), alone)


def test_arms_of_another_population_do_not_vouch_for_a_profile():
    """Matched persons have fewer outcomes than those whose rates are shown."""
    given = results(region(1))
    matched = results(region(1).head(700))
    with pytest.raises(StudyError, match="autre population"):
        bundle.bundle(
            identity(), {"profiles": matched["profiles"], "incidence": given["incidence"]}
        )
    kept = bundle.bundle(
        identity(),
        {"profiles": matched["profiles"], "incidence": given["incidence"]},
        arm_events=matched["incidence"],
    )
    assert "profiles" in kept["tables"]


def test_no_count_under_the_threshold_stands_in_a_bundle():
    for number in (0, 3, 6, 10, 11):
        content = bundle.bundle(identity(), results(few_in_arm("B", number)))
        for name, table in content["tables"].items():
            for column in bundle.CONTENTS[name].columns:
                if column.counts:
                    place = table["columns"].index(column.name)
                    values = {row[place] for row in table["rows"]}
                    assert not values & set(range(1, 11)), (name, column.name)


def add_column(name):
    def change(content):
        table = content["tables"]["estimates"]
        table["columns"].append(name)
        for row in table["rows"]:
            row.append("x")

    return change


def set_cell(table, column, value):
    def change(content):
        found = content["tables"][table]
        found["rows"][0][found["columns"].index(column)] = value

    return change


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (add_column("person_id"), "données individuelles (person_id)"),
        (add_column("BEN_NIR_PSA"), "données individuelles"),
        (add_column("comment"), "colonne non prévue (comment)"),
        (set_cell("incidence", "events", 4), "effectif inférieur à 11 (events)"),
        (set_cell("profiles", "events", 0), "effectif inférieur à 11 (events)"),
        (set_cell("incidence", "events", "4"), "n'est pas un entier (events)"),
        (set_cell("gates", "subject", "1850175123456"), "cellule inattendue (subject)"),
        (set_cell("estimates", "estimate", "0.5"), "cellule inattendue (estimate)"),
        (lambda c: c.update(arm_rule="any"), "règle d'envoi"),
        (lambda c: c.update(version=9), "version 9 du format"),
        (lambda c: c.update(format="other"), "n'est pas un lot"),
        (lambda c: c.update(extra=1), "contenu inattendu ou absent (extra)"),
        (lambda c: c["identity"].pop("run"), "identité du lot"),
        (lambda c: c["identity"].update(threshold=5), "seuil de diffusion 5"),
        (lambda c: c["tables"].update(persons=c["tables"]["gates"]), "persons n'est pas prévue"),
        (lambda c: c["tables"]["gates"]["rows"][0].pop(), "forme attendue"),
        (lambda c: c["identity"].update(request="2026-099"), "répond à la demande 2026-099"),
        (lambda c: c["identity"].update(fingerprint="z"), "autres paramètres"),
    ],
)
def test_each_fault_has_its_sentence(sent, change, told):
    found = bundle.faults(sent(change=change), fingerprint="abc", request="2026-014")
    assert len(found) == 1, found
    assert told in found[0]
    assert found[0].startswith("a.json : ")
    assert found[0].endswith(".")


def test_a_bundle_changed_by_hand_is_refused(sent):
    file = sent(change=set_cell("estimates", "estimate", 0.5), signed=False)
    assert "modifié depuis sa création" in bundle.faults(file)[0]


def test_what_is_not_a_file_of_results_is_said(tmp_path):
    (tmp_path / "b.json").write_text("{", encoding="utf-8")
    assert "illisible" in bundle.faults(tmp_path / "b.json")[0]
    assert "absent" in bundle.faults(tmp_path / "c.json")[0]
    (tmp_path / "d.json").write_text("[]", encoding="utf-8")
    assert "n'est pas un lot" in bundle.faults(tmp_path / "d.json")[0]


def test_bundles_that_do_not_belong_together_are_refused(sent):
    one = sent()
    two = sent(name="b.json")
    with pytest.raises(StudyError, match="déjà dans a"):
        bundle.read([one, two])
    other = sent(
        bundle.bundle(identity(SITES[1], fingerprint="q"), results(region(2))), name="c.json"
    )
    with pytest.raises(StudyError, match="ne se combinent pas"):
        bundle.read([one, other])
    real = sent(
        bundle.bundle(identity(SITES[1], synthetic=False), results(region(2))), name="d.json"
    )
    with pytest.raises(StudyError, match="données réelles"):
        bundle.read([one, real])
    with pytest.raises(StudyError, match="synthétiques"):
        bundle.read([one], synthetic=False)
    with pytest.raises(StudyError, match="aucun lot"):
        bundle.read([])


def test_other_tables_and_low_thresholds_are_refused():
    with pytest.raises(StudyError, match="non prévue"):
        bundle.bundle(identity(), {"persons": region(1)})
    with pytest.raises(StudyError, match="seuil"):
        bundle.bundle(identity(threshold=5), results(region(1)))


def test_infinite_limits_travel():
    exact = results(region(1))
    exact["estimates"] = exact["estimates"].assign(ci_high=np.inf)
    content = bundle.bundle(identity(), exact)
    assert "Infinity" in json.dumps(content)
