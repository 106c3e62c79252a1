"""From a follow-up table to the rows of a Cox model: what may enter it, and what may not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from studylib.risk.cox.risk_sets import Floats, Integers, RiskSets, risk_sets

REPEATED = 1e-9  # share of a covariate's variance that the others leave unexplained


@dataclass(frozen=True)
class Rows:
    """What a model is fitted to: risk sets, columns of ``x`` with their names, clusters.

    The compared arm is the last column, called ``arm``. ``left_out`` gives, by reason, the
    covariates that no coefficient can be given to.
    """

    sets: RiskSets
    x: Floats
    names: tuple[str, ...]
    cluster: Integers | None
    left_out: dict[str, list[str]]


def unusable(rows: pd.DataFrame, covariates: Sequence[str], fewest: int) -> dict[str, list[str]]:
    """By reason, the covariates that no coefficient can be given to."""
    reasons: dict[str, list[str]] = {}
    for name in covariates:
        sizes = rows[name].value_counts()
        if len(sizes) < 2:
            reasons.setdefault("constant", []).append(name)
        elif len(sizes) == 2 and sizes.min() < fewest:
            reasons.setdefault("few_carriers", []).append(name)
        elif len(sizes) == 2 and not rows["event"].groupby(rows[name]).any().all():
            reasons.setdefault("no_outcome_on_one_side", []).append(name)
    return reasons


def repeated(x: Floats) -> list[int]:
    """The columns of ``x`` that those before them determine.

    >>> repeated(np.array([[0.0, 1, 1], [1, 0, 1], [2, 5, 7], [3, 1, 4]]))
    [2]
    """
    if not x.size:
        return []
    centred = x - x.mean(axis=0)
    left = np.array(centred.T @ centred)
    spread = np.diag(left).copy()
    found = []
    for column in range(len(spread)):
        pivot = left[column, column]
        if pivot <= REPEATED * spread[column]:
            found.append(column)
            continue
        left = left - np.outer(left[:, column], left[column]) / pivot
    return found


def columns_of(
    both: pd.DataFrame, treated: np.ndarray, covariates: Sequence[str], fewest_carriers: int
) -> tuple[Floats, tuple[str, ...], dict[str, list[str]]]:
    """Columns of a model with the arm last, their names, and what was left out, by reason."""
    left_out = unusable(both, covariates, fewest_carriers)
    known = {name for names in left_out.values() for name in names}
    entered = [name for name in covariates if name not in known]
    x = np.column_stack([both[entered].to_numpy(float), treated.astype(float)])
    again = [entered[column] for column in repeated(x) if column < len(entered)]
    if again:
        left_out["repeated"] = again
        x = x[:, [*(name not in again for name in entered), True]]
    return x, (*(name for name in entered if name not in again), "arm"), left_out


def rows_of(
    both: pd.DataFrame,
    treated: np.ndarray,
    *,
    covariates: Sequence[str],
    strata: Sequence[str],
    weights: str | None,
    cluster: str | None,
    ties: str,
    fewest_carriers: int,
) -> Rows:
    """The rows of two arms, ready to be fitted; rows of weight zero are left out."""
    if weights is not None:
        kept = both[weights].to_numpy(float) > 0
        both, treated = both[kept], treated[kept]
    x, names, left_out = columns_of(both, treated, covariates, fewest_carriers)
    time = (both["exit"] - both["entry"]).to_numpy(float)
    sets = risk_sets(
        None,
        time,
        both["event"].to_numpy(bool),
        weights=None if weights is None else both[weights].to_numpy(float),
        strata=strata_of(both, strata) if strata else None,
        ties=ties,
    )
    clusters = None if cluster is None else strata_of(both, [cluster])
    return Rows(sets, x, names, clusters, left_out)


def strata_of(rows: pd.DataFrame, names: Sequence[str]) -> Integers:
    """Each distinct combination of values as a number from 0, in their order."""
    values = rows[list(names)].reset_index(drop=True)
    return values.groupby(list(names), sort=True, observed=True).ngroup().to_numpy(np.int64)
