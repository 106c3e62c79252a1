"""How often intervals hold a truth that is known because it was simulated."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from studylib.risk.validation.schemas import COVERAGE
from studylib.tables import check

LOW, HIGH = 0.93, 0.97
ERRORS = 3
"""Monte Carlo errors allowed for beyond the bounds."""


def covered(
    estimator: str,
    scenario: str,
    truth: float,
    found: Iterable[tuple[float, float, float]] | pd.DataFrame,
) -> pd.DataFrame:
    """One row of a COVERAGE table from estimates and limits, one per simulated data set.

    ``found`` are (estimate, low, high), or an ESTIMATES table with one row per data set. Data sets
    without limits are counted apart and take no part in the share. The Monte Carlo error is that of
    a coverage of 95 %, so that few data sets which all cover are not taken for certain.

    >>> row = covered("x", "null", 1.0, [(1.1, 0.9, 1.3), (1.4, 1.1, 1.7)]).iloc[0]
    >>> float(row["coverage"]), round(float(row["monte_carlo_error"]), 2)
    (0.5, 0.15)
    """
    if isinstance(found, pd.DataFrame):
        found = found[["estimate", "ci_low", "ci_high"]].to_numpy(float)
    rows = np.asarray(list(found), float).reshape(-1, 3)
    known = rows[np.isfinite(rows[:, 0]) & ~np.isnan(rows[:, 1:]).any(axis=1)]
    held = (known[:, 1] <= truth) & (truth <= known[:, 2])
    share = float(held.mean()) if len(known) else np.nan
    error = float(np.sqrt(0.95 * 0.05 / max(len(known), 1)))
    row = {
        "estimator": estimator,
        "scenario": scenario,
        "truth": float(truth),
        "replicates": len(rows),
        "mean_estimate": float(known[:, 0].mean()) if len(known) else np.nan,
        "coverage": share,
        "monte_carlo_error": error,
        "within": bool(LOW - ERRORS * error <= share <= HIGH + ERRORS * error),
        "not_estimable": len(rows) - len(known),
    }
    return check(pd.DataFrame([row]), COVERAGE)
