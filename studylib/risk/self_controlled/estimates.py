"""Incidence rate ratios of a case series, with their intervals and profiles."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, get_args

import numpy as np
import pandas as pd
from scipy import stats

from studylib.errors import EstimationError, refuse_choices
from studylib.risk.gates.gate import Gates
from studylib.risk.logarithms import quantile
from studylib.risk.rows import DAYS_PER_YEAR, NOTHING, estimates, method
from studylib.risk.self_controlled import likelihood
from studylib.risk.self_controlled.arrays import Reals
from studylib.risk.self_controlled.case_series import CaseSeries
from studylib.risk.self_controlled.fitting import (
    NONE_INSIDE,
    Fitted,
    bounded,
    fitted,
    standard_errors,
)
from studylib.risk.self_controlled.inputs import NAME
from studylib.risk.self_controlled.schemas import WINDOWS
from studylib.tables import check

Interval = Literal["wald", "profile"]


def self_controlled_case_series(
    series: CaseSeries,
    *,
    outcome: str,
    interval: Interval = "wald",
    level: float = 0.95,
    gates: Gates | None = None,
) -> pd.DataFrame:
    """Incidence in each window against the same persons' other time.

    An ESTIMATES table, measure ``incidence_rate_ratio``, one row per drug (dose) and window.
    ``persons``, ``events`` and ``person_years`` are those of the window: cases with time in it,
    events that fall in it. ``interval`` is ``wald`` (normal on the log scale) or ``profile``. A
    window without event, without time, or that cannot be told apart from the time effects has a
    row without estimate whose ``method`` says why; with ``profile``, a window without event has
    the ratio 0 and an upper limit.

    Sources: Farrington CP (1995), Biometrics 51:228-235; Whitaker HJ et al. (2006), Stat Med
    25:1768-1797.

    >>> from studylib.risk.self_controlled import Window, case_series
    >>> cases = pd.DataFrame({"person_id": [1, 2], "start": 0, "end": 100})
    >>> use = pd.DataFrame({"person_id": [1, 2], "drug": "A", "start": [10, 50], "end": [30, 70]})
    >>> events = pd.DataFrame({"person_id": [1, 2], "day": [15, 5]})
    >>> series = case_series(cases, use, events, windows=[Window("exposed")])
    >>> self_controlled_case_series(series, outcome="fall")["estimate"].round(6).item()
    4.0
    """
    refuse_choices(NAME, interval=(interval, get_args(Interval)))
    model = fitted(series)
    rows = []
    for term in range(series.exposures):
        reason, values, p_value = _row(series, model, term, interval, level)
        rows.append(_told(series, model, term, outcome, interval, reason, values, p_value))
    if not rows:
        raise EstimationError(f"{NAME} : aucun cas n'est exposé pendant son observation.")
    return estimates(rows, gates=gates)


def _row(
    series: CaseSeries, model: Fitted, term: int, interval: Interval, level: float
) -> tuple[str | None, tuple[float, float, float], float]:
    """Why there is no estimate; else the estimate, its limits and its p value."""
    reason = model.reasons.get(term)
    if reason == NONE_INSIDE and interval == "profile":
        return None, (0.0, 0.0, _upper_of_none(series, model, term, level)), np.nan
    if reason:
        return f"{reason} in {series.terms[term]}", NOTHING, np.nan
    place = model.kept.index(term)
    if not model.fit.converged or not np.isfinite(standard_errors(model)[place]):
        return "no convergence", NOTHING, np.nan
    beta, error = float(model.fit.beta[place]), float(standard_errors(model)[place])
    low, high = _limits(model, place, beta, error, interval, level)
    if np.isnan(low) or np.isnan(high):
        return "no convergence", NOTHING, np.nan
    p_value = float(2 * stats.norm.sf(abs(beta) / error))
    estimate, down, up = _ratios(np.array([beta, low, high]))
    return None, (float(estimate), float(down), float(up)), p_value


def _limits(
    model: Fitted, place: int, beta: float, error: float, interval: Interval, level: float
) -> tuple[float, float]:
    z = quantile(level)
    wald = (beta - z * error, beta + z * error)
    if interval == "wald":
        return wald
    top, near = model.fit.log_likelihood, model.fit.beta
    low, high = (likelihood.limit(model.patterns, top, near, place, z**2 / 2, end) for end in wald)
    return low, high


def _upper_of_none(series: CaseSeries, model: Fitted, term: int, level: float) -> float:
    """Upper profile limit of a window without event, whose likelihood rises to ratio 0."""
    others = {one: reason for one, reason in model.reasons.items() if one != term}
    patterns = bounded(series.patterns, others)
    whole = replace(patterns, design=patterns.design[:, [term, *model.kept]])
    near = np.concatenate([[-30.0], model.fit.beta])
    drop = quantile(level) ** 2 / 2
    found = likelihood.limit(whole, model.fit.log_likelihood, near, 0, drop, 0.0)
    return float(np.exp(found))


def _told(
    series: CaseSeries,
    model: Fitted,
    term: int,
    outcome: str,
    interval: Interval,
    reason: str | None,
    values: tuple[float, float, float],
    p_value: float,
) -> dict[str, object]:
    count = series.counts.iloc[term]
    lost = [series.terms[t] for t in range(series.exposures, len(series.terms))
            if t not in model.kept]  # fmt: skip
    return {
        "analysis": "primary",
        "population": "",
        "comparison": f"{series.terms[term]} / unexposed",
        "outcome": outcome,
        "measure": "incidence_rate_ratio",
        "estimate": values[0],
        "ci_low": values[1],
        "ci_high": values[2],
        "p_value": p_value,
        "persons": int(count["persons"]),
        "events": int(count["events"]),
        "person_years": float(count["days"]) / DAYS_PER_YEAR,
        "method": method(
            "conditional_poisson",
            not_estimable=reason,
            interval=interval,
            **series.choices,
            unidentified=lost,
        ),
    }


def window_counts(series: CaseSeries, *, gates: Gates | None = None) -> pd.DataFrame:
    """Cases, events and time of each window: a WINDOWS table.

    The rest of the time has no row: with the total of cases it would give away a window that
    holds few events. Events by window tell the effect: while ``gates`` are closed there is one
    row, of all the time.
    """
    term = series.counts["term"]
    closed = gates is not None and gates.closed
    counts = series.counts[term == "total" if closed else ~term.isin(["total", "unexposed"])]
    table = counts.assign(population="", person_years=counts["days"] / DAYS_PER_YEAR)
    return check(table[WINDOWS.names].reset_index(drop=True), WINDOWS)


def time_ratios(series: CaseSeries, *, level: float = 0.95) -> pd.DataFrame:
    """The terms of age, season and calendar time: term, ratio, ci_low, ci_high (Wald).

    In groups, ratios are against the first group of the clock that holds an event; missing where
    the model has no finite answer.
    """
    model = fitted(series)
    z = quantile(level)
    errors = standard_errors(model)
    rows = []
    for place, term in enumerate(model.kept):
        if term >= series.exposures:
            known = model.fit.converged and np.isfinite(errors[place])
            beta = model.fit.beta[place] + z * errors[place] * np.array([0, -1, 1])
            rows.append([series.terms[term], *(_ratios(beta) if known else NOTHING)])
    return pd.DataFrame(rows, columns=["term", "ratio", "ci_low", "ci_high"])


def _ratios(logs: Reals) -> Reals:
    """Ratios from their logarithms; one too large to be written is infinite."""
    with np.errstate(over="ignore"):
        return np.exp(logs)
