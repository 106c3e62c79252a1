"""What the page shows of second designs, gaps and prescribers, and what it refuses of requests."""

import pandas as pd
import pytest

from studylib import report, usage
from studylib.report import context
from studylib.requests.studies.case_crossover import CaseCrossover
from studylib.risk import GAPS
from studylib.tables import empty

ALT = "En barres, les personnes selon le nombre de semaines entre les deux débuts."


@pytest.fixture(autouse=True)
def fresh_page():
    context.start()
    yield
    context.start()


def test_the_request_of_a_case_crossover_is_what_the_library_takes():
    read = CaseCrossover.model_validate({"window_days": "14", "future_cases": "2"})
    assert read.choices() == {
        "case_window": 14,
        "number": 4,
        "washout": 30,
        "lag": 0,
        "exposed_by": "dispensing",
        "future_cases": 2,
        "seed": 0,
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"window_days": "0"},
        {"referent_windows": "0"},
        {"apart_days": "-1"},
        {"exposed_by": "box"},
        {"future_cases": "11"},
        {"seed": "-1"},
        {"washout": "3"},
    ],
)
def test_windows_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValueError, match="validation error"):
        CaseCrossover.model_validate(wrong)


def gaps(*persons):
    rows = [(-2, -1), (0, 0), (1, 2)]
    return pd.DataFrame(
        [("A → B", *weeks, n) for weeks, n in zip(rows, persons, strict=True)],
        columns=GAPS.names,
    )


def test_gaps_are_drawn_and_a_small_row_is_not_told():
    shown = report.gap_chart(gaps(40, 3, 90), caption="Écarts", alt=ALT)
    assert "90" in shown.text
    assert "<\N{NO-BREAK SPACE}11" in shown.text
    assert 'alt="En barres' in shown.html


def test_nothing_is_drawn_of_pairs_that_are_withheld():
    shown = report.gap_chart(empty(GAPS), caption="Écarts", alt=ALT)
    assert "<img" in shown.html


def test_few_prescribers_are_masked_as_few_persons_are():
    row = {"indicator": "any_rule", "population": "11", "persons": 40, "dispensings": 90}
    row |= {"from_hospital": 0, "establishments": 0, "prescribers": 4}
    table = pd.DataFrame([row]).astype({"prescribers": "Int64"})
    shown = report.table(table, usage.EXPOSURE, caption="Exposition")
    assert "<\N{NO-BREAK SPACE}11" in shown.text
    many = report.table(table.assign(prescribers=30), usage.EXPOSURE, caption="Exposition, encore")
    assert "30" in many.text
