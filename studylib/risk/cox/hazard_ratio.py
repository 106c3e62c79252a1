"""Hazard ratios from the proportional-hazards model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, get_args

import numpy as np
import pandas as pd
from scipy import stats

from studylib.errors import EstimationError
from studylib.risk.cox.exact import fit_exact
from studylib.risk.cox.fit import SMALLEST_ERROR, CoxFit, NoMaximum, fit, sandwich
from studylib.risk.cox.intervals import bootstrap, profile_limits, wald
from studylib.risk.cox.preparation import (
    Rows,
    check_columns,
    check_numbers,
    check_weights,
    rows_of,
)
from studylib.risk.gates.gate import Gates
from studylib.risk.logarithms import quantile
from studylib.risk.rows import NOTHING, against, estimate_row, estimates, method

Ties = Literal["efron", "breslow", "exact"]
Variance = Literal["model", "sandwich", "bootstrap"]
Interval = Literal["wald", "profile"]
FEWEST_CLUSTERS = 5
FEWEST_ROBUST = 4  # persons of an arm below whom its spread tells nothing of its variance
LARGEST_SHARE = 0.9  # of an arm's weight on one person: beyond it the arm is that person


@dataclass(frozen=True)
class CoxModel:
    """The choices of a proportional-hazards model that change its answer."""

    covariates: tuple[str, ...]
    strata: tuple[str, ...]
    weights: str | None
    cluster: str | None
    ties: Ties
    variance: Variance
    interval: Interval
    adjustment: str
    fewest_carriers: int
    replicates: int
    seed: int | None

    def told(self, left_out: dict[str, list[str]], not_estimable: str | None = None) -> str:
        """The model in a line."""
        drawn = self.variance == "bootstrap"
        return method(
            "cox",
            not_estimable=not_estimable,
            ties=self.ties,
            adjustment=self.adjustment,
            covariates=self.covariates,
            strata=self.strata,
            weights=self.weights,
            cluster=self.cluster,
            variance=self.variance,
            interval=self.interval,
            replicates=self.replicates if drawn else None,
            seed=self.seed if drawn else None,
            **{reason: sorted(names) for reason, names in sorted(left_out.items())},
        )


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
    _check(follow_up, model, level)
    rows = []
    for arm in compared:
        both = follow_up[follow_up["arm"].isin([arm, reference])]
        values, p_value, told = _estimated(both, arm, reference, model, level)
        row = partial(estimate_row, both, comparison=f"{arm} / {reference}", outcome=outcome)
        rows.append(row(measure="hazard_ratio", method=told, values=values, p_value=p_value))
    return estimates(rows, gates=gates)


def _check(follow_up: pd.DataFrame, model: CoxModel, level: float) -> None:
    """EstimationError for choices that do not go together, or columns that cannot be used."""
    quantile(level)
    for name, choice, known in (
        ("ties", model.ties, get_args(Ties)),
        ("variance", model.variance, get_args(Variance)),
        ("interval", model.interval, get_args(Interval)),
    ):
        if choice not in known:
            raise EstimationError(
                f"Modèle de Cox : {name} vaut « {choice} » ; accepté : {', '.join(known)}."
            )
    named = [model.weights, model.cluster]
    check_columns(follow_up, [*model.covariates, *model.strata, *(name for name in named if name)])
    check_numbers(follow_up, model.covariates)
    if model.cluster is not None and follow_up[model.cluster].nunique() < FEWEST_CLUSTERS:
        raise EstimationError(
            f"Modèle de Cox : {follow_up[model.cluster].nunique()} grappes dans {model.cluster} ; "
            f"il en faut {FEWEST_CLUSTERS} au moins pour une variance robuste."
        )
    if model.weights is not None:
        check_weights(follow_up, model.weights)
    if model.weights is not None and model.variance == "model":
        raise EstimationError(
            "Modèle de Cox pondéré : la variance du modèle y est fausse ; choisir la variance "
            "« sandwich » ou « bootstrap »."
        )
    if model.ties == "exact" and (model.variance, model.interval) != ("model", "wald"):
        raise EstimationError(
            "Modèle de Cox : les ex æquo exacts vont avec la variance du modèle et l'intervalle "
            f"« wald » ; reçu « {model.variance} » et « {model.interval} »."
        )
    if model.variance == "bootstrap" and (model.seed is None or model.replicates < 100):
        raise EstimationError(
            f"Modèle de Cox : rééchantillonnage demandé avec {model.replicates} tirages et la "
            f"graine {model.seed} ; une graine et 100 tirages au moins sont attendus."
        )
    if model.interval == "profile" and model.variance != "model":
        raise EstimationError(
            "Modèle de Cox : l'intervalle par vraisemblance profilée suppose la variance du "
            f"modèle, reçu « {model.variance} » ; choisir l'intervalle « wald »."
        )


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
    weight = None if model.weights is None else both[model.weights].to_numpy(float)
    for name, side in ((arm, treated), (reference, ~treated)):
        if not side.any():
            return f"nobody in {name}"
        if not both["event"].to_numpy(bool)[side].any():
            return f"no outcome in {name}"
        if weight is not None and weight[side].max() > LARGEST_SHARE * weight[side].sum():
            return f"weights on one person in {name}"
        if model.variance != "model" and side.sum() < FEWEST_ROBUST:
            return f"too few persons in {name}"
    if model.strata:
        sides = both.groupby(list(model.strata), observed=True)["arm"].transform("nunique")
        if not both.loc[sides == 2, "event"].any():
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
