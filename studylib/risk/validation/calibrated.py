"""Simulated studies whose estimates all err, with negative controls that err alike."""

from __future__ import annotations

import numpy as np
import pandas as pd

from studylib.risk.doubt import ErrorModel, calibrated_interval, calibrated_p, empirical_null
from studylib.risk.validation.coverage import covered

CONTROLS = 50
MEAN, SD = 0.3, 0.2
_Z = 1.959963984540054


def simulated_study(
    seed: int, *, effect: float, controls: int = CONTROLS
) -> tuple[np.ndarray, np.ndarray]:
    """Log ratios and errors of ``controls`` negative controls, then of the studied outcome.

    All are off by systematic errors that are normal, mean 0.3 and standard deviation 0.2; the last
    has the true ratio ``effect``.
    """
    draw = np.random.default_rng(seed)
    errors = draw.uniform(0.05, 0.25, controls + 1)
    bias = MEAN + SD * draw.standard_normal(controls + 1)
    found = bias + errors * draw.standard_normal(controls + 1)
    found[-1] += np.log(effect)
    return found, errors


def coverage_of_calibrated(*, seeds: range, effect: float) -> pd.DataFrame:
    """Coverage of calibrated intervals, and of the raw ones beside them (COVERAGE)."""
    scenario, kept = ("null" if effect == 1 else "effect"), []
    raw: list[tuple[float, float, float]] = []
    for seed in seeds:
        found, errors = simulated_study(seed, effect=effect)
        model = _model(found, errors)
        center, low, high = np.exp(calibrated_interval(found[-1], errors[-1], model))
        kept.append((float(center), float(low), float(high)))
        ends = (float(np.exp(found[-1] + sign * _Z * errors[-1])) for sign in (0, -1, 1))
        raw.append((next(ends), next(ends), next(ends)))
    rows = [
        covered("empirical_calibration", scenario, effect, kept),
        covered("without calibration, biased", scenario, effect, raw),
    ]
    return pd.concat(rows, ignore_index=True)


def type_one_error_after_calibration(*, seeds: range, alpha: float = 0.05) -> dict[str, float]:
    """Share of studies without effect declared significant: ``calibrated`` and ``raw`` p values.

    >>> found = type_one_error_after_calibration(seeds=range(50))
    >>> found["raw"] > 0.3 > found["calibrated"]
    True
    """
    significant = {"calibrated": 0, "raw": 0}
    for seed in seeds:
        found, errors = simulated_study(seed, effect=1.0)
        corrected = calibrated_p(found[-1], errors[-1], _model(found, errors))
        significant["calibrated"] += corrected < alpha
        significant["raw"] += calibrated_p(found[-1], errors[-1], _NO_BIAS) < alpha
    return {name: float(times) / len(seeds) for name, times in significant.items()}


_NO_BIAS = ErrorModel(0.0, 1.0, 0.0, 0.0)


def _model(found: np.ndarray, errors: np.ndarray) -> ErrorModel:
    null = empirical_null(found[:-1], errors[:-1])
    return ErrorModel(null.mean, 1.0, null.sd, 0.0)
