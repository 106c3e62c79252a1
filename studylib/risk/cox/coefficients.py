"""The whole of a Cox model, coefficient by coefficient, and whether hazards are proportional."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from lifelines.utils import concordance_index
from scipy import stats

from studylib.errors import EstimationError
from studylib.risk.columns import check_columns, check_numbers, check_weights
from studylib.risk.cox.fit import SMALLEST_ERROR, CoxFit, NoMaximum, fit, sandwich, scaled
from studylib.risk.cox.likelihood import schoenfeld_residuals
from studylib.risk.cox.model import check_clusters, check_ties
from studylib.risk.cox.preparation import strata_of
from studylib.risk.cox.risk_sets import ApproximateTies, RiskSets, risk_sets
from studylib.risk.enough import weakness
from studylib.risk.logarithms import quantile
from studylib.risk.rows import refuse_person_time
from studylib.risk.schemas import COEFFICIENTS
from studylib.tables import CheckResult, check

PROPORTIONAL = "Proportionnalité des risques"
LARGEST_LOG = 700.0  # beyond it, the exponential is no number


def cox_coefficients(
    follow_up: pd.DataFrame,
    covariates: Sequence[str],
    *,
    strata: Sequence[str] = (),
    weights: str | None = None,
    cluster: str | None = None,
    ties: ApproximateTies = "efron",
    level: float = 0.95,
) -> pd.DataFrame:
    """Every coefficient of the proportional-hazards model, arms counting only as covariates.

    A COEFFICIENTS table: term, coefficient, standard_error, robust_error, ratio, ci_low, ci_high
    (robust where there are weights or clusters), p_value; the log likelihood, that without
    covariates and Harrell's concordance (missing when no two persons can be ordered) are the same
    on every row. NoMaximum (an EstimationError) when a covariate separates those with an event;
    EstimationError when the weights rest on too few persons for the robust error of as many
    coefficients. Rows of weight zero are left out.
    """
    quantile(level)
    _refuse(follow_up, covariates, strata, weights, cluster, ties)
    if weights is not None:
        follow_up = follow_up[follow_up[weights] > 0]
    sets, x = _model(follow_up, covariates, strata, weights, ties)
    fitted = fit(sets, x)
    clusters = None if cluster is None else pd.factorize(follow_up[cluster])[0].astype(np.int64)
    robust = np.sqrt(np.diag(sandwich(sets, x, fitted, cluster=clusters)))
    error = robust if weights or cluster else fitted.standard_errors
    margin = quantile(level) * error
    _refuse_ratios(covariates, fitted.coefficients, error, margin)
    table = pd.DataFrame(
        {
            "term": list(covariates),
            "coefficient": fitted.coefficients,
            "standard_error": fitted.standard_errors,
            "robust_error": robust,
            "ratio": np.exp(fitted.coefficients),
            "ci_low": np.exp(fitted.coefficients - margin),
            "ci_high": np.exp(fitted.coefficients + margin),
            "p_value": 2 * stats.norm.sf(np.abs(fitted.coefficients) / error),
            "log_likelihood": fitted.log_likelihood,
            "null_log_likelihood": fitted.null_log_likelihood,
            "concordance": _concordance(follow_up, x, fitted),
            "persons": len(follow_up),
            "events": int(follow_up["event"].sum()),
        }
    )
    return check(table, COEFFICIENTS)


def _refuse(
    follow_up: pd.DataFrame,
    covariates: Sequence[str],
    strata: Sequence[str],
    weights: str | None,
    cluster: str | None,
    ties: str,
) -> None:
    """EstimationError for what no model can be fitted to."""
    refuse_person_time(follow_up, repeated=cluster is not None)
    check_ties(ties)
    check_numbers(follow_up, covariates)
    check_columns(follow_up, strata)
    check_clusters(follow_up, cluster)
    if not covariates:
        raise EstimationError("Modèle de Cox : une covariable au moins est attendue.")
    if not follow_up["event"].to_numpy(bool).any():
        raise EstimationError("Modèle de Cox : aucun événement dans le suivi.")
    if weights is None and cluster is None:
        return
    own = None
    if weights is not None:
        check_weights(follow_up, weights)
        own = follow_up[weights].to_numpy(float)
    people = None if cluster is None else follow_up[cluster].to_numpy()
    if weakness(own, len(follow_up), cluster=people, coefficients=len(covariates) + 1):
        raise EstimationError(
            "Modèle de Cox : trop peu de personnes, ou des poids qui tiennent à trop peu d'entre "
            f"elles, pour la variance robuste de {len(covariates)} coefficients ; retirer des "
            "covariables ou plafonner les poids."
        )


def _refuse_ratios(
    covariates: Sequence[str], found: np.ndarray, error: np.ndarray, margin: np.ndarray
) -> None:
    """EstimationError for an error that vanishes, or a unit so large that the ratio overflows."""
    if not (error > SMALLEST_ERROR * np.abs(found)).all():
        raise NoMaximum("Modèle de Cox : la variance robuste est nulle pour une covariable.")
    large = np.asarray(covariates)[np.abs(found) + margin > LARGEST_LOG]
    if len(large):
        raise EstimationError(
            f"Modèle de Cox : le rapport pour une unité de {', '.join(large)} dépasse tout nombre "
            "usuel ; changer l'unité de la covariable."
        )


def _model(
    follow_up: pd.DataFrame,
    covariates: Sequence[str],
    strata: Sequence[str],
    weights: str | None,
    ties: ApproximateTies,
) -> tuple[RiskSets, np.ndarray]:
    sets = risk_sets(
        None,
        (follow_up["exit"] - follow_up["entry"]).to_numpy(float),
        follow_up["event"].to_numpy(bool),
        weights=None if weights is None else follow_up[weights].to_numpy(float),
        strata=strata_of(follow_up, strata) if strata else None,
        ties=ties,
    )
    return sets, follow_up[list(covariates)].to_numpy(float)


def _concordance(follow_up: pd.DataFrame, x: np.ndarray, fitted: CoxFit) -> float:
    """Harrell's concordance of the linear predictor with the times (Harrell, 1996)."""
    time = (follow_up["exit"] - follow_up["entry"]).to_numpy(float)
    event = follow_up["event"].to_numpy(bool)
    try:
        return float(concordance_index(time, -(x @ fitted.coefficients), event))
    except ZeroDivisionError:  # every outcome on the same last day: no pair to order
        return np.nan


