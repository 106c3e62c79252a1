"""The profile likelihood of a hazard ratio: what one observatory may send to another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from studylib.errors import EstimationError
from studylib.risk.columns import check_columns, check_numbers, check_weights
from studylib.risk.cox.fit import SMALLEST_ERROR, NoMaximum, fit, maximum, sandwich, scaled
from studylib.risk.cox.likelihood import evaluate
from studylib.risk.cox.model import check_ties
from studylib.risk.cox.preparation import Rows, rows_of
from studylib.risk.cox.risk_sets import ApproximateTies, Floats
from studylib.risk.enough import weakness
from studylib.risk.rows import against
from studylib.risk.schemas import PROFILES
from studylib.tables import check, empty

FLAT = 1e-9  # a log likelihood that moves less over the grid says nothing of the ratio
FURTHEST = 20.0  # of a log ratio: beyond it a ratio is no longer told
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
    no outcome in both, have no row, nor have those whose curve would be flat because covariates or
    strata tell the arm. Choices as in ``hazard_ratio``. Under ``weights`` the curve is that of a
    pseudo-likelihood, brought to the width of the sandwich (Pauli and others, 2011, Stat Sinica
    21:149); an arm with too few persons for a sandwich has no row.
    """
    check_ties(ties)
    compared = against(follow_up, reference, arms)
    check_columns(follow_up, strata)
    check_numbers(follow_up, covariates)
    if weights is not None:
        check_weights(follow_up, weights)
    grid, parts = _grid(log_ratios), []
    for arm in compared:
        both = follow_up[follow_up["arm"].isin([arm, reference])]
        treated = both["arm"].eq(arm).to_numpy()
        if _untold(both, treated, weights):
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
        curve = _profiled(rows, grid, scale)
        if np.ptp(curve["log_likelihood"]) > FLAT:
            parts.append(curve.assign(
                comparison=f"{arm} / {reference}", persons=len(both),
                events=int(both["event"].sum()),
            ))  # fmt: skip
    if not parts:
        return empty(PROFILES)
    named = {"analysis": "primary", "population": "", "outcome": outcome, "measure": "hazard_ratio"}
    return check(pd.concat(parts, ignore_index=True).assign(**named)[PROFILES.names], PROFILES)


def _grid(log_ratios: Sequence[float]) -> Floats:
    """The log ratios sorted; EstimationError when they are no grid."""
    grid = np.unique(np.asarray(log_ratios, float))
    if len(grid) < 2 or not (np.abs(grid) <= FURTHEST).all():
        raise EstimationError(
            "Profil : deux logarithmes de rapport distincts au moins sont attendus, entre "
            f"-{FURTHEST:g} et {FURTHEST:g}."
        )
    return grid


def _untold(both: pd.DataFrame, treated: np.ndarray, weights: str | None) -> bool:
    """Whether two arms have no profile: nobody, no outcome, too few persons for the weights."""
    weight = None if weights is None else both[weights].to_numpy(float)
    counted = np.ones(len(both), bool) if weight is None else weight > 0
    if not both["event"].to_numpy(bool)[counted].any():
        return True
    for side in (treated, ~treated):
        if not side.any():
            return True
        if weight is not None and weakness(weight[side], int(side.sum())):
            return True
    return False


def _robust_share(rows: Rows) -> float:
    """The variance of the model over that of the sandwich, 1 where there is no maximum."""
    try:
        fitted = fit(rows.sets, rows.x)
    except NoMaximum:
        return 1.0
    robust = sandwich(rows.sets, rows.x, fitted, cluster=rows.cluster)[-1, -1]
    return float(fitted.covariance[-1, -1] / robust) if robust > SMALLEST_ERROR**2 else 1.0


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
