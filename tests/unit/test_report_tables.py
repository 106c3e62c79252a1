"""Tables, labels, sentences and the other pieces of a page."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from pydantic import BaseModel

from studylib import report, requests, risk, tables, usage
from studylib.errors import StudyError, TableError
from studylib.report import context, french, page
from studylib.requests.gates import Opening
from studylib.requests.studies.adjustment import Adjustment
from studylib.risk import doubt
from studylib.tables import CheckResult, Column, Table

COSTS = Table(
    "costs",
    (
        Column("region", "text", "region"),
        Column("amount", "number", "spent", unit="euros"),
        Column("share", "number", "of the total, 0 to 1"),
        Column("persons", "integer", "treated", counts="persons"),
        Column("complete", "flag", "kept"),
        Column("first", "day", "first day"),
        Column("month", "text", "month"),
    ),
)


def estimates(*rows):
    names = ["comparison", "measure", "estimate", "ci_low", "ci_high", "persons", "events"]
    frame = pd.DataFrame(rows, columns=names).assign(
        analysis="primary",
        population="11",
        outcome="Hémorragie majeure",
        p_value=0.00002,
        person_years=9000.0,
        method="cox; ties=efron; adjustment=none",
    )
    return frame[tables.ESTIMATES.names]


HAZARD = ("AOD / AVK", "hazard_ratio", 0.71, 0.60, 0.84, 6714, 390)


def request(**other):
    fields = {
        "id": "2026-014",
        "title": "Hémorragies majeures",
        "kind": "saisine",
        "requester": "Direction générale de la santé",
        "legal_basis": "CSP R1413-90",
        "received": date(2026, 3, 2),
        "due": date(2026, 6, 30),
        "question": "Quel risque ?",
        "study": "iatrogenic_risk",
        "source": "simulated",
        "regions": ("11", "84"),
        "disclosure_threshold": 11,
        "parameters": {"grace_days": 30, "reference": "AVK"},
        "publication_obstacles": lambda: ("la date d'information de l'ARS manque.",),
        "days_late": lambda on: max(0, (on - date(2026, 6, 30)).days),
    }
    return SimpleNamespace(**(fields | other))


@pytest.fixture(autouse=True)
def _fresh_page():
    context.start()
    yield
    context.start()


@pytest.fixture
def run_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("STUDYLIB_RUN_FOLDER", str(tmp_path))
    return tmp_path


def cells(fragment):
    soup = BeautifulSoup(fragment.html, "html.parser")
    return [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in soup.find_all("tr")]


def test_values_are_written_by_kind_and_unit():
    frame = pd.DataFrame(
        {
            "region": ["11"],
            "amount": [8_360_000_000.0],
            "share": [0.1234],
            "persons": [12034],
            "complete": [True],
            "first": [20000],
            "month": ["2024-12"],
        }
    )
    row = cells(report.table(frame, COSTS, caption="Dépense par région"))[1]
    assert row == [
        "Île-de-France",
        "8,36\u00a0Md€",
        "12,3\u00a0%",
        "12\u202f034",
        "oui",
        "4 octobre 2024",
        "décembre 2024",
    ]


def test_a_table_is_captioned_scoped_and_reachable_by_keyboard():
    fragment = report.table(estimates(HAZARD, HAZARD), tables.ESTIMATES, caption="Résultats")
    soup = BeautifulSoup(fragment.html, "html.parser")
    assert soup.caption.get_text() == "Résultats"
    assert {head["scope"] for head in soup.thead.find_all("th")} == {"col"}
    assert all(row.th["scope"] == "row" for row in soup.tbody.find_all("tr"))
    region = soup.find(role="region")
    assert region["tabindex"] == "0"
    assert "Résultats" in region["aria-label"]


def test_each_cell_of_a_wide_table_has_its_name_for_narrow_screens():
    fragment = report.table(estimates(HAZARD, HAZARD), tables.ESTIMATES, caption="Résultats")
    soup = BeautifulSoup(fragment.html, "html.parser")
    heads = [head.get_text() for head in soup.thead.find_all("th")]
    assert soup.table["class"] == ["wide"]
    for row in soup.tbody.find_all("tr"):
        assert [cell["data-label"] for cell in row.find_all(["th", "td"])] == heads


def test_a_table_without_rows_says_so_across_its_columns():
    fragment = report.table(estimates(HAZARD).head(0), tables.ESTIMATES, caption="Résultats")
    soup = BeautifulSoup(fragment.html, "html.parser")
    (row,) = soup.tbody.find_all("tr")
    assert row.get_text() == "Aucune ligne"
    assert int(row.th["colspan"]) == len(soup.thead.find_all("th"))


def test_estimates_join_interval_and_say_once_what_rows_share():
    other = ("AVK", "incidence_rate", 29.0, 25.0, 33.0, 3214, 180)
    fragment = report.table(estimates(HAZARD, other), tables.ESTIMATES, caption="Résultats")
    header, first, _ = cells(fragment)
    assert "Population" not in header
    assert "0,71 (0,60 à 0,84)" in first
    assert "<\u00a00,001" in first
    assert "Île-de-France" in fragment.html


def test_a_method_common_to_the_rows_is_told_under_the_table_and_not_in_a_column():
    chosen = ["comparison", "estimate", "ci_low", "ci_high", "method"]
    for columns in (chosen, None):
        fragment = report.table(
            estimates(HAZARD), tables.ESTIMATES, caption="Résultats", columns=columns
        )
        soup = BeautifulSoup(fragment.html, "html.parser")
        assert "Méthode" not in [head.get_text() for head in soup.thead.find_all("th")]
        assert "ex æquo\u00a0: selon Efron" in soup.select_one("p.note").get_text()


def test_a_reason_in_place_of_a_figure_may_wrap():
    other = ("AOD / AVK", "hazard_ratio", float("nan"), None, None, 6714, 390)
    withheld = "cox; withheld=balance"
    frame = estimates(HAZARD, other).assign(method=["cox; ties=efron", withheld])
    soup = BeautifulSoup(
        report.table(frame, tables.ESTIMATES, caption="Résultats").html, "html.parser"
    )
    assert "retenu" in soup.select_one("td.reason").get_text()
    assert all("retenu" not in cell.get_text() for cell in soup.select("td.num"))


def test_a_table_of_hundreds_of_rows_is_folded_and_says_how_long_it_is():
    flow = pd.DataFrame({"step": [f"Étape {i}" for i in range(120)], "persons": 500, "excluded": 0})
    fragment = report.table(flow, tables.FLOW, caption="Toutes les étapes")
    soup = BeautifulSoup(fragment.html, "html.parser")
    assert soup.details.table is not None
    assert soup.summary.get_text() == "Toutes les étapes\u00a0: 120\u00a0lignes"
    short = report.table(flow.head(20), tables.FLOW, caption="Premières étapes")
    assert BeautifulSoup(short.html, "html.parser").details is None


def test_hidden_cells_say_so_and_a_note_explains_them():
    small = ("AOD", "incidence_rate", 1.0, 0.5, 2.0, 3000, 4)
    fragment = report.table(estimates(small), tables.ESTIMATES, caption="Résultats")
    row = dict(zip(*cells(fragment), strict=True))
    assert row["Événements"] == "<\u00a011"
    assert row["Estimation (IC\u00a095\u00a0%)"] == "masqué"
    assert "effectif de 1 à 10" in fragment.html


def test_the_csv_beside_the_page_holds_what_the_page_shows(run_folder):
    small = ("AOD", "incidence_rate", 1.0, 0.5, 2.0, 3000, 4)
    report.table(estimates(small), tables.ESTIMATES, caption="Incidence : AOD")
    (name, written), *rest = page.read_tables(run_folder / "tables").items()
    assert name == "01-incidence-aod.csv"
    assert not rest
    assert written["events"].tolist() == ["<\u00a011"]
    assert written["estimate"].tolist() == ["masqué"]


def test_nothing_is_written_by_hand(tmp_path, monkeypatch):
    monkeypatch.delenv("STUDYLIB_RUN_FOLDER", raising=False)
    monkeypatch.chdir(tmp_path)
    report.table(estimates(HAZARD), tables.ESTIMATES, caption="Résultats")
    report.keep(estimates(HAZARD), tables.ESTIMATES, "estimates")
    assert not list(tmp_path.iterdir())


def test_a_table_without_caption_or_with_an_unknown_column_is_refused():
    with pytest.raises(StudyError, match="sans titre"):
        report.table(estimates(HAZARD), tables.ESTIMATES, caption=" ")
    with pytest.raises(StudyError, match="secret"):
        report.table(estimates(HAZARD), tables.ESTIMATES, caption="A", columns=["secret"])


def test_text_of_a_table_cannot_become_markup():
    flow = pd.DataFrame({"step": ["<script>x</script>"], "persons": [100], "excluded": [0]})
    fragment = report.table(flow, tables.FLOW, caption="<b>Flux</b>")
    assert "<script>" not in fragment.html
    assert "<b>" not in fragment.html


def test_keep_writes_the_exact_result_in_the_run_folder(run_folder):
    frame = estimates(("AOD", "incidence_rate", 1.0, 0.5, 2.0, 3000, 4))
    assert report.keep(frame, tables.ESTIMATES, "estimates").equals(frame)
    kept = pd.read_parquet(run_folder / "results" / "estimates.parquet")
    assert kept["events"].tolist() == [4]


@pytest.mark.parametrize("name", ["../x", "Estimates", "a b"])
def test_keep_refuses_a_name_that_is_no_file_name(name):
    with pytest.raises(StudyError, match="Nom de résultat"):
        report.keep(estimates(HAZARD), tables.ESTIMATES, name)


def test_keep_refuses_a_frame_without_its_columns():
    with pytest.raises(TableError):
        report.keep(pd.DataFrame({"a": [1]}), tables.ESTIMATES, "estimates")


def test_the_sentence_tells_an_association_its_direction_and_its_interval():
    text = report.sentence(estimates(HAZARD).iloc[0]).text
    assert text.startswith("Île-de-France, AOD contre AVK")
    assert "association" in text
    assert "29\u00a0% plus bas" in text
    assert "0,71 (IC\u00a095\u00a0%\u00a0: 0,60 à 0,84)" in text
    assert "cause" not in text


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (("AOD / AVK", "hazard_ratio", 1.3, 1.1, 1.5, 6714, 390), "30\u00a0% plus élevé"),
        (("AOD / AVK", "hazard_ratio", 2.5, 1.9, 3.1, 6714, 390), "2,5 fois plus élevé"),
        (("AOD / AVK", "hazard_ratio", 0.9, 0.7, 1.1, 6714, 390), "pas de différence mise"),
        (("AOD", "incidence_rate", 21.04, 18.0, 24.0, 3500, 210), "21,0 (IC"),
        (("AOD / AVK", "risk_difference", -0.01, -0.015, -0.005, 6714, 390), "de moins pour 100"),
        (("AOD / AVK", "risk_difference", 0.004, -0.01, 0.02, 6714, 390), "compatible avec"),
        (("AOD / AVK", "hazard_ratio", None, None, None, 6714, 390), "non estimable"),
        (("AOD", "incidence_rate", 2.0, 1.0, 3.0, 3500, 7), "insuffisant pour être publié"),
    ],
)
def test_sentences(row, expected):
    assert expected in report.sentence(estimates(row)).text


def test_a_contrast_is_withheld_with_the_small_arm_of_its_table():
    rows = estimates(
        ("AOD", "incidence_rate", 1.0, 0.5, 2.0, 3000, 5),
        ("AVK", "incidence_rate", 9.0, 8.0, 9.9, 3000, 80),
        ("AOD / AVK", "hazard_ratio", 0.1, 0.05, 0.2, 6000, 85),
    )
    assert "85" in report.sentence(rows.iloc[2]).text
    assert "insuffisant" in report.sentence(rows.iloc[2], within=rows).text


def test_several_rows_make_no_sentence():
    with pytest.raises(StudyError, match="2 lignes"):
        report.sentence(estimates(HAZARD, HAZARD))


def test_key_figures_mask_counts_and_rows():
    small = estimates(("AOD", "incidence_rate", 1.0, 0.5, 2.0, 3000, 4))
    shown = report.key_figures(
        [("Décès", 7), ("Incidence", (small, "estimate")), ("Suivis", (small, "persons"))]
    ).text
    assert shown.splitlines() == [
        "Décès\u00a0: <\u00a011",
        "Incidence\u00a0: masqué",
        "Suivis\u00a0: 3\u202f000",
    ]


def test_the_header_names_the_request_and_starts_the_page():
    text = report.header(request(disclosure_threshold=20), on=date(2026, 7, 2)).text
    for expected in ("2026-014", "Saisine ministérielle", "2 mars 2026", "Île-de-France"):
        assert expected in text
    assert "Données synthétiques" in text
    assert "Non publiable" in text
    assert "en retard de 2\u00a0jours" in text
    assert context.current().threshold == 20


def test_a_threshold_under_eleven_is_raised():
    report.header(request(disclosure_threshold=3))
    assert context.current().threshold == 11


def test_parameters_are_named_in_french():
    text = report.parameters(request()).text
    assert "Délai de grâce" in text
    assert "30\u00a0jours" in text


@pytest.mark.parametrize("study", sorted(requests.STUDIES))
def test_no_parameter_of_a_study_shows_the_name_of_its_field(study, monkeypatch):
    root = Path(__file__).resolve().parents[2]
    monkeypatch.setenv("STUDYLIB_PROJECT", str(root))
    model = requests.read(requests.STUDIES[study].example).parameters
    text = report.parameters(request(parameters=model)).text.replace("\u00a0", " ")
    names = {name for name in fields_of(model) if "_" in name}
    assert not [name for name in names if name in text]
    assert not re.findall(r"\b[a-z]+_[a-z_]+ :", text)


def test_an_adjustment_on_codes_and_an_opened_gate_are_told():
    hdps = {"method": "overlap", "score": "high_dimensional", "kept": 30, "seed": 1}
    opened = {"gate": "systematic_error", "by": "Dr A", "on": "2026-05-04", "reason": "y" * 20}
    parameters = {
        "adjustment": Adjustment.model_validate(hdps).model_dump(),
        "plain": Adjustment.model_validate({"method": "overlap"}).model_dump(),
        "opened_gates": [Opening.model_validate(opened).model_dump()],
    }
    lines = report.parameters(request(parameters=parameters)).text.splitlines()
    (told,) = [line for line in lines if "hdPS" in line]
    assert "30" in told
    assert "biais possible (Bross)" in told
    assert len([line for line in lines if "Bross" in line]) == 1
    assert any("Erreur systématique" in line for line in lines)


def fields_of(value):
    """The names of the fields of a model and of all it holds."""
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield name
            yield from fields_of(getattr(value, name))
    elif isinstance(value, (dict, tuple)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from fields_of(each)


def test_a_check_says_its_outcome_in_words():
    failed = CheckResult("Positivité", False, pd.DataFrame(), "un groupe est vide.")
    assert report.check(failed).text.startswith("Contrôle non satisfait")


def test_a_note_of_unknown_kind_is_refused():
    with pytest.raises(StudyError, match="nature"):
        report.note("texte", "joke")


def test_a_fragment_carries_its_style_only_outside_a_run(run_folder, monkeypatch):
    fragment = report.note("texte")
    assert "<style>" not in fragment._repr_mimebundle_()["text/html"]
    monkeypatch.delenv("STUDYLIB_RUN_FOLDER")
    bundle = fragment._repr_mimebundle_()
    assert "<style>" in bundle["text/html"]
    assert bundle["text/plain"] == "À savoir\u00a0: texte"


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [
        (-0.001, 2, "0,00"),
        (-1234.5, 0, "−1\u202f235"),
        (2.5, 0, "3"),
        (float("inf"), 0, "+∞"),
        (float("nan"), 1, "–"),
        (None, 1, "–"),
    ],
)
def test_numbers(value, decimals, expected):
    assert french.number(value, decimals=decimals) == expected


def test_every_declared_column_has_a_french_label():
    from studylib.report.wording import COLUMNS

    shown = [tables.ESTIMATES, tables.FLOW, tables.BALANCE, tables.CURVES, tables.SERIES]
    assert {name for table in shown for name in table.names} <= set(COLUMNS)


def test_a_later_table_does_not_give_away_what_an_earlier_one_hid():
    """Arms first, their total in another table: the total would give the hidden arm."""
    arms = estimates(
        ("AOD", "incidence_rate", 1.0, 0.5, 2.0, 3000, 5),
        ("AVK", "incidence_rate", 9.0, 8.0, 9.9, 3000, 80),
    )
    total = estimates(("AOD / AVK", "hazard_ratio", 0.1, 0.05, 0.2, 6000, 85))
    alone = report.table(total, tables.ESTIMATES, caption="Rapport")
    assert "85" in alone.text
    context.start()
    assert "80" in report.table(arms, tables.ESTIMATES, caption="Incidence").text
    for analysis in ("primary", "crude"):
        later = report.table(
            total.assign(analysis=analysis), tables.ESTIMATES, caption="Rapport"
        ).text
        assert "85" not in later
        assert "0,10" not in later
    assert "insuffisant" in report.sentence(total).text


def test_other_analyses_of_a_withheld_comparison_are_withheld():
    rows = estimates(
        ("AOD", "incidence_rate", 1.0, 0.5, 2.0, 3000, 5),
        ("AVK", "incidence_rate", 9.0, 8.0, 9.9, 3000, 80),
        ("AOD / AVK", "hazard_ratio", 0.1, 0.05, 0.2, 6000, 85),
        ("AOD / AVK", "hazard_ratio", 0.33, 0.05, 0.2, 6000, 120),
    ).assign(analysis=["primary", "primary", "primary", "variante"])
    assert "0,33" not in report.table(rows, tables.ESTIMATES, caption="Résultats").text


def test_a_table_shown_twice_hides_the_same_cells():
    rows = estimates(
        ("AOD", "incidence_rate", 1.0, 0.5, 2.0, 3000, 5),
        ("AVK", "incidence_rate", 9.0, 8.0, 9.9, 3000, 80),
        ("AOD / AVK", "hazard_ratio", 0.1, 0.05, 0.2, 6000, 85),
    )
    first, second = (
        report.table(rows, tables.ESTIMATES, caption="Résultats").text for _ in range(2)
    )
    assert first == second


def test_a_small_exit_reason_cannot_be_subtracted_from_the_arm():
    exits = pd.DataFrame(
        {
            "arm": ["AOD"] * 3 + ["AVK"] * 2,
            "exit_reason": ["outcome", "death", "switch", "outcome", "death"],
            "persons": [100, 4, 300, 50, 60],
        }
    )
    shown = [
        row[2] for row in cells(report.table(exits, tables.EXITS, caption="Fins de suivi"))[1:]
    ]
    assert shown[1] == "<\u00a011"
    assert sum(cell == "masqué" for cell in shown[:3]) == 1
    assert shown[3:] == ["50", "60"]


def test_what_is_computed_from_a_hidden_estimate_is_hidden_too():
    """An E-value or a number of attributable cases gives the ratio back."""
    arms = [
        ("AOD", "incidence_rate", 10.0, 5.0, 15.0, 600, 6),
        ("AVK", "incidence_rate", 40.0, 30.0, 50.0, 400, 30),
    ]
    frame = estimates(HAZARD).assign(persons=1000, events=36)
    report.table(estimates(*arms), tables.ESTIMATES, caption="Incidences")
    hidden = report.table(frame, tables.ESTIMATES, caption="Rapport")
    assert "0,71" not in hidden.html
    values = doubt.e_values(frame, common_outcome=False)
    assert "0,71" not in report.table(values, doubt.E_VALUES, caption="Valeurs E").html
    impact = pd.DataFrame(
        {
            "population": "11",
            "comparison": "AVK / AOD",
            "outcome": "Hémorragie majeure",
            "scenario": "attributable",
            "share": 1.0,
            "quantity": "cases",
            "observed": 30.0,
            "estimate": 8.7654,
            "ci_low": 1.0,
            "ci_high": 12.0,
            "persons": 400,
            "events": 30,
            "method": "",
        },
        index=[0],
    )
    assert "8,77" not in report.table(impact, risk.IMPACT, caption="Cas attribuables").html
    other = impact.assign(outcome="Autre")
    assert "8,77" in report.table(other, risk.IMPACT, caption="Autre").html


def test_the_names_of_rows_begin_with_a_capital_and_codes_stay_as_they_are():
    steps = ["incidence, intervalle exact", "p de Q", "er_prs_f", "ATC", "Population"]
    flow = pd.DataFrame({"step": steps, "persons": 500, "excluded": 0})
    soup = BeautifulSoup(report.table(flow, tables.FLOW, caption="Noms").html, "html.parser")
    assert [head.get_text() for head in soup.select("tbody th")] == [
        "Incidence, intervalle exact",
        *steps[1:],
    ]


def test_age_bands_are_told_in_words():
    shares = pd.DataFrame(
        {
            "indicator": "Cumulée",
            "population": "84",
            "stratum": ["75-84", "85+", "F"],
            "persons": 500,
            "events": 100,
            "estimate": 0.2,
            "ci_low": 0.1,
            "ci_high": 0.3,
        }
    )
    kept = [name for name in usage.GROUP_SHARES.names if name in shares]
    shown = report.table(shares, usage.GROUP_SHARES, caption="Parts", columns=kept).html
    assert "75 à 84 ans" in shown
    assert "85 ans ou plus" in shown
