"""A request once read: scopes, obstacles, lateness, overrides, round trip, finding."""

import copy
import json
import pickle
import re
import shutil
from datetime import date
from pathlib import Path

import pytest

from studylib import requests
from studylib.errors import RequestError
from studylib.requests.overrides import overridden

EXAMPLES = Path(__file__).resolve().parents[2] / "parameters" / "examples"
RISK = "parameters/examples/iatrogenic_risk.yaml"
SPENDING = "parameters/examples/regional_spending.yaml"


@pytest.fixture
def project(tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    shutil.copytree(EXAMPLES, tmp_path / "parameters" / "examples")
    monkeypatch.setenv("STUDYLIB_PROJECT", str(tmp_path))
    return tmp_path


@pytest.fixture
def written(project):
    """A request file made from an example by replacing pieces of its text."""

    def write(*replacements, example=RISK, name="2026-900.yaml", own_id=True):
        text = (project / example).read_text("utf-8")
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        if own_id:
            text = re.sub(r"id: 2026-0\d\d ", "id: 2026-900 ", text)
        (project / "parameters" / name).write_text(text, "utf-8")
        return f"parameters/{name}"

    return write


def faults(file, overrides=None):
    with pytest.raises(RequestError) as caught:
        requests.read(file, overrides)
    return {p.field: p for p in caught.value.problems}


def test_the_examples_are_read_and_publishable(project):
    risk, spending = requests.read(RISK), requests.read(SPENDING)
    assert (risk.id, risk.kind, risk.regions) == ("2026-014", "saisine", ("11", "84"))
    assert (spending.id, spending.kind, spending.source) == ("2026-021", "ars", "open_data")
    assert risk.received == date(2026, 3, 2)
    assert risk.agencies_informed == {"11": date(2026, 2, 24), "84": date(2026, 2, 25)}
    assert risk.publication_obstacles() == spending.publication_obstacles() == ()
    assert risk.disclosure_threshold == 11
    assert risk.question.endswith("Auvergne-Rhône-Alpes ?")


def test_every_study_has_its_example(project):
    for study in requests.STUDIES.values():
        request = requests.read(study.example)
        assert request.study == study.name
        assert isinstance(request.parameters, study.parameters_model)
        assert request.source in study.sources
        assert study.artefacts


def test_a_request_may_be_read_from_any_working_folder(project, tmp_path_factory, monkeypatch):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert requests.read(RISK).file == project / RISK
    assert len(requests.read(RISK).file_sha256) == 64


def test_scopes_are_the_regions_then_all_together(project):
    request = requests.read(RISK)
    names = [(scope.name, scope.label, scope.regions) for scope in request.scopes()]
    assert names == [
        ("11", "Île-de-France", ("11",)),
        ("84", "Auvergne-Rhône-Alpes", ("84",)),
        ("ensemble", "Île-de-France, Auvergne-Rhône-Alpes", ("11", "84")),
    ]
    assert request.scope == request.scopes()[-1]
    assert requests.read(RISK, {"region": "84"}).scope == request.scopes()[1]


def test_one_region_has_one_scope_and_many_regions_a_short_label(written):
    agencies = '  agencies_informed:\n    "11": 2026-02-24\n    "84": 2026-02-25\n'
    one = requests.read(written(('["11", "84"]', '["84"]'), (agencies, "")))
    assert [scope.name for scope in one.scopes()] == ["84"]
    four = requests.read(written(('["11", "84"]', '["11", "84", "01", "94"]')))
    assert four.scope.label == "Ensemble des 4 régions"
    assert four.regions == ("11", "84", "01", "94")


@pytest.mark.parametrize("line", ['    "84": 2026-02-25\n', '    "84":\n', '    "84": ~\n'])
def test_a_missing_information_date_stops_publication_only(written, line):
    kept = "" if "2026" in line else line
    request = requests.read(written(('    "84": 2026-02-25\n', kept)))
    (sentence,) = request.publication_obstacles()
    assert "Auvergne-Rhône-Alpes" in sentence
    assert "R1413-90" in sentence
    assert requests.read(request.file, {"region": "11"}).publication_obstacles() == (sentence,)


def test_informing_after_the_saisine_stops_publication_and_the_same_day_does_not(written):
    late = requests.read(written(('"84": 2026-02-25', '"84": 2026-03-03')))
    (sentence,) = late.publication_obstacles()
    assert "03/03/2026" in sentence
    assert "02/03/2026" in sentence
    same_day = requests.read(written(('"84": 2026-02-25', '"84": 2026-03-02')))
    assert same_day.publication_obstacles() == ()


def test_only_a_saisine_needs_the_agencies_informed(written):
    file = written(("kind: saisine", "kind: regional"), ('    "84": 2026-02-25\n', ""))
    assert requests.read(file).publication_obstacles() == ()


def test_lateness_counts_days_past_the_due_date(written):
    request = requests.read(written(("due: 2026-12-31 ", "due: 2026-06-30 ")))
    assert request.days_late(date(2026, 6, 30)) == 0
    assert request.days_late(date(2026, 7, 2)) == 2
    without = requests.read(written(("due: 2026-12-31 ", "due: ")))
    assert without.days_late(date(2030, 1, 1)) is None


@pytest.mark.parametrize("example", [RISK, SPENDING])
def test_the_resolved_values_read_back_as_an_equal_request(project, example):
    request = requests.read(example)
    dumped = json.dumps(request.resolved(), ensure_ascii=False)
    (project / "parameters" / "again.yaml").write_text(dumped, "utf-8")
    (project / example).unlink()
    again = requests.read("parameters/again.yaml")
    assert again == request
    assert hash(again) == hash(request)
    assert again.resolved() == request.resolved()
    assert again.parameters == request.parameters
    assert type(request).model_validate(request.resolved()) == request


def test_different_choices_or_scopes_are_not_equal(project):
    request = requests.read(RISK)
    assert request != requests.read(RISK, {"parameters.grace_days": "60"})
    assert request != requests.read(RISK, {"region": "11"})
    assert request != requests.read(SPENDING)


def test_nothing_in_a_request_can_be_changed(project):
    request = requests.read(RISK)
    with pytest.raises(ValueError, match="frozen"):
        request.study = "x"
    with pytest.raises(TypeError):
        request.parameters.arms["AVK"] = "x"
    with pytest.raises(TypeError):
        request.agencies_informed.update({"11": None})
    assert copy.deepcopy(request) == request
    assert pickle.loads(pickle.dumps(dict(request.parameters.arms))) == request.parameters.arms


def test_overrides_replace_parameters_as_text_or_typed_values(project):
    assert requests.read(RISK, {"parameters.grace_days": "60"}).parameters.grace_days == 60
    assert requests.read(RISK, {"parameters.grace_days": 60}).parameters.grace_days == 60
    outcome = requests.read(RISK, {"parameters.outcome.positions": "[DP, DAS]"}).parameters.outcome
    assert outcome.positions == ("DP", "DAS")
    months = {"parameters.comparison": "{start: 2022-01, end: 2022-12}"}
    assert requests.read(SPENDING, months).parameters.comparison.end == "2022-12"
    assert requests.read(SPENDING, {"parameters.comparison": None}).parameters.comparison is None


def test_overriding_leaves_what_was_read_as_it_was():
    content = {"parameters": {"outcome": {"label": "a"}}}
    changed = overridden(content, {"parameters.outcome.label": "b"})
    assert changed.content["parameters"]["outcome"]["label"] == "b"
    assert content == {"parameters": {"outcome": {"label": "a"}}}


@pytest.mark.parametrize(
    ("overrides", "field"),
    [
        ({"region": "93"}, "region"),
        ({"region": 11}, "region"),
        ({"region": None}, "region"),
        ({"regions": "11"}, "regions"),
        ({"parameters": {}}, "parameters"),
        ({"parameters.": "1"}, "parameters."),
        ({"request.id": "2026-1"}, "request.id"),
        ({"parameters.grace_day": "1"}, "parameters.grace_day"),
        ({"parameters.grace_days": "-1"}, "parameters.grace_days"),
        ({"parameters.grace_days": True}, "parameters.grace_days"),
        ({"parameters.grace_days": 1.5}, "parameters.grace_days"),
        ({"parameters.grace_days.x": "1"}, "parameters.grace_days.x"),
        ({"parameters.grace_days": "[1"}, "parameters.grace_days"),
        ({"parameters.comparison": "{a: 1, a: 2}"}, "parameters.comparison"),
        ({"parameters.outcome.label": "\ud800"}, "parameters.outcome.label"),
        ("region=11", ""),
    ],
)
def test_a_wrong_override_is_a_fault_of_the_overrides_not_of_the_file(project, overrides, field):
    found = faults(RISK, overrides)
    assert found[field].file == "réglages (overrides)"
    assert found[field].line is None


VARIANT = "parameters.sensitivity.latence"
WEIGHS = "l'ajustement (overlap) pondère"


@pytest.mark.parametrize(
    ("overrides", "field", "told"),
    [
        ({"parameters.model": "{ties: exact}"}, "parameters.model.ties", WEIGHS),
        ({"parameters.model": "{interval: profile}"}, "parameters.model.interval", WEIGHS),
        (
            {
                "parameters.adjustment": "{method: regression}",
                "parameters.model": "{ties: exact, interval: profile}",
            },
            "parameters.model.interval",
            "ties vaut « exact »",
        ),
        ({f"{VARIANT}.model": "{ties: exact}"}, f"{VARIANT}.model.ties", WEIGHS),
        (
            {
                "parameters.adjustment": "{method: regression}",
                "parameters.model": "{interval: profile}",
            },
            "parameters.sensitivity.probabilite_inverse.adjustment",
            "l'ajustement (iptw) pondère",
        ),
        ({"parameters.latency_days": "365"}, "parameters.latency_days", "365 jours"),
        ({f"{VARIANT}.latency_days": "400"}, f"{VARIANT}.latency_days", "365 jours"),
        ({f"{VARIANT}.follow_up_days": "10"}, f"{VARIANT}.latency_days", "10 jours"),
    ],
)
def test_choices_that_do_not_go_together_are_refused_before_the_run(
    project, overrides, field, told
):
    assert told in faults(RISK, overrides)[field].accepted.replace("\xa0", " ")


def test_an_unweighted_adjustment_takes_exact_ties_or_a_profile(project):
    plain = {"parameters.adjustment": "{method: stratification}", "parameters.sensitivity": "{}"}
    for model in ("{ties: exact}", "{interval: profile}"):
        requests.read(RISK, plain | {"parameters.model": model})


def test_risks_are_read_at_the_last_day_that_latency_leaves(project):
    plain = requests.read(RISK).parameters
    late = requests.read(RISK, {"parameters.latency_days": "30"}).parameters
    assert (plain.risk_day, late.risk_day) == (365, 335)
    assert plain.time_origin == "depuis l'inclusion"
    assert late.time_origin == "depuis le début du temps à risque"
    assert plain.analyses()["latence"].risk_day == 351


def test_a_request_is_found_by_file_name_by_identifier_and_by_path(written, project, monkeypatch):
    file = project / written(name="2026-900.yaml")
    assert requests.find("2026-900") == requests.find("2026-900.yaml") == file
    assert requests.find("iatrogenic_risk") == project / RISK
    assert requests.find("2026-021") == project / SPENDING
    assert requests.find(SPENDING) == requests.find(str(project / SPENDING)) == project / SPENDING
    monkeypatch.chdir(project / "notebooks")
    assert requests.find("../parameters/2026-900.yaml") == file


def test_an_identifier_carried_by_two_files_is_ambiguous(written):
    copy = written(name="copie.yaml", own_id=False)
    with pytest.raises(RequestError, match=r"copie\.yaml.*iatrogenic_risk\.yaml"):
        requests.find("2026-014")
    assert "iatrogenic_risk.yaml porte déjà" in faults(copy)["request.id"].accepted
    assert requests.read(RISK).id == "2026-014", "the example keeps its identifier"


def test_an_unknown_request_lists_those_that_exist_even_beside_a_faulty_file(project):
    (project / "parameters" / "faulty.yaml").write_bytes(b"\xff: [")
    with pytest.raises(RequestError, match="2026-014, 2026-021"):
        requests.find("2026-999")


@pytest.mark.parametrize("name", ["../../etc/hosts", "..", "/dev/zero", "lien.yaml", "a/../../b"])
def test_a_path_out_of_the_project_is_refused(project, name):
    (project / "parameters" / "lien.yaml").symlink_to("/etc/hosts")
    for call in (requests.find, requests.read):
        name_for_call = f"parameters/{name}" if name == "lien.yaml" else name
        with pytest.raises(RequestError, match="sort du dossier du projet"):
            call(name_for_call)


@pytest.mark.parametrize("name", ["absent.yaml", "parameters", "a\0b", "x" * 5000, "boucle.yaml"])
def test_what_is_not_a_file_is_refused_without_a_traceback(project, name):
    (project / "boucle.yaml").symlink_to("boucle.yaml")
    for call in (requests.find, requests.read):
        with pytest.raises(RequestError, match="attendu"):
            call(name)


def test_analyses_apply_each_variant_to_the_primary_one(project):
    parameters = requests.read(RISK).parameters
    analyses = parameters.analyses()
    assert (
        list(analyses)
        == list(parameters.analysis_labels())
        == [
            "primary",
            "delai_60",
            "intention_de_traiter",
            "sans_exclusion",
            "regression",
            "probabilite_inverse",
            "latence",
            "hemorragie_intracranienne",
        ]
    )
    assert analyses["primary"].grace_days == 30
    assert analyses["delai_60"].grace_days == 60
    assert analyses["delai_60"].washout_days == 365
    assert analyses["intention_de_traiter"].follow_up == "intention_to_treat"
    assert analyses["sans_exclusion"].prior_outcome_days == 0
    assert analyses["hemorragie_intracranienne"].outcome.codelist == "intracranial_bleeding"
    names = [codelist.name for codelist in parameters.codelists()]
    assert names[:4] == ["avk", "aod", "major_bleeding", "intracranial_bleeding"]
    assert (
        len(names)
        == len(set(names))
        == 4 + len([*parameters.covariates, *parameters.negative_controls])
    )


def test_a_group_without_treatment_is_an_arm_that_may_be_the_reference(written):
    one_arm = ("    AOD: aod\n  ", "  non_users: {label: Aucun}\n  ")
    parameters = requests.read(written(one_arm, ("reference: AVK", "reference: Aucun"))).parameters
    assert parameters.arm_names() == ["AVK", "Aucun"]
    assert parameters.non_users.choices() == {
        "arm": "Aucun",
        "per_user": 2,
        "drawn_share": 0.2,
        "birth_band_years": 5,
        "seed": 0,
    }


@pytest.mark.parametrize(
    ("old", "new", "field", "says"),
    [
        ("reference: AVK", "reference: AVC", "parameters.reference", "AVK"),
        (
            "  prevention: ",
            "  opened_gates:\n    - {gate: time_stability, by: Dr A, on: 2026-05-04, "
            'reason: "Un motif assez long"}\n  prevention: ',
            "parameters.opened_gates[1].gate",
            "un contrôle de cette étude",
        ),
        ("    AOD: aod\n", "", "parameters.non_users", "un second groupe dans arms"),
        ("    AVK: avk\n    AOD: aod\n", "    {}\n", "parameters.arms", "au moins un groupe"),
        (
            "  reference: AVK",
            "  non_users: {label: AVK}\n  reference: AVK",
            "parameters.non_users.label",
            "pas celui d'un groupe",
        ),
        (
            "  reference: AVK",
            "  non_users: {label: Aucun, drawn_share: 0.6}\n  reference: AVK",
            "parameters.non_users.drawn_share",
            "jusqu'à 0.5",
        ),
        (
            "  reference: AVK",
            "  non_users: {label: Aucun}\n  reference: Aucune",
            "parameters.reference",
            "Aucun",
        ),
        ("AOD: aod", "AOD: avk", "parameters.arms.AOD", "sans code commun"),
        ("AOD: aod", "AOD: stroke", "parameters.arms.AOD", "CIM-10"),
        ("codelist: major_bleeding", "codelist: aod", "parameters.outcome.codelist", "CIM-10"),
        ("    - ppi\n", "    - aod\n", "parameters.covariates[12]", "groupe comparé"),
        ("    - ppi\n", "    - ssri\n", "parameters.covariates[13]", "une seule fois"),
        ("end: 2023-12-31", "end: 2021-12-31", "parameters.inclusion.end", "2022-01-01"),
        ("_end: 2024-12-31", "_end: 2023-12-31", "parameters.follow_up_end", "2023-12-31"),
        ("washout_days: 365", "washout_days: 366", "parameters.washout_days", "365 jours"),
        ("history_days: 365", "history_days: 90", "parameters.prior_outcome_days", "90 jours"),
        ("follow_up_days: 365", "follow_up_days: 0", "parameters.follow_up_days", "fenêtre vide"),
        ("minimum_age: 18", "minimum_age: 180", "parameters.minimum_age", "0 à 120"),
        ("delai_60:", "primary:", "parameters.sensitivity.primary", "réservé"),
        ("delai_60:", "Délai:", "parameters.sensitivity.Délai", "minuscules"),
        (
            "      grace_days: 60\n",
            "",
            "parameters.sensitivity.delai_60",
            "au moins un champ qui change",
        ),
        (
            "      grace_days: 60\n",
            "      washout_days: 400\n",
            "parameters.sensitivity.delai_60.washout_days",
            "365 jours",
        ),
        (
            "      grace_days: 60\n",
            "      graces: 60\n",
            "parameters.sensitivity.delai_60.graces",
            "grace_days",
        ),
    ],
)
def test_each_choice_of_a_risk_study_has_its_sentence(written, old, new, field, says):
    assert says in faults(written((old, new)))[field].accepted


@pytest.mark.parametrize(
    ("old", "new", "field", "says"),
    [
        ("amount: reimbursed ", "amount: remboursé ", "parameters.amount", "reimbursed, paid"),
        ("start: 2023-10 ", "start: 10/2023 ", "parameters.comparison.start", "écrivez 2023-10"),
        ("end: 2024-09", "end: 2023-09", "parameters.comparison.end", "2023-10"),
        ("end: 2024-09", "end: 2024-13", "parameters.comparison.end", "AAAA-MM"),
        ("trend_start: 2019-01", "trend_start: 2021-01", "parameters.shock", "2021-01"),
        ("tolerance: 0.10", "tolerance: 0,10", "parameters.complete_months.tolerance", "0.10"),
        ("tolerance: 0.10", "tolerance: nan", "parameters.complete_months.tolerance", "point"),
        ("tolerance: 0.10", "tolerance: 1", "parameters.complete_months.tolerance", "exclues"),
        ("drug_year: 2025", "drug_year: 1999", "parameters.drug_year", "2014"),
        ("[HUMIRA]", "[]", "parameters.groups.adalimumab.originators", "au moins une"),
        ("[HUMIRA]", "HUMIRA", "parameters.groups.adalimumab.originators", "une liste"),
        ("[HUMIRA]", "[{HUMIRA: a}]", "parameters.groups.adalimumab.originators[1]", "HUMIRA : a"),
    ],
)
def test_each_choice_of_a_spending_study_has_its_sentence(written, old, new, field, says):
    assert says in faults(written((old, new), example=SPENDING))[field].accepted


@pytest.mark.parametrize(
    "text", ["180.0", "0180", '" 180 "', "1_000", "1 000", "0x1F", "1e3", "９", "9" * 5000, "+1"]
)
def test_an_integer_has_one_written_form(written, text):
    found = faults(written(("grace_days: 30 ", f"grace_days: {text} ")))
    assert "chiffres seuls" in found["parameters.grace_days"].accepted


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("02/03/2026", "écrivez 2026-03-02"),
        ("2026-02-30", "n'existe pas"),
        ("1672531200", "AAAA-MM-JJ"),
        ("0202-03-02", "1990 à 2100"),
        ("2026-03-02T00:00:00", "AAAA-MM-JJ"),
    ],
)
def test_a_day_has_one_written_form(written, text, says):
    found = faults(written(("received: 2026-03-02", f"received: {text}")))
    assert says in found["request.received"].accepted


@pytest.mark.parametrize(
    "identifier", ["..", "2026/014", "2026-014.", "2026-", "a", "2026-é", "2026-" + "1" * 40]
)
def test_an_identifier_is_safe_as_a_folder_name(written, identifier):
    assert "request.id" in faults(written(("id: 2026-014", f"id: {identifier}")))


@pytest.mark.parametrize("source", ["../data", "/data", "a b", "Simulated", "open_data"])
def test_a_source_is_a_name_of_a_source_that_fits_the_study(written, source):
    assert "source" in faults(written(("source: simulated", f"source: {source}")))


def test_a_site_may_name_its_own_source(written, project):
    asked = written(("source: simulated", "source: snds_local"))
    assert "simulated" in faults(asked)["source"].accepted
    (project / "sources.yaml").write_text("snds_local: {kind: events, location: data/snds}\n")
    assert (
        requests.read(written(("source: simulated", "source: snds_local"))).source == "snds_local"
    )
