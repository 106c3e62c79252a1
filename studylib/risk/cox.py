"""Hazard ratios from the proportional-hazards model."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd
from lifelines import CoxPHFitter
from lifelines.exceptions import ConvergenceError, ConvergenceWarning
from scipy import stats

from studylib.errors import EstimationError
from studylib.risk.rows import NOTHING, against, estimate_row, estimates, method


def hazard_ratio(
    follow_up: pd.DataFrame,
    *,
    outcome: str,
    reference: str,
    covariates: Sequence[str] = (),
    strata: Sequence[str] = (),
    arms: Sequence[str] = (),
    fewest_carriers: int = 10,
    level: float = 0.95,
) -> pd.DataFrame:
    """Hazard of the outcome in each arm against the reference (Cox, 1972; ties: Efron, 1977).

    An ESTIMATES table, measure ``hazard_ratio``, one row per compared arm, each from its own
    two-arm model. ``arms`` names the arms of the study, so that one without anybody here has its
    row too (default: those present). ``covariates`` are numeric columns entered linearly. Those
    that do not vary, flags with no outcome on one of their sides (whose coefficient would run to
    infinity), and flags that fewer than ``fewest_carriers`` persons have, or lack, are left out
    and named in ``method``. Where the model has no finite answer (no outcome in an arm,
    separation, no convergence) the row has no estimate and ``method`` says why.
    """
    missing = [n for n in (*covariates, *strata) if follow_up[n].isna().any()]
    if missing:
        raise EstimationError(
            f"Modèle de Cox : valeurs manquantes dans {', '.join(missing)} ; écarter ces personnes "
            "par une étape du diagramme de flux, ou compléter."
        )
    rows = []
    for arm in against(follow_up, reference, arms):
        both = follow_up[follow_up["arm"].isin([arm, reference])]
        values, p_value, how = _fit(both, arm, covariates, strata, fewest_carriers, level)
        row = partial(estimate_row, both, comparison=f"{arm} / {reference}", outcome=outcome)
        rows.append(row(measure="hazard_ratio", method=how, values=values, p_value=p_value))
    return estimates(rows)


def _fit(
    both: pd.DataFrame,
    arm: str,
    covariates: Sequence[str],
    strata: Sequence[str],
    fewest_carriers: int,
    level: float,
) -> tuple[tuple[float, float, float], float, str]:
    """Estimate and limits, p value, and the model in a line."""
    treated = both["arm"] == arm
    for side, group in both.groupby("arm"):
        if not group["event"].any():
            return NOTHING, np.nan, _method(covariates, strata, {}, f"no outcome in {side}")
    unusable = _unusable(both, covariates, fewest_carriers)
    kept = [name for name in covariates if name not in unusable]
    model = both[[*kept, *strata]].assign(
        time=both["exit"] - both["entry"],
        outcome=both["event"].astype(int),
        treated=treated.astype(float),
    )
    try:
        return *_ratio(model, strata, level), _method(covariates, strata, unusable)
    except (ConvergenceError, ConvergenceWarning, ZeroDivisionError):
        return NOTHING, np.nan, _method(covariates, strata, unusable, "no convergence")


def _ratio(
    model: pd.DataFrame, strata: Sequence[str], level: float
) -> tuple[tuple[float, float, float], float]:
    """The hazard ratio of ``treated`` with its limits, and its p value."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        fitted = CoxPHFitter(alpha=1 - level).fit(
            model, "time", "outcome", strata=list(strata) or None
        )
    log_ratio = float(fitted.params_["treated"])
    error = float(fitted.standard_errors_["treated"])
    z = stats.norm.ppf((1 + level) / 2)
    estimate, low, high = (float(np.exp(log_ratio + k * z * error)) for k in (0, -1, 1))
    return (estimate, low, high), float(2 * stats.norm.sf(abs(log_ratio) / error))


def _method(
    covariates: Sequence[str],
    strata: Sequence[str],
    unusable: Mapping[str, str],
    not_estimable: str | None = None,
) -> str:
    """What the model is, in a line, with the covariates left out and why."""
    left_out = {
        reason: sorted(name for name in unusable if unusable[name] == reason)
        for reason in sorted(set(unusable.values()))
    }
    return method(
        "cox",
        not_estimable=not_estimable,
        ties="efron",
        adjustment="regression" if covariates else "none",
        covariates=covariates,
        strata=strata,
        **left_out,
    )


def _unusable(
    both: pd.DataFrame, covariates: Sequence[str], fewest_carriers: int
) -> dict[str, str]:
    """The covariates that no coefficient can be given to, and why."""
    reasons = {}
    for name in covariates:
        sizes = both[name].value_counts()
        if len(sizes) < 2:
            reasons[name] = "constant"
        elif len(sizes) == 2 and sizes.min() < fewest_carriers:
            reasons[name] = "few_carriers"
        elif len(sizes) == 2 and not both["event"].groupby(both[name]).any().all():
            reasons[name] = "no_outcome_on_one_side"
    return reasons
