"""Hazard ratios from the proportional-hazards model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
from scipy import stats

from studylib.risk.cox.exact import fit_exact
from studylib.risk.cox.fit import SMALLEST_ERROR, CoxFit, NoMaximum, fit, sandwich
from studylib.risk.cox.intervals import bootstrap, profile_limits, wald
from studylib.risk.cox.model import CoxModel, Interval, Ties, Variance
from studylib.risk.cox.preparation import Rows, rows_of, strata_of
from studylib.risk.enough import effective_size, too_few, weakness
from studylib.risk.gates.gate import Gates
from studylib.risk.logarithms import quantile
from studylib.risk.rows import NOTHING, against, estimate_row, estimates


def hazard_ratio(
    follow_up: pd.DataFrame,
    *,
    outcome: str,
    reference: str,
    covariates: Sequence[str] = (),
    strata: Sequence[str] = (),
    arms: Sequence[str] = (),
    weights: str | None = None,
    cluster: str | None = None,
    ties: Ties = "efron",
    variance: Variance | None = None,
    interval: Interval = "wald",
    adjustment: str | None = None,
    fewest_carriers: int = 10,
    replicates: int = 500,
    seed: int | None = None,
    level: float = 0.95,
    gates: Gates | None = None,
) -> pd.DataFrame:
    """Hazard of the outcome in each arm against the reference (Cox, 1972).

    An ESTIMATES table, measure ``hazard_ratio``, one row per compared arm, each from its own
    two-arm model on days since entry. ``arms`` names the arms of the study, so that one without
    anybody here has its row too (default: those present). ``covariates`` are numeric columns
    entered linearly; ``weights`` and ``cluster`` are columns too, a cluster being one person with
    several rows, or a matched set. ``ties``: Efron (1977), Breslow (1974), or the exact discrete
    likelihood (Cox, 1972), for small data and the variance of the model.

    ``variance`` is that of the model, the robust ``sandwich`` (Lin and Wei, 1989), or that of
    ``replicates`` bootstrap samples of persons or clusters drawn with ``seed``, weights taken as
    given; by default the sandwich where there are weights or clusters. ``interval`` is normal on
    the log (``wald``) or of the profile likelihood, infinite on the side where it never ends.
    ``adjustment`` is the word told for how confounding was dealt with.

    Covariates that do not vary, flags with no outcome on one of their sides, flags that fewer than
    ``fewest_carriers`` persons have, or lack, and columns that others determine are left out and
    named in ``method``. Where the model has no finite answer the row has no estimate and
    ``method`` says why; with ``gates`` closed no row has one.

    >>> days, ended = [4, 1, 3, 2], [False, True, True, True]
    >>> four = pd.DataFrame({"person_id": range(4), "arm": ["A", "A", "B", "B"], "entry": 0,
    ...                      "exit": days, "event": ended})
    >>> hazard_ratio(four, outcome="bleeding", reference="B")["estimate"].round(3).item()
    0.618
    """
    model = CoxModel(
        tuple(covariates),
        tuple(strata),
        weights,
        cluster,
        ties,
        variance or ("sandwich" if weights or cluster else "model"),
        interval,
        adjustment or ("regression" if covariates else "none"),
        fewest_carriers,
        replicates,
        seed,
    )
    compared = against(follow_up, reference, arms, repeated=cluster is not None)
    quantile(level)
    model.refuse(follow_up)
    rows = []
    for arm in compared:
        both = follow_up[follow_up["arm"].isin([arm, reference])]
        values, p_value, told = _estimated(both, arm, reference, model, level)
        row = partial(estimate_row, both, comparison=f"{arm} / {reference}", outcome=outcome)
        rows.append(row(measure="hazard_ratio", method=told, values=values, p_value=p_value))
    return estimates(rows, gates=gates)


def _estimated(
    both: pd.DataFrame, arm: str, reference: str, model: CoxModel, level: float
) -> tuple[tuple[float, float, float], float, str]:
    """Estimate and limits, p value, and the model in a line."""
    treated = both["arm"].eq(arm).to_numpy()
    reason = _impossible(both, treated, arm, reference, model)
    if reason:
        return NOTHING, np.nan, model.told({}, reason)
    rows = rows_of(
        both,
        treated,
        covariates=model.covariates,
        strata=model.strata,
        weights=model.weights,
        cluster=model.cluster,
        ties=model.ties,
        fewest_carriers=model.fewest_carriers,
    )
    effective = effective_size(rows.sets.weights)
    if model.variance != "model" and too_few(len(rows.x), rows.x.shape[1], effective=effective):
        return NOTHING, np.nan, model.told(rows.left_out, "too few persons")
    try:
        fitted = fit_exact(rows) if model.ties == "exact" else fit(rows.sets, rows.x)
        values, p_value = _limits(rows, fitted, model, level)
    except NoMaximum:
        return NOTHING, np.nan, model.told(rows.left_out, "no convergence")
    if np.isnan(values[0]):
        return NOTHING, np.nan, model.told(rows.left_out, "no variance")
    return values, p_value, model.told(rows.left_out)


def _impossible(
    both: pd.DataFrame, treated: np.ndarray, arm: str, reference: str, model: CoxModel
) -> str | None:
    """Why two arms cannot be compared at all, or None."""
    event = both["event"].to_numpy(bool)
    weight = None if model.weights is None else both[model.weights].to_numpy(float)
    event = event if weight is None else event & (weight > 0)
    cluster = None if model.cluster is None else both[model.cluster].to_numpy()
    for name, side in ((arm, treated), (reference, ~treated)):
        if not side.any():
            return f"nobody in {name}"
        if not event[side].any():
            return f"no outcome in {name}"
        if model.variance != "model":
            own = None if weight is None else weight[side]
            people = None if cluster is None else cluster[side]
            weak = weakness(own, int(side.sum()), cluster=people)
            if weak:
                return f"{weak} in {name}"
    if model.strata:
        groups = strata_of(both, model.strata)
        together = np.intersect1d(groups[treated], groups[~treated])
        if not event[np.isin(groups, together)].any():
            return "no stratum with both arms"
    return None


def _limits(
    rows: Rows, fitted: CoxFit, model: CoxModel, level: float
) -> tuple[tuple[float, float, float], float]:
    """The ratio of the arm with its limits, and its p value."""
    log_ratio = float(fitted.coefficients[-1])
    if model.variance == "bootstrap":
        drawn = bootstrap(rows, fitted, replicates=model.replicates, seed=model.seed or 0)
        error = float(np.std(drawn, ddof=1))
    elif model.variance == "sandwich":
        robust = sandwich(rows.sets, rows.x, fitted, cluster=rows.cluster)
        error = float(np.sqrt(robust[-1, -1]))
    else:
        error = float(fitted.standard_errors[-1])
    if not error > SMALLEST_ERROR:
        return NOTHING, np.nan
    if model.interval == "profile":
        low, high = profile_limits(rows, fitted, level)
    else:
        low, high = wald(log_ratio, error, level)
    p_value = float(2 * stats.norm.sf(abs(log_ratio) / error))
    with np.errstate(over="ignore"):
        return (float(np.exp(log_ratio)), float(np.exp(low)), float(np.exp(high))), p_value
