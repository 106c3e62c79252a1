"""The dossier: its answers are met, and a wrong one, or a poor coverage, would be seen."""

import numpy as np
import pandas as pd
import pytest

from studylib.errors import EstimationError
from studylib.risk import validation
from studylib.risk.validation.agreement import Known


def test_published_and_hand_worked_answers_are_met():
    for table in (validation.published_cases(), validation.hand_worked_cases()):
        assert table["met"].all(), table[~table["met"]]
        assert len(table) > 10


def test_an_answer_that_is_missed_is_said():
    table = validation.agreement(
        [
            Known("un", "moyenne", 1.0, 1.001, 1e-2, "à la main"),
            Known("deux", "moyenne", 1.0, 1.1, 1e-2, "à la main"),
        ]
    )
    found = validation.check_agreement(table, "Essai")
    assert found.passed is False
    assert "1 valeur(s) sur 2" in found.text
    assert "deux, moyenne" in found.text


def intervals(share, size=1000):
    """That share of intervals hold 1."""
    held = np.arange(size) < share * size
    return np.column_stack([np.ones(size), np.where(held, 0.9, 1.1), np.full(size, 1.2)])


@pytest.mark.parametrize(
    ("share", "within"), [(0.95, True), (0.92, True), (0.89, False), (1, False)]
)
def test_a_coverage_out_of_bounds_is_said(share, within):
    row = validation.covered("cox", "null", 1.0, intervals(share))
    assert row["coverage"].item() == pytest.approx(share)
    assert bool(row["within"].item()) is within
    assert validation.check_coverage(row).passed is within
    on_purpose = validation.covered("without calibration", "null", 1.0, intervals(0.5))
    assert validation.check_coverage(pd.concat([row, on_purpose])).passed is within


def test_data_sets_without_limits_are_counted_apart():
    found = np.vstack([intervals(0.95, 100), np.full((20, 3), np.nan)])
    row = validation.covered("cox", "null", 1.0, found).iloc[0]
    assert (row["replicates"], row["not_estimable"]) == (120, 20)
    assert row["coverage"] == pytest.approx(0.95)


def test_time_to_event_estimators_cover():
    table = validation.coverage(30, families=["time_to_event"])
    assert set(table["scenario"]) == {"null", "effect"}
    assert table["within"].all(), table[~table["within"]]
    with pytest.raises(EstimationError, match="20 au moins"):
        validation.coverage(5)