def check_proportional_hazards(
    follow_up: pd.DataFrame,
    covariates: Sequence[str],
    *,
    strata: Sequence[str] = (),
    weights: str | None = None,
    threshold: float = 0.05,
) -> CheckResult:
    """Whether the ratio of each covariate stays the same through follow-up.

    The test of Grambsch and Therneau (1994, Biometrika 81:515) on scaled Schoenfeld residuals
    against the rank of the event days. Table: term, chi_squared, p_value. It informs: a
    ratio that changes is a mean over the follow-up seen, to be shown by period. Not evaluated when
    all outcomes are of one day.
    """
    _refuse(follow_up, covariates, strata, weights, None, "efron")
    if weights is not None:
        follow_up = follow_up[follow_up[weights] > 0]
    sets, x = _model(follow_up, covariates, strata, weights, "efron")
    fitted = fit(sets, x)
    if len(np.unique(sets.days[sets.tied])) < 2:
        nothing = pd.DataFrame({"term": [], "chi_squared": [], "p_value": []})
        text = "tous les événements sont du même jour : proportionnalité non évaluée."
        return CheckResult(PROPORTIONAL, None, nothing, text, evaluated=False)
    prepared = scaled(sets, x)
    beta = fitted.coefficients * prepared.spread
    residuals = schoenfeld_residuals(sets, prepared.x, beta)
    inverse = fitted.covariance * np.outer(prepared.spread, prepared.spread)
    events = len(sets.tied)
    rank = stats.rankdata(sets.days[sets.tied])
    centred = rank - rank.mean()
    moved = centred @ (events * residuals @ inverse)
    statistic = moved**2 / (events * np.diag(inverse) * (centred @ centred))
    table = pd.DataFrame(
        {
            "term": list(covariates),
            "chi_squared": statistic,
            "p_value": stats.chi2.sf(statistic, 1),
        }
    )
    worst = table.sort_values("p_value").iloc[0]
    passed = bool((table["p_value"] >= threshold).all())
    text = (
        "les rapports ne varient pas de façon décelable pendant le suivi."
        if passed
        else f"le rapport de « {worst['term']} » varie pendant le suivi : il est une moyenne."
    )
    return CheckResult(PROPORTIONAL, passed, table, text)
