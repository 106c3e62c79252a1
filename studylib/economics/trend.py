"""Trend of monthly spending with a dated shock: segmented regression, its specification printed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from studylib import tables
from studylib.economics.completeness import by_month
from studylib.economics.regression import Floats, LeastSquares, least_squares, usual_lag
from studylib.economics.schemas import TREND
from studylib.errors import EstimationError
from studylib.tables import SERIES


class SpendingTrend(NamedTuple):
    """Coefficients (``TREND``), the fitted series (``SERIES``) and the model in one line."""

    estimates: pd.DataFrame
    series: pd.DataFrame
    specification: str


def spending_trend(
    monthly: pd.Series,
    *,
    last: str | None = None,
    shock: tuple[str, str] | None = None,
    level_from: str | None = None,
    lag: int | None = None,
    stratum: str = "nation",
) -> SpendingTrend:
    """The trend of a monthly amount, the depth of a shock and the level change that followed.

    Amount of month t = constant + trend x t + one effect per calendar month + pulse x (t in the
    shock) + level x (t at or after ``level_from``). The pulse is measured **against the level of
    its own month**: it changes with the month the level change starts from, which is why the
    specification is part of the result (``trend_sensitivity`` shows by how much).

    Args:
        monthly: Amounts (euros) indexed by month (YYYY-MM), no gap.
        last: Last complete month; later ones are shown (phase incomplete) and not fitted.
        shock: First and last month of the pulse, both included; None for a plain trend.
        level_from: First month of the new level; default: the first month of the shock.
        lag: Lag of the Newey-West covariance in months; default: the rule of 1994.
        stratum: Name of the series in the result.

    Returns:
        ``estimates``: rows trend (per month), pulse, level; 95 % Student limits on n-k degrees of
        freedom. ``series``: observed, expected and its limits **without** the shock's pulse and
        level (what earlier trend and season say), phase before, shock, after or incomplete.

    Raises:
        EstimationError: series too short, with gaps, or a shock outside it.

    Reference: Wagner AK et al. (2002), J Clin Pharm Ther 27:299; Newey WK, West KD (1987).
    """
    every = by_month(monthly)
    series = every if last is None else every[every.index <= pd.Period(last, freq="M")]
    model = _fitted(series, shock, level_from, lag)
    shown = _with_incomplete(_counterfactual(series, model, stratum), every)
    return SpendingTrend(_estimates(model), shown, model.specification)


def in_millions(series: pd.DataFrame) -> pd.DataFrame:
    """The rows of a ``SERIES`` in euros, with their amounts in millions of euros, to be drawn."""
    amounts = ["observed", "expected", "ci_low", "ci_high"]
    return series.assign(**{name: series[name] / 1e6 for name in amounts})


def trend_sensitivity(
    monthly: pd.Series,
    *,
    shock: tuple[str, str] | None,
    last: str | None = None,
    lag: int | None = None,
) -> pd.DataFrame:
    """Pulse and level under other specifications of the same shock, in the columns of ``TREND``.

    The level change starts with the shock, after it, six months after it, or next January; the
    pulse is the whole shock or its deepest month alone. No row without a shock.
    """
    if shock is None:
        return tables.empty(TREND)
    series = by_month(monthly)
    opening, closing = pd.Period(shock[0], "M"), pd.Period(shock[1], "M")
    starts = [opening, closing + 1, closing + 7, pd.Period(f"{closing.year + 1}-01", "M")]
    inside = series[(series.index >= opening) & (series.index <= closing)]
    if inside.empty:
        raise EstimationError(f"Choc de {shock[0]} à {shock[1]} : hors de la série.")
    deepest = str(inside.idxmin())
    parts = []
    for pulse in dict.fromkeys([shock, (deepest, deepest)]):
        for start in dict.fromkeys(str(month) for month in starts):
            fitted = spending_trend(monthly, last=last, shock=pulse, level_from=start, lag=lag)
            parts.append(fitted.estimates[fitted.estimates["term"] != "trend"])
    return tables.check(pd.concat(parts, ignore_index=True), TREND)


class _Model(NamedTuple):
    """The model fitted to a series: its terms, its design and what was found."""

    months: pd.PeriodIndex
    shock: tuple[str, str] | None
    level_from: str
    names: list[str]
    design: Floats
    fit: LeastSquares
    specification: str


def _fitted(
    series: pd.Series, shock: tuple[str, str] | None, level_from: str | None, lag: int | None
) -> _Model:
    months = pd.PeriodIndex(series.index)
    start = (level_from or shock[0]) if shock else ""
    names, design = _design(months, shock, start)
    chosen_lag = usual_lag(len(series)) if lag is None else lag
    fit = least_squares(series.to_numpy(), design, lag=chosen_lag)
    specification = _specification(months, shock, start, chosen_lag)
    return _Model(months, shock, start, names, design, fit, specification)


def _design(
    months: pd.PeriodIndex, shock: tuple[str, str] | None, level_from: str
) -> tuple[list[str], Floats]:
    columns: dict[str, Floats] = {
        "constant": np.ones(len(months)),
        "trend": np.arange(len(months), dtype=float),
    }
    present = sorted(set(months.month))
    for number in present[1:]:
        columns[f"month_{number}"] = (months.month == number).astype(float)
    if shock is not None:
        first, last = (pd.Period(month, "M") for month in shock)
        start = pd.Period(level_from, "M")
        if last < months[0] or last > months[-1] or start > months[-1] or start <= months[0]:
            raise EstimationError(
                f"Choc de {shock[0]} à {shock[1]} : la série va de {months[0]} à {months[-1]} ; "
                "choisir un choc situé dans la série."
            )
        columns["pulse"] = ((months >= first) & (months <= last)).astype(float)
        columns["level"] = (months >= start).astype(float)
    return list(columns), np.column_stack(list(columns.values()))


def _pulse_months(shock: tuple[str, str] | None) -> str:
    if shock is None:
        return ""
    return shock[0] if shock[0] == shock[1] else f"{shock[0]} – {shock[1]}"


def _specification(
    months: pd.PeriodIndex, shock: tuple[str, str] | None, level_from: str, lag: int
) -> str:
    dated = ""
    if shock is not None:
        dated = f" + choc {_pulse_months(shock)} + niveau dès {level_from}"
    return (
        f"tendance + mois calendaires{dated} ; {months[0]}–{months[-1]}, {len(months)} mois ; "
        f"Newey-West, retard {lag}"
    )


def _estimates(model: _Model) -> pd.DataFrame:
    """The ``TREND`` rows of the terms that are read."""
    fit = model.fit
    wide = float(stats.t.ppf(0.975, fit.degrees_of_freedom))
    errors = np.sqrt(np.diag(fit.covariance))
    rows = [
        {
            "specification": model.specification,
            "pulse_months": _pulse_months(model.shock),
            "level_from": model.level_from,
            "term": name,
            "change": fit.coefficients[place],
            "standard_error": errors[place],
            "ci_low": fit.coefficients[place] - wide * errors[place],
            "ci_high": fit.coefficients[place] + wide * errors[place],
            "months": len(model.months),
            "r_squared": fit.r_squared,
        }
        for place, name in enumerate(model.names)
        if name in ("trend", "pulse", "level")
    ]
    return pd.DataFrame(rows)[TREND.names]


def _counterfactual(series: pd.Series, model: _Model, stratum: str) -> pd.DataFrame:
    """Observed months beside what trend and season alone say, with limits of that mean."""
    fit, without = model.fit, model.design.copy()
    for name in ("pulse", "level"):
        if name in model.names:
            without[:, model.names.index(name)] = 0.0
    expected = without @ fit.coefficients
    spread = np.sqrt(np.einsum("ij,jk,ik->i", without, fit.covariance, without))
    wide = float(stats.t.ppf(0.975, fit.degrees_of_freedom))
    frame = pd.DataFrame(
        {
            "period": series.index.astype(str),
            "stratum": stratum,
            "observed": series.to_numpy(),
            "expected": expected,
            "ci_low": expected - wide * spread,
            "ci_high": expected + wide * spread,
        }
    )
    frame["phase"] = "before"
    if model.shock is not None:
        frame.loc[frame["period"] > model.shock[1], "phase"] = "after"
        frame.loc[frame["period"].between(*model.shock), "phase"] = "shock"
    return tables.check(frame, SERIES)


def _with_incomplete(shown: pd.DataFrame, every: pd.Series) -> pd.DataFrame:
    late = every[every.index > pd.Period(shown["period"].iloc[-1], freq="M")]
    if late.empty:
        return shown
    rows = pd.DataFrame({"period": late.index.astype(str), "observed": late.to_numpy()})
    rows = rows.assign(stratum=shown["stratum"].iloc[0], phase="incomplete")
    return tables.check(pd.concat([shown, rows], ignore_index=True), SERIES)
