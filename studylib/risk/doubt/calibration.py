"""Estimates corrected for the systematic error that negative controls reveal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from studylib.errors import EstimationError
from studylib.risk.doubt.error_model import (
    ErrorModel,
    calibrated_interval,
    calibrated_p,
    error_model,
    from_null,
)
from studylib.risk.doubt.null import FEWEST, EmpiricalNull, empirical_null
from studylib.risk.logarithms import on_log_scale
from studylib.risk.rows import estimates as as_estimates
from studylib.risk.rows import method
from studylib.tables import ESTIMATES, check

IDENTITY = ["analysis", "population", "comparison", "outcome", "measure"]
SHARED = ("population", "comparison", "measure")


def null_of(controls: pd.DataFrame, *, fewest: int = FEWEST, level: float = 0.95) -> EmpiricalNull:
    """The empirical null of an ESTIMATES table of negative controls, one row per control.

    Rows without an estimate (not estimable, withheld) are among the excluded.
    """
    values, errors = on_log_scale(check(controls, ESTIMATES), level=level)
    return empirical_null(values, errors, fewest=fewest)


def calibrated(
    estimates: pd.DataFrame,
    controls: pd.DataFrame,
    *,
    positive: pd.DataFrame | None = None,
    shared: Sequence[str] = SHARED,
    fewest: int = FEWEST,
    level: float = 0.95,
) -> pd.DataFrame:
    """``estimates`` (ESTIMATES) calibrated on negative ``controls`` that share their set-up.

    Each row is calibrated with the controls that have the same ``shared`` columns: by default other
    outcomes of the same comparison. One that is itself a control is left out of its own fit. Rows
    without an estimate come back as they are: a withheld estimate is not calibrated. With
    ``positive``, an ESTIMATES table with a column ``truth`` (the ratio injected), the error may
    grow with the effect. A row with fewer than ``fewest`` controls of either kind is not estimable,
    nor is one whose positive controls are not found larger when they are.
    """
    known = check(controls, ESTIMATES)
    center, error = on_log_scale(estimates, level=level)
    rows = []
    for place, (_, row) in enumerate(estimates[ESTIMATES.names].iterrows()):
        record = {str(name): value for name, value in row.items()}
        if np.isfinite(error[place]):
            own = known[_same(known, row, shared) & ~_same(known, row, IDENTITY)]
            extra = None if positive is None else positive[_same(positive, row, shared)]
            record |= _one(row, center[place], error[place], own, extra, fewest, level)
        rows.append(record)
    return as_estimates(rows)


def _same(frame: pd.DataFrame, row: pd.Series, columns: Sequence[str]) -> pd.Series:
    return (frame[list(columns)] == row[list(columns)]).all(axis=1)


def _one(
    row: pd.Series,
    value: float,
    error: float,
    controls: pd.DataFrame,
    positive: pd.DataFrame | None,
    fewest: int,
    level: float,
) -> dict[str, object]:
    """What calibration changes of one row."""
    null = null_of(controls, fewest=fewest, level=level)
    how = {
        "of": str(row["method"]).split("; ")[0],
        "null": "maximum_likelihood",
        "error_model": "systematic_error" if positive is not None else "empirical_null",
        "negative_controls": null.controls,
        "excluded_controls": null.excluded or None,
        "few_controls": "unstable" if null.unstable else None,
    }
    reason = None if null.fitted else "too few negative controls"
    model = from_null(null) if null.fitted else None
    if positive is not None and model is not None:
        model, reason = _with_positive(null, positive, fewest, level)
    if model is None:
        told = method("empirical_calibration", not_estimable=reason, **how)
        return dict.fromkeys(("estimate", "ci_low", "ci_high", "p_value"), np.nan) | {
            "method": told
        }
    center, low, high = np.exp(calibrated_interval(value, error, model, level=level))
    return {
        "estimate": center,
        "ci_low": low,
        "ci_high": high,
        "p_value": calibrated_p(value, error, model),
        "method": method("empirical_calibration", **how),
    }


def _with_positive(
    null: EmpiricalNull, positive: pd.DataFrame, fewest: int, level: float
) -> tuple[ErrorModel | None, str | None]:
    """The model of both kinds of controls, or why there is none."""
    if "truth" not in positive or (positive["truth"] <= 0).any():
        raise EstimationError(
            "Témoins positifs : une colonne « truth » est attendue, qui donne le rapport injecté, "
            "supérieur à 0."
        )
    values, errors = on_log_scale(positive, level=level)
    usable = np.isfinite(errors)
    if usable.sum() < fewest:
        return None, "too few positive controls"
    model = error_model(
        np.concatenate([null.log_ratios, values[usable]]),
        np.concatenate([null.errors, errors[usable]]),
        np.concatenate(
            [np.zeros(null.controls), np.log(positive["truth"].to_numpy(float)[usable])]
        ),
        fewest=fewest,
    )
    return (model, None) if model.b > 0 else (None, "no order in positive controls")
