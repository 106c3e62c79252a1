"""How far apart the arms are, before and after adjustment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from studylib.cohort import WideCovariates
from studylib.errors import EstimationError
from studylib.risk.columns import check_columns, check_numbers, is_number, levels_of
from studylib.risk.propensity.adjusted import Adjusted
from studylib.risk.propensity.moments import (
    After,
    BinaryVariance,
    Convention,
    Denominator,
    Moments,
    moments,
    moments_of_flags,
)
from studylib.risk.rows import refuse_persons
from studylib.tables import BALANCE, check


def balance(
    people: pd.DataFrame,
    covariates: Sequence[str],
    *,
    reference: str,
    adjusted: Adjusted | None = None,
    denominator: Denominator = "pooled",
    after: After = "unadjusted",
    binary_variance: BinaryVariance = "n",
) -> pd.DataFrame:
    """Characteristics of each arm beside the reference, before adjustment and once ``adjusted``.

    A BALANCE table, one row per covariate and compared arm: flags (true or false, 0 or 1) as
    shares, numbers as means, texts one share per value. smd and smd_after are differences arm less
    reference over the denominator the three choices name (see ``moments.Convention``), missing
    where it is zero. Variance ratios are of numbers only. The shares of a matched sample are left
    out: with its size they would give back small counts.

    EstimationError when a covariate is unknown or misses values, or an arm has nobody.

    Reference
    ---------
    Austin PC (2009), Stat Med 28:3083-3107.
    """
    unknown = [name for name in covariates if name not in people.columns]
    if unknown:
        raise EstimationError(f"Équilibre : colonne {', '.join(unknown)} absente.")
    check_columns(people, covariates)
    named = _numbered(people, covariates)
    values = np.column_stack(list(named.values())) if named else np.zeros((len(people), 0))
    flags = np.asarray(np.isin(values, (0, 1)).all(axis=0))
    rule = Convention(denominator, after, binary_variance)

    def measure(weights: np.ndarray, inside: np.ndarray) -> Moments:
        return moments(values[inside], flags, weights[inside], binary_variance)

    def count(inside: np.ndarray) -> np.ndarray:
        return np.asarray(values[inside].sum(axis=0))

    sides = _sides(people, adjusted, measure, count)
    return _table(np.array(list(named), dtype=object), flags, sides, reference, rule, adjusted)


def wide_balance(
    wide: WideCovariates,
    people: pd.DataFrame,
    *,
    reference: str,
    adjusted: Adjusted | None = None,
    denominator: Denominator = "pooled",
    after: After = "unadjusted",
    binary_variance: BinaryVariance = "n",
) -> pd.DataFrame:
    """The same for each column of a sparse matrix, as the presence of its code.

    A covariate is named "domain code". ``people`` are the rows of the matrix, in any order.
    """
    present = presence(wide, people)
    names = (wide.columns["domain"] + " " + wide.columns["code"]).to_numpy(object)
    rule = Convention(denominator, after, binary_variance)

    def measure(weights: np.ndarray, inside: np.ndarray) -> Moments:
        carried = present.T @ (weights * inside)
        return moments_of_flags(np.asarray(carried), weights[inside], binary_variance)

    def count(inside: np.ndarray) -> np.ndarray:
        return np.asarray(present.T @ inside.astype(float))

    sides = _sides(people, adjusted, measure, count)
    return _table(names, np.ones(len(names), bool), sides, reference, rule, adjusted)


def presence(wide: WideCovariates, people: pd.DataFrame) -> sparse.csr_matrix:
    """1 where a person has a code, rows in the order of ``people``."""
    rows = aligned(wide, people)
    return sparse.csr_matrix(((rows.data > 0).astype(float), rows.indices, rows.indptr), rows.shape)


def aligned(wide: WideCovariates, people: pd.DataFrame) -> sparse.csr_matrix:
    """The rows of the matrix in the order of ``people``; EstimationError when one has none."""
    refuse_persons(people)
    _refuse_wide(wide)
    place = pd.Series(np.arange(len(wide.rows)), index=wide.rows["person_id"])
    if place.index.duplicated().any():
        raise EstimationError("Covariables larges : des personnes figurent deux fois.")
    found = place.reindex(people["person_id"])
    if found.isna().any():
        raise EstimationError(
            f"Covariables larges : {int(found.isna().sum())} personnes sans ligne dans la matrice "
            "; la construire sur la même cohorte."
        )
    return wide.matrix[found.to_numpy(int)]


def _refuse_wide(wide: WideCovariates) -> None:
    """EstimationError for a matrix that is not that of its rows and columns, or holds no counts."""
    shape, named = wide.matrix.shape, (len(wide.rows), len(wide.columns))
    if shape != named:
        raise EstimationError(
            f"Covariables larges : matrice de {shape[0]} lignes et {shape[1]} colonnes, pour "
            f"{named[0]} personnes et {named[1]} codes nommés."
        )
    if not (np.isfinite(wide.matrix.data) & (wide.matrix.data >= 0)).all():
        raise EstimationError(
            "Covariables larges : des valeurs manquantes, infinies ou négatives ; des nombres de "
            "fois, zéro ou plus, sont attendus."
        )


@dataclass(frozen=True)
class _Side:
    """One arm: its moments before and after, its persons, and those with each flag."""

    before: Moments
    after: Moments | None
    persons: int
    counts: np.ndarray


def _sides(
    people: pd.DataFrame,
    adjusted: Adjusted | None,
    measure: Callable[[np.ndarray, np.ndarray], Moments],
    count: Callable[[np.ndarray], np.ndarray],
) -> dict[str, _Side]:
    refuse_persons(people)
    arm, equal = people["arm"].to_numpy(object), np.ones(len(people))
    weight = equal
    if adjusted is not None:
        of = adjusted.people.set_index("person_id")["weight"]
        weight = people["person_id"].map(of).fillna(0.0).to_numpy()
    sides = {}
    for name in sorted(set(arm)):
        inside = arm == name
        if not weight[inside].sum() > 0:
            raise EstimationError(f"Équilibre : personne ne reste dans le groupe {name}.")
        later = None if adjusted is None else measure(weight, inside)
        sides[str(name)] = _Side(measure(equal, inside), later, int(inside.sum()), count(inside))
    return sides


def _table(
    names: np.ndarray,
    flags: np.ndarray,
    sides: Mapping[str, _Side],
    reference: str,
    rule: Convention,
    adjusted: Adjusted | None,
) -> pd.DataFrame:
    if reference not in sides or len(sides) < 2:
        raise EstimationError(
            f"Équilibre : groupe de référence « {reference} » et un autre groupe attendus ; "
            f"groupes présents : {', '.join(sides)}."
        )
    shares_told = adjusted is None or not len(adjusted.sets)
    base = sides[reference]
    parts = []
    for arm, side in sides.items():
        if arm == reference:
            continue
        spread = rule.spread(side.before, base.before)
        frame = pd.DataFrame({"covariate": names, "kind": np.where(flags, "share", "mean")})
        frame = frame.assign(arm=arm, reference=reference, **_told("arm", side, flags))
        frame = frame.assign(**_told("reference", base, flags))
        frame["smd"] = (side.before.mean - base.before.mean) / spread
        frame["variance_ratio"] = _ratio(side.before, base.before, flags)
        if side.after is not None and base.after is not None:
            again = rule.spread(side.after, base.after) if rule.after == "recomputed" else spread
            shown = ~flags | shares_told
            frame["arm_mean_after"] = np.where(shown, side.after.mean, np.nan)
            frame["reference_mean_after"] = np.where(shown, base.after.mean, np.nan)
            frame["smd_after"] = (side.after.mean - base.after.mean) / again
            frame["variance_ratio_after"] = _ratio(side.after, base.after, flags)
        parts.append(frame.reindex(columns=BALANCE.names))
    whole = pd.concat(parts, ignore_index=True)
    counts = dict.fromkeys(["arm_count", "reference_count"], "Int64")
    return check(whole.astype(counts | dict.fromkeys(_AFTER, float)), BALANCE)


_AFTER = ("arm_mean_after", "reference_mean_after", "smd_after", "variance_ratio_after")


def _told(prefix: str, side: _Side, flags: np.ndarray) -> dict[str, Any]:
    """The columns of one group before adjustment."""
    return {
        f"{prefix}_persons": side.persons,
        f"{prefix}_count": np.where(flags, side.counts, np.nan),
        f"{prefix}_mean": side.before.mean,
        f"{prefix}_sd": np.where(flags, np.nan, np.sqrt(side.before.variance)),
    }


def _ratio(arm: Moments, reference: Moments, flags: np.ndarray) -> np.ndarray:
    known = ~flags & (reference.variance > 0)
    return np.where(known, arm.variance / np.where(known, reference.variance, 1.0), np.nan)


def _numbered(people: pd.DataFrame, covariates: Sequence[str]) -> dict[str, np.ndarray]:
    """Covariates as numbers: a text gives one flag per value."""
    found: dict[str, np.ndarray] = {}
    for name in covariates:
        column = people[name].infer_objects()
        if is_number(column):
            check_numbers(people.assign(**{name: column}), [name])
            found[name] = column.to_numpy(float)
        else:
            found |= {
                f"{name}: {value}": (column == value).to_numpy(float) for value in levels_of(column)
            }
    return found
