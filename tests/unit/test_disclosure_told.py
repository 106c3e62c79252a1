"""A count that one table hides is printed by no other table or figure of the page, in any order."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from studylib import cohort, project, report, risk, tables
from studylib.report import context
from studylib.report.disclosure import exposed_together
from studylib.report.page import gate, read_tables

ALT = "Ce que la figure montre, dit en une phrase"
SIZES = {"AOD": (700, 6), "AVK": (900, 60)}
PLACES = {"prevalences_arm": [0.02, 0.2], "prevalences_reference": [0.3, 0.95]}


@pytest.fixture(autouse=True)
def fresh_page():
    context.start()
    yield
    context.start()


def followed(sizes=None) -> pd.DataFrame:
    """Two arms: a small one of six events, another of sixty."""
    parts = []
    for arm, (persons, events) in (sizes or SIZES).items():
        event = np.arange(persons) < events
        parts.append(pd.DataFrame({"arm": arm, "event": event, "exit": 100 + np.arange(persons)}))
    people = pd.concat(parts, ignore_index=True)
    reason = np.where(people["event"], "outcome", "administrative")
    return people.assign(person_id=range(len(people)), entry=0, exit_reason=reason)


def displays(sizes=None) -> dict:
    """What a page tells of them, by name: each a function that shows it."""
    people, known = followed(sizes), {"outcome": "Hémorragie"}
    rates = risk.incidence_rate(people, **known).assign(population="11")
    main = risk.hazard_ratio(people, **known, reference="AVK").assign(population="11")
    bound = risk.doubt.unmeasured_confounder(main, confounder_ratios=[1.5, 3.0], **PLACES)
    record = risk.doubt.misclassified_outcome(
        people, **known, reference="AVK", day=700, sensitivities=[0.8, 1.0], specificities=[1.0],
        population="11",
    )  # fmt: skip
    sides = people.groupby("arm")["event"].agg(["size", "sum"]).reset_index()
    stays = pd.DataFrame(
        {"population": "11", "arm": sides["arm"], "persons": sides["size"], "events": sides["sum"],
         "days": 5.0 * sides["sum"], "days_squared": 30.0 * sides["sum"]}
    )  # fmt: skip
    cases = int(people["event"].sum())
    sets = pd.DataFrame(
        {"set": np.repeat(np.arange(cases), 3), "case": np.tile([True, False, False], cases)}
    )
    shown = {
        "rates": (rates, tables.ESTIMATES),
        "ratio": (main, tables.ESTIMATES),
        "exits": (cohort.exit_reasons(people), tables.EXITS),
        "e_values": (risk.doubt.e_values(main, common_outcome=False), risk.doubt.E_VALUES),
        "tipping": (risk.doubt.tipping_points(main, **PLACES), risk.doubt.TIPPING),
        "impact": (risk.attributable(main, stays), risk.IMPACT),
        "controls": (risk.controls_found(sets), risk.CONTROLS_FOUND),
    }
    named = {
        name: lambda frame=frame, schema=schema: report.table(frame, schema, caption="Tableau")
        for name, (frame, schema) in shown.items()
    }
    figures = {
        "confounder": (report.confounder_map, bound),
        "record": (report.misclassification_plot, record),
        "forest": (report.forest, main),
    }
    drawn = {
        name: lambda draw=draw, frame=frame: draw(frame, caption="Figure", alt=ALT)
        for name, (draw, frame) in figures.items()
    }
    head = {"head": lambda: report.key_figures({"Événements": (main.iloc[0], "events")})}
    sentence = {"sentence": lambda: report.sentences(main)}
    return named | drawn | head | sentence


def numbers(pieces) -> set[str]:
    """Every whole number of the pages' texts, headers apart, and those of their figures' data."""
    found: set[str] = set()
    for piece in pieces:
        soup = BeautifulSoup(piece.html, "html.parser")
        for tag in soup.select("img, style, thead"):
            tag.decompose()
        text = soup.get_text(" ").replace("\u202f", "").replace("<\xa011", "")
        found |= set(re.findall(r"(?<![\d,])\d+(?![\d,])", text))
    return found


def test_an_arm_of_sixty_and_one_of_six_never_give_sixty_six():
    shown = displays()
    first = [shown.pop(name)() for name in ("rates", "ratio")]
    pieces = first + [show() for show in shown.values()]
    assert "60" in numbers(pieces)
    assert not {"6", "66"} & numbers(pieces)
    hidden = {name: shown[name]() for name in ("e_values", "tipping", "confounder", "impact")}
    for piece in hidden.values():
        assert "masqué" in piece.text


@pytest.mark.parametrize("seed", [0, 1, 2, 5])
def test_in_whatever_order_tables_come_the_six_do_not_follow(seed, tmp_path, monkeypatch):
    """Where both sides were printed before anything told they were, the page is refused."""
    monkeypatch.setenv(project.RUN_FOLDER_VARIABLE, str(tmp_path))
    shown = displays()
    order = np.random.default_rng(seed).permutation(list(shown))
    told = numbers([shown[name]() for name in order])
    found = exposed_together(read_tables(tmp_path / "tables"))
    assert "6" not in told
    assert ({"60", "66"} <= told) == any("AOD, Hémorragie, events" in each for each in found)


def test_what_was_computed_before_its_estimate_was_hidden_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv(project.RUN_FOLDER_VARIABLE, str(tmp_path))
    shown = displays()
    for name in ("e_values", "tipping", "rates", "ratio"):
        shown[name]()
    found = exposed_together(read_tables(tmp_path / "tables"))
    assert {each.split(", ")[3].split("\u00a0")[0] for each in found} == {
        "estimate", "e_value", "e_value_limit", "tipping_estimate", "tipping_limit",
    }  # fmt: skip
    assert not gate("<p></p>", tables=read_tables(tmp_path / "tables"))[2].passed


def test_the_attack_works_when_the_page_forgets():
    told: set[str] = set()
    for show in displays().values():
        context.start()
        told |= numbers([show()])
    assert {"60", "66"} <= told


def test_a_page_of_large_arms_hides_nothing():
    told = numbers(show() for show in displays({"AOD": (700, 46), "AVK": (900, 60)}).values())
    assert {"46", "60", "106"} <= told


def test_a_small_arm_hides_the_total_of_a_flow_that_comes_after_or_the_other_arm():
    flow = pd.DataFrame({"step": ["Population", "Gardés"], "persons": [5000, 66],
                         "excluded": [0, 4934]})  # fmt: skip
    arms = risk.incidence_rate(followed({"AOD": (6, 0), "AVK": (60, 0)}), outcome="Chute")
    for first, second in (((flow, tables.FLOW), (arms, tables.ESTIMATES)),
                          ((arms, tables.ESTIMATES), (flow, tables.FLOW))):  # fmt: skip
        context.start()
        told = numbers(report.table(*each, caption="Tableau") for each in (first, second))
        assert not {"60", "66"} <= told
        assert "6" not in told


def test_cases_by_number_of_controls_do_not_add_up_to_a_hidden_total():
    shown = displays()
    shown["rates"]()
    shown["ratio"]()
    found = pd.DataFrame({"controls": [1, 2], "events": [20, 46]})
    told = numbers([report.table(found, risk.CONTROLS_FOUND, caption="Témoins")])
    assert not {"20", "46"} <= told


def test_a_count_that_happens_to_equal_others_does_not_open_a_hidden_one():
    """Twelve and eighteen stand elsewhere, of something else: the six stays hidden all the same."""
    other = pd.DataFrame({"controls": [1, 2], "events": [12, 18]})
    report.table(other, risk.CONTROLS_FOUND, caption="Témoins")
    people = followed({"AOD": (700, 6), "AVK": (900, 12)})
    rows = pd.concat([risk.incidence_rate(people, outcome="Chute"),
                      risk.hazard_ratio(people, outcome="Chute", reference="AVK")])  # fmt: skip
    told = numbers([report.table(rows, tables.ESTIMATES, caption="Estimations")])
    assert not {"6", "12", "18"} & told


def test_populations_and_outcomes_that_are_told_apart_do_not_hide_one_another():
    row = risk.incidence_rate(followed(), outcome="Chute")
    both = risk.hazard_ratio(followed(), outcome="Chute", reference="AVK")
    rows = pd.concat([row, both]).assign(population="11")
    report.table(rows, tables.ESTIMATES, caption="Île-de-France")
    elsewhere = displays({"AOD": (700, 30), "AVK": (900, 36)})["ratio"]()
    assert "66" in numbers([elsewhere])
