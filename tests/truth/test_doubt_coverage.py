"""Calibrated p values and pooled intervals are right as often as they say (seeds are fixed).

200 replicates: between 181 and 199 in all but one run in a thousand; 1,000: 0.05 ± 0.021.
"""

import pytest

from studylib.risk.validation import calibrated, pooled


def test_calibration_gives_back_the_type_one_error_that_bias_took():
    found = calibrated.type_one_error_after_calibration(seeds=range(1000))
    assert 0.029 <= found["calibrated"] <= 0.071
    assert found["raw"] > 0.4, "biased on purpose: uncalibrated p values must not look right"


@pytest.mark.parametrize("effect", [1.0, 1.5])
def test_calibrated_intervals_cover_and_raw_ones_do_not(effect):
    rows = calibrated.coverage_of_calibrated(seeds=range(200), effect=effect)
    share = rows.set_index("estimator")["coverage"]
    assert 181 / 200 <= share["empirical_calibration"] <= 199 / 200
    assert share["without calibration, biased"] < 0.7


@pytest.mark.parametrize("effect", [1.0, 1.5])
def test_pooled_intervals_cover(effect):
    rows = pooled.coverage_of_pooled(seeds=range(200), effect=effect)
    assert rows["estimator"].str.startswith("profile_pooling").sum() == 5
    assert rows["estimator"].str.startswith("meta_analysis").sum() == 4
    assert rows["coverage"].between(181 / 200, 199 / 200).all(), rows
    assert (rows["not_estimable"] == 0).all()
