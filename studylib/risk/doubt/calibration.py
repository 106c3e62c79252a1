"""Estimates corrected for the systematic error that negative controls reveal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from studylib.errors import EstimationError, refuse_choices
from studylib.risk.doubt.error_model import (
    ErrorModel,
    calibrated_interval,
    calibrated_p,
    error_model,
    from_null,
)
from studylib.risk.doubt.null import FEWEST, EmpiricalNull, empirical_null
from studylib.risk.received import UNBOUNDED, received, received_ratios
from studylib.risk.rows import estimates as as_estimates
from studylib.risk.rows import method
from studylib.tables import ESTIMATES, check

IDENTITY = ["analysis", "population", "comparison", "outcome", "measure"]
SHARED = ("population", "comparison", "measure")
NAME = "Calibrage"


def null_of(controls: pd.DataFrame, *, fewest: int = FEWEST, level: float = 0.95) -> EmpiricalNull:
    """The empirical null of an ESTIMATES table of negative controls, one row per control.

    Rows without an estimate (not estimable, withheld) are among the excluded. EstimationError for
    a control given twice.
    """
    known, values, errors = received_ratios(controls, NAME, level=level)
    _refuse_twice(known, IDENTITY)
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
    grow with the effect. A row with fewer than ``fewest`` controls of either kind, or without a
    finite interval, is not estimable, nor is one whose positive controls are not found larger when
    they are.
    """
    refuse_choices(NAME, **{f"shared ({name})": (name, ESTIMATES.names) for name in shared})
    known = check(controls, ESTIMATES)
    given, center, error = received_ratios(estimates, NAME, level=level, whole=True)
    if positive is not None:
        positive = _read_positive(positive)
    rows = []
    for place, (_, row) in enumerate(given[ESTIMATES.names].iterrows()):
        record = {str(name): value for name, value in row.items()}
        if pd.notna(row["estimate"]) and np.isnan(error[place]):
            record |= _without(UNBOUNDED, {"of": _estimator(row)})
        elif np.isfinite(error[place]):
            own = known[_same(known, row, shared) & ~_same(known, row, IDENTITY)]
            extra = None if positive is None else positive[_same(positive, row, shared)]
            record |= _one(row, center[place], error[place], own, extra, fewest, level)
        rows.append(record)
    return as_estimates(rows)


def _same(frame: pd.DataFrame, row: pd.Series, columns: Sequence[str]) -> pd.Series:
    return (frame[list(columns)] == row[list(columns)]).all(axis=1)


def _estimator(row: pd.Series) -> str:
    return str(row["method"]).split("; ")[0]


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
        "of": _estimator(row),
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
        return _without(str(reason), how)
    with np.errstate(over="ignore"):  # a ratio too large to be written is infinite
        center, low, high = np.exp(calibrated_interval(value, error, model, level=level))
    return {
        "estimate": center,
        "ci_low": low,
        "ci_high": high,
        "p_value": calibrated_p(value, error, model),
        "method": method("empirical_calibration", **how),
    }


def _without(reason: str, how: Mapping[str, object]) -> dict[str, object]:
    """What a row without calibrated estimate becomes, and why."""
    told = method("empirical_calibration", not_estimable=reason, **how)
    return dict.fromkeys(("estimate", "ci_low", "ci_high", "p_value"), np.nan) | {"method": told}


def _refuse_twice(controls: pd.DataFrame, identity: Sequence[str]) -> None:
    twice = controls.duplicated(list(identity))
    if twice.any():
        raise EstimationError(
            f"{NAME} : le témoin « {controls.loc[twice, 'outcome'].iloc[0]} » est donné deux "
            "fois ; garder une seule estimation par témoin."
        )


def _read_positive(positive: pd.DataFrame) -> pd.DataFrame:
    """Positive controls with the ratio injected in each."""
    read = received(positive, NAME, "témoins positifs", numbers=["truth"])
    if (read["truth"] <= 0).any():
        raise EstimationError(
            f"{NAME} : la colonne « truth » des témoins positifs donne le rapport injecté, "
            "supérieur à 0."
        )
    _refuse_twice(check(read, ESTIMATES), [*IDENTITY, "truth"])
    return read


def _with_positive(
    null: EmpiricalNull, positive: pd.DataFrame, fewest: int, level: float
) -> tuple[ErrorModel | None, str | None]:
    """The model of both kinds of controls, or why there is none."""
    _, values, errors = received_ratios(positive, NAME, level=level)
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
