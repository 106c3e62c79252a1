"""Hazard ratios from the proportional-hazards model."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd
from lifelines import CoxPHFitter
from lifelines.exceptions import ConvergenceError, ConvergenceWarning
from scipy import stats

from studylib.risk.rows import against, estimate_row, estimates

NOT_ESTIMABLE = "not estimable"


def hazard_ratio(
    follow_up: pd.DataFrame,
    *,
    outcome: str,
    reference: str,
    covariates: Sequence[str] = (),
    strata: Sequence[str] = (),
    level: float = 0.95,
) -> pd.DataFrame:
    """Hazard of the outcome in each arm against the reference (Cox, 1972; ties: Efron, 1977).

    An ESTIMATES table, measure ``hazard_ratio``, one row per compared arm, each from its own
    two-arm model. ``covariates`` are numeric columns entered linearly; those that do not vary are
    left out and named in ``method``. Where the model has no finite answer (no outcome in an arm,
    separation, no convergence) the row has no estimate and ``method`` says why.
    """
    rows = []
    for arm in against(follow_up, reference):
        both = follow_up[follow_up["arm"].isin([arm, reference])]
        values, p_value, method = _fit(both, arm, covariates, strata, level)
        rows.append(
            estimate_row(
                both,
                comparison=f"{arm} / {reference}",
                measure="hazard_ratio",
                method=method,
                outcome=outcome,
                values=values,
                p_value=p_value,
            )
        )
    return estimates(rows)


def _fit(
    both: pd.DataFrame, arm: str, covariates: Sequence[str], strata: Sequence[str], level: float
) -> tuple[tuple[float, float, float], float, str]:
    described = "Cox, Efron ties, " + (
        f"adjusted for {', '.join(covariates)}" if covariates else "crude"
    )
    if strata:
        described += f", stratified by {', '.join(strata)}"
    nothing = (np.nan, np.nan, np.nan)
    treated = both["arm"] == arm
    for side, group in ((arm, both[treated]), ("reference", both[~treated])):
        if not group["event"].any():
            return nothing, np.nan, f"{NOT_ESTIMABLE}: no outcome in {side}; {described}"
    varying = [name for name in covariates if both[name].nunique() > 1]
    constant = sorted(set(covariates) - set(varying))
    if constant:
        described += f" (constant, left out: {', '.join(constant)})"
    model = both[[*varying, *strata]].assign(
        time=both["exit"] - both["entry"],
        outcome=both["event"].astype(int),
        treated=treated.astype(float),
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            fitted = CoxPHFitter(alpha=1 - level).fit(
                model, "time", "outcome", strata=list(strata) or None
            )
    except (ConvergenceError, ConvergenceWarning, ZeroDivisionError) as failure:
        reason = type(failure).__name__
        return nothing, np.nan, f"{NOT_ESTIMABLE}: no convergence ({reason}); {described}"
    log_ratio = float(fitted.params_["treated"])
    error = float(fitted.standard_errors_["treated"])
    z = stats.norm.ppf((1 + level) / 2)
    estimate, low, high = (float(np.exp(log_ratio + k * z * error)) for k in (0, -1, 1))
    return (estimate, low, high), float(2 * stats.norm.sf(abs(log_ratio) / error)), described
