"""Calibration, power and E-values on published numbers (kept out of the project)."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from studylib import project
from studylib.risk import doubt

CASES = project.root().parent / "shared" / "cases" / "risk"
pytestmark = pytest.mark.skipif(
    not CASES.is_dir(), reason="the published cases are not beside the project"
)


def answer(case: str, part: str = "answer"):
    published = json.loads((CASES / "expected.json").read_text(encoding="utf-8"))
    return next(one[part] for one in published["cases"] if one["id"] == case)


def test_sertraline_and_its_negative_controls():
    """PE28, EmpiricalCalibration: the null of 45 drugs without effect, and sertraline's p."""
    data = pd.read_csv(CASES / "negative_controls_sccs.csv")
    controls = data[data["groundTruth"] == 0]
    null = doubt.empirical_null(controls["logRr"], controls["seLogRr"])
    known, plain = answer("PE28"), answer("PE28", "second_implementation")
    assert null.mean == pytest.approx(known["null_mean"], rel=1e-3)
    assert null.sd == pytest.approx(known["null_sd"], rel=1e-3)
    assert doubt.ease(null)[0] == pytest.approx(plain["ease_closed_form"], rel=1e-5)
    studied = data[data["groundTruth"] == 1].iloc[0]
    model = doubt.ErrorModel(null.mean, 1, null.sd, 0)
    found = doubt.calibrated_p(studied["logRr"], studied["seLogRr"], model)
    assert found == pytest.approx(known["calibrated_p"], rel=1e-3)
    raw = 2 * stats.norm.sf((controls["logRr"] / controls["seLogRr"]).abs())
    assert np.count_nonzero(raw < 0.05) == plain["negative_controls_with_p_below_005"]


def test_minimum_detectable_ratios():
    """PE30, CohortMethod."""
    for case in answer("PE30"):
        found, error = doubt.mdrr_cohort(case["target"], case["comparator"], case["events"])
        assert found == pytest.approx(case["mdrr"], rel=1e-6)
        assert error == pytest.approx(case.get("se", error), rel=1e-6)


def test_e_value_of_the_vignette():
    """PE32, EValue: RR 3.9 (1.8 to 8.7)."""
    known = answer("PE32")
    assert doubt.e_value(3.9) == pytest.approx(known["e_value"], abs=1e-6)
    assert doubt.e_value(1.8) == pytest.approx(known["e_value_ci"], abs=1e-6)
