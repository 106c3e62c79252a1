"""The profile likelihood of a hazard ratio: what one observatory may send to another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from studylib.errors import EstimationError
from studylib.risk.cox.fit import NoMaximum, fit, maximum, sandwich, scaled
from studylib.risk.cox.likelihood import evaluate
from studylib.risk.cox.preparation import (
    Rows,
    check_columns,
    check_numbers,
    check_weights,
    rows_of,
)
from studylib.risk.cox.risk_sets import ApproximateTies, Floats
from studylib.risk.rows import against
from studylib.risk.schemas import PROFILES
from studylib.tables import check, empty

GRID = tuple(np.linspace(np.log(0.1), np.log(10), 21).round(6).tolist())


def likelihood_profile(
    follow_up: pd.DataFrame,
    *,
    outcome: str,
    reference: str,
    covariates: Sequence[str] = (),
    strata: Sequence[str] = (),
    arms: Sequence[str] = (),
    weights: str | None = None,
    ties: ApproximateTies = "efron",
    fewest_carriers: int = 10,
    log_ratios: Sequence[float] = GRID,
) -> pd.DataFrame:
    """The profile log likelihood of each arm's hazard ratio, on a grid of log ratios.

    A PROFILES table: ``log_likelihood`` is that of the model whose other coefficients are
    maximised, less its largest value on the grid; ``gradient`` is its derivative, so that curves
    between two points are known. An arm without outcome, or without a maximum, still has a
    profile: that is why observatories with few outcomes send profiles and not estimates
    (Schuemie and others, 2022, Stat Methods Med Res 31:438). Arms in which nobody is followed, or
    no outcome in both, have no row. Choices as in ``hazard_ratio``. Under ``weights`` the curve is
    that of a pseudo-likelihood, brought to the width of the sandwich (Pauli and others, 2011, Stat
    Sinica 21:149).
    """
    check_columns(follow_up, [*covariates, *strata, *([weights] if weights else [])])
    check_numbers(follow_up, covariates)
    if weights is not None:
        check_weights(follow_up, weights)
    if len(log_ratios) < 2 or not np.isfinite(log_ratios).all():
        raise EstimationError("Profil : deux logarithmes de rapport finis au moins sont attendus.")
    grid, parts = np.unique(np.asarray(log_ratios, float)), []
    for arm in against(follow_up, reference, arms):
        both = follow_up[follow_up["arm"].isin([arm, reference])]
        treated = both["arm"].eq(arm).to_numpy()
        if treated.all() or not treated.any() or not both["event"].any():
            continue
        rows = rows_of(
            both,
            treated,
            covariates=covariates,
            strata=strata,
            weights=weights,
            cluster=None,
            ties=ties,
            fewest_carriers=fewest_carriers,
        )
        scale = 1.0 if weights is None else _robust_share(rows)
        parts.append(_profiled(rows, grid, scale).assign(
            comparison=f"{arm} / {reference}", persons=len(both), events=int(both["event"].sum())
        ))  # fmt: skip
    if not parts:
        return empty(PROFILES)
    named = {"analysis": "primary", "population": "", "outcome": outcome, "measure": "hazard_ratio"}
    return check(pd.concat(parts, ignore_index=True).assign(**named)[PROFILES.names], PROFILES)


def _robust_share(rows: Rows) -> float:
    """The variance of the model over that of the sandwich, 1 where there is no maximum."""
    try:
        fitted = fit(rows.sets, rows.x)
    except NoMaximum:
        return 1.0
    robust = sandwich(rows.sets, rows.x, fitted, cluster=rows.cluster)
    return float(fitted.covariance[-1, -1] / robust[-1, -1])


def _profiled(rows: Rows, grid: Floats, scale: float) -> pd.DataFrame:
    """log_ratio, log_likelihood (less its maximum) and gradient at the points of ``grid``."""
    prepared = scaled(rows.sets, rows.x)
    arm = prepared.x[:, -1] * prepared.spread[-1]
    others, start = prepared.x[:, :-1], np.zeros(prepared.x.shape[1] - 1)
    values, slopes = np.empty(len(grid)), np.empty(len(grid))
    for place, log_ratio in enumerate(grid):
        try:
            start, top = maximum(rows.sets, others, start=start, offset=arm * log_ratio)
        except NoMaximum as fault:
            raise EstimationError(
                "Profil de vraisemblance : les covariables séparent les personnes avec événement ; "
                "en retirer."
            ) from fault
        values[place] = top.log_likelihood
        slopes[place] = evaluate(
            rows.sets, arm[:, None], np.zeros(1), arm * log_ratio + others @ start
        ).gradient[0]
    return pd.DataFrame(
        {
            "log_ratio": grid,
            "log_likelihood": scale * (values - values.max()),
            "gradient": scale * slopes,
        }
    )
