"""A region's hidden count does not follow from the synthesis less the other regions."""

import json

import pandas as pd
import pytest

from studylib import project, report
from studylib.report import context, disclosure
from studylib.report.tables import as_text, review
from studylib.tables import EXITS, FLOW


def exits(death: int, stop: int, switch: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "arm": "A",
            "exit_reason": ["death", "discontinuation", "switch"],
            "persons": [death, stop, switch],
        }
    )


NORTH, SOUTH = exits(40, 7, 90), exits(30, 60, 80)


def published(frame, schema=EXITS) -> pd.DataFrame:
    """A region's table as its CSV has it, every cell as text."""
    return as_text(disclosure.review(frame, schema)).astype(str)


def test_the_attack_works_when_nothing_is_done():
    parts = {"Nord": published(NORTH), "Sud": published(SOUTH)}
    naive = published(exits(70, 67, 170))
    assert any(
        "Nord, A, discontinuation" in told for told in disclosure.exposed_by_parts(parts, naive)
    )


def test_the_synthesis_hides_what_would_give_it_back():
    parts = {"Nord": published(NORTH), "Sud": published(SOUTH)}
    whole = disclosure.review(exits(70, 67, 170), EXITS, parts=parts)
    hidden = whole.marks.set_index(whole.frame["exit_reason"])["persons"]
    assert hidden["discontinuation"] == "withheld"
    assert (hidden != "").sum() >= 2, "one hidden cell alone follows from the arm's total"
    assert disclosure.exposed_by_parts(parts, as_text(whole).astype(str)) == []


def test_a_synthesis_of_regions_that_hide_nothing_hides_nothing():
    parts = {"Nord": published(exits(40, 70, 90)), "Sud": published(SOUTH)}
    whole = disclosure.review(exits(70, 130, 170), EXITS, parts=parts)
    assert not whole.hides


def test_a_page_that_was_told_of_its_regions_looks_at_their_tables(tmp_path, monkeypatch):
    flow = pd.DataFrame({"step": ["a", "b"], "persons": [500, 494], "excluded": [0, 6]})
    other = pd.DataFrame({"step": ["a", "b"], "persons": [700, 600], "excluded": [0, 100]})
    both = pd.DataFrame({"step": ["a", "b"], "persons": [1200, 1094], "excluded": [0, 106]})
    for region, frame in (("nord", flow), ("sud", other)):
        monkeypatch.setenv(project.RUN_FOLDER_VARIABLE, str(tmp_path / region))
        context.start()
        report.table(frame, FLOW, caption="Flux")
    monkeypatch.setenv(project.RUN_FOLDER_VARIABLE, str(tmp_path / "ensemble"))
    (tmp_path / "ensemble").mkdir()
    places = {"Nord": "../nord/tables", "Sud": "../sud/tables"}
    (tmp_path / "ensemble" / context.SIBLINGS).write_text(json.dumps(places), encoding="utf-8")
    context.start()
    assert set(context.region_tables("Flux")) == {"Nord", "Sud"}
    masked = review(both, FLOW, caption="Flux")
    assert masked.marks["excluded"].tolist()[1] == "withheld"
    context.start()
    report.table(both, FLOW, caption="Flux")
    tables = {
        name: report.page.read_tables(tmp_path / name / "tables")["01-flux.csv"]
        for name in ("nord", "sud", "ensemble")
    }
    whole = tables.pop("ensemble")
    assert disclosure.exposed_by_parts(tables, whole) == []


@pytest.fixture(autouse=True)
def fresh_page():
    yield
    context.start()


def test_a_count_missing_everywhere_does_not_stop_the_comparison():
    table = pd.DataFrame(
        {"population": ["11", "84"], "persons": [30, 40],
         "prescribers": pd.array([None, None], dtype="Int64")}
    )  # fmt: skip
    parts = {code: table[table["population"] == code] for code in ("11", "84")}
    assert disclosure.exposed_by_parts(parts, table) == []
    whole = pd.DataFrame({"population": ["all"], "persons": [70], "prescribers": [pd.NA]})
    hidden = parts | {"84": parts["84"].assign(persons="< 11")}
    assert len(disclosure.exposed_by_parts(hidden, whole)) == 1
