"""One answer from the estimates of several sites."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import pandas as pd
from scipy import stats

from studylib.errors import EstimationError, refuse_choices
from studylib.risk.logarithms import quantile
from studylib.risk.pooling.between import BETWEEN, Between, Squared, cochran_q, i_squared, q_profile
from studylib.risk.pooling.schemas import HETEROGENEITY
from studylib.risk.pooling.sites import KEY, NAME, Sites, questions
from studylib.risk.rows import NOTHING, estimates, method
from studylib.tables import check

Effects = Literal["fixed", "random"]
Interval = Literal["normal", "hartung_knapp"]


def meta_analysis(
    sites: pd.DataFrame,
    *,
    effects: Effects,
    between_variance: Between = "reml",
    interval: Interval = "hartung_knapp",
    least_scale: float = 1.0,
    population: str = "ensemble",
    level: float = 0.95,
) -> pd.DataFrame:
    """The estimates of several sites (ESTIMATES, one ``population`` each) pooled in one row.

    One row per analysis, comparison, outcome and measure, weighted by inverse variance: ratios on
    their logarithm, differences as they are. ``effects`` fixed or random; for random ones,
    ``between_variance`` and ``interval``. Hartung and Knapp's interval (2001; t with one degree
    less than sites) scales the error by the gaps seen, by ``least_scale`` at least: 1 keeps it from
    being narrower than the normal one, 0 is their own rule. Sites without an estimate are left out
    and counted. One site alone is no synthesis: no estimate; nor are sites whose estimates are one
    number, when ``least_scale`` is 0. EstimationError for two outcomes or measures under one
    comparison, a site given twice, a measure that cannot be pooled.

    References
    ----------
    DerSimonian R, Laird N (1986), Controlled Clinical Trials 7:177-188. Hartung J, Knapp G (2001),
    Statistics in Medicine 20:3875-3889.
    """
    refuse_choices(
        NAME,
        effects=(effects, get_args(Effects)),
        between_variance=(between_variance, get_args(Between)),
        interval=(interval, get_args(Interval)),
    )
    refuse_scale(NAME, least_scale)
    random = effects == "random"
    scale = least_scale if random and interval == "hartung_knapp" else None
    rows = []
    for one in questions(sites, level):
        reason, values, p_value = _missing(one), NOTHING, np.nan
        if reason is None:
            tau2 = BETWEEN[between_variance](one.values, one.variances) if random else 0.0
            values, p_value = _pooled(one, tau2, scale, level)
            reason = None if values[1] < values[2] else "identical sites"
        how = method(
            "meta_analysis",
            not_estimable=reason,
            effects="random_effects" if random else "fixed_effects",
            between_variance=between_variance if random else None,
            interval=interval if random else "normal",
            least_scale=scale,
            sites=len(one.values),
            excluded_sites=one.excluded or None,
        )
        rows.append(_row(one, population, NOTHING if reason else values, p_value, how))
    return estimates(rows)


def refuse_scale(name: str, least_scale: float) -> None:
    """EstimationError for a least scale that is negative or infinite."""
    if not 0 <= least_scale < np.inf:
        raise EstimationError(
            f"{name} : least_scale vaut {least_scale} ; un nombre positif ou nul."
        )


def heterogeneity(
    sites: pd.DataFrame,
    *,
    between_variance: Between = "reml",
    i_squared_from: Squared = "tau2",
    level: float = 0.95,
) -> pd.DataFrame:
    """How much sites differ beyond chance, and what a new one would find (HETEROGENEITY).

    Q and its p value, I² (``i_squared_from`` Q or tau², which differ for REML), tau² with its
    Q-profile interval, and the prediction interval (Higgins, Thompson and Spiegelhalter, 2009: t
    with two degrees less than sites), empty with fewer than three.
    """
    refuse_choices(
        NAME,
        between_variance=(between_variance, get_args(Between)),
        i_squared_from=(i_squared_from, get_args(Squared)),
    )
    rows = []
    for one in questions(sites, level):
        row: dict[str, object] = {name: one.rows[name].iloc[0] for name in KEY}
        row |= {"sites": len(one.values), "method": "", **dict.fromkeys(_EMPTY, np.nan)}
        told: dict[str, object] = {
            "effects": "random_effects",
            "between_variance": between_variance,
        }
        row["method"] = method("meta_analysis", not_estimable=_missing(one), **told)
        if len(one.values) > 1:
            row |= _spread(one, between_variance, i_squared_from, level)
        rows.append(row)
    return check(pd.DataFrame(rows, columns=HETEROGENEITY.names), HETEROGENEITY)


_EMPTY = [c.name for c in HETEROGENEITY.columns if c.nullable]


def _spread(one: Sites, between: Between, squared: Squared, level: float) -> dict[str, object]:
    values, variances, freedom = one.values, one.variances, len(one.values) - 1
    tau2 = BETWEEN[between](values, variances)
    weights = 1 / (variances + tau2)
    mean = float((weights * values).sum() / weights.sum())
    gaps = cochran_q(values, variances)
    low, high = q_profile(values, variances, level=level)
    found: dict[str, object] = {
        "q": gaps,
        "q_p_value": float(stats.chi2.sf(gaps, freedom)),
        "i_squared": i_squared(values, variances, tau2, definition=squared),
        "tau2": tau2,
        "tau2_low": low,
        "tau2_high": high,
        "estimate": one.shown(mean)[0],
    }
    if freedom > 1:
        reach = stats.t.ppf((1 + level) / 2, freedom - 1) * np.sqrt(tau2 + 1 / weights.sum())
        ends = one.shown(mean - reach, mean + reach)
        found |= {"prediction_low": ends[0], "prediction_high": ends[1]}
    return found


def _missing(one: Sites) -> str | None:
    return {0: "no site", 1: "a single site"}.get(len(one.values))


def _pooled(
    one: Sites, tau2: float, least_scale: float | None, level: float
) -> tuple[tuple[float, float, float], float]:
    """Pooled estimate, limits and p value; ``least_scale`` None for the normal interval."""
    weights = 1 / (one.variances + tau2)
    mean, error = (weights * one.values).sum() / weights.sum(), weights.sum() ** -0.5
    if least_scale is None:
        reach, p_value = quantile(level), 2 * stats.norm.sf(abs(mean) / error)
    else:
        freedom = len(weights) - 1
        seen = cochran_q(one.values, one.variances, tau2) / freedom
        error *= np.sqrt(max(seen, least_scale))
        reach = stats.t.ppf((1 + level) / 2, freedom)
        p_value = 2 * stats.t.sf(abs(mean) / error, freedom) if error > 0 else np.nan
    low, high = mean - reach * error, mean + reach * error
    shown = one.shown(mean, low, high)
    return (shown[0], shown[1], shown[2]), float(p_value)


def _row(
    one: Sites, population: str, values: tuple[float, float, float], p_value: float, how: str
) -> dict[str, object]:
    """The pooled row; its counts are those of the sites pooled."""
    return {
        **{name: one.rows[name].iloc[0] for name in KEY},
        "population": population,
        **dict(zip(("estimate", "ci_low", "ci_high"), values, strict=True)),
        "p_value": p_value,
        "persons": int(one.rows["persons"].sum()),
        "events": int(one.rows["events"].sum()),
        "person_years": float(one.rows["person_years"].sum()),
        "method": how,
    }
