"""Conditional logistic regression, exact whatever the number of cases of a set."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from studylib.errors import EstimationError
from studylib.risk.conditional_likelihood import (
    ConditionalFit,
    Ints,
    Reals,
    fit_conditional_logistic,
)
from studylib.risk.gates.gate import Gates
from studylib.risk.logarithms import quantile
from studylib.risk.received import received
from studylib.risk.rows import NOTHING, estimates, method

__all__ = ["conditional_logistic", "fit_conditional_logistic"]

NAME = "Régression logistique conditionnelle"
LARGEST_LOG, LEAST_ERROR = 690.0, 1e-6
"""Logarithms of odds ratios that a number can hold, and that differ from their limits."""


def conditional_logistic(
    members: pd.DataFrame,
    *,
    outcome: str,
    exposures: Sequence[str],
    covariates: Sequence[str] = (),
    level: float = 0.95,
    against: str = "unexposed",
    estimator: str = "conditional_logistic",
    choices: dict[str, object] | None = None,
    gates: Gates | None = None,
) -> pd.DataFrame:
    """Odds ratios from matched sets: an ESTIMATES table, measure ``odds_ratio``, Wald intervals.

    ``members``: ``set``, ``case`` (a flag), numeric ``exposures`` (one row of the result each, for
    one unit more) and ``covariates``; ``person_id`` where persons come back in several sets.
    ``persons`` counts members' persons, ``events`` cases: the smaller of those exposed and not
    exposed when the exposure is a flag, so that both are masked together (``compared_cases``).
    Where an exposure never differs within a set, is carried by other variables, or separates cases
    from others, the row has no estimate and ``method`` says why. ``against`` is what each row is
    compared with. EstimationError for a wrong column, or a unit in which no odds ratio can be
    written. In a case-crossover a person is in its own set at several ``day``.

    >>> sets = pd.DataFrame({"set": [1, 1, 2, 2, 3, 3], "case": [True, False] * 3,
    ...                      "drug": [1, 0, 1, 0, 0, 1]})
    >>> conditional_logistic(sets, outcome="fall", exposures=["drug"])["estimate"].round(6).item()
    2.0
    """
    columns = [*exposures, *covariates]
    read = _read(members, columns if exposures else ())
    z = quantile(level)
    x, sets = read[columns].to_numpy(float), pd.factorize(read["set"])[0].astype(np.int64)
    varying = _varies(x, sets)
    fit = fit_conditional_logistic(x[:, varying], read["case"].to_numpy(bool), sets)
    place = np.cumsum(varying) - 1
    rows = []
    for number, name in enumerate(exposures):
        reason = _reason(fit, bool(varying[number]))
        values, p_value = NOTHING, np.nan
        if reason is None:
            values, p_value = _values(fit, int(place[number]), name, z)
        told = method(
            estimator,
            not_estimable=reason,
            likelihood="exact",
            interval="wald",
            covariates=covariates,
            **(choices or {}),
        )
        row = row_of(read, f"{name} / {against}", outcome, values, p_value, told)
        rows.append(row | {"events": compared_cases(read, name, gates)})
    return estimates(rows, gates=gates)


def compared_cases(members: pd.DataFrame, exposure: str, gates: Gates | None = None) -> int:
    """Cases that a row counts: the smaller of exposed and unexposed when the exposure is a flag.

    A ratio may not be read where either is small. All cases for an amount, and when closed
    ``gates`` withhold the ratio, which the two would give back.
    """
    of_cases = members.loc[members["case"].to_numpy(bool), exposure]
    if (gates is not None and gates.closed) or not members[exposure].isin([0, 1]).all():
        return len(of_cases)
    exposed = int(of_cases.sum())
    return min(exposed, len(of_cases) - exposed)


def _values(
    fit: ConditionalFit, place: int, name: str, z: float
) -> tuple[tuple[float, float, float], float]:
    """Odds ratio for one unit more, its limits and p value."""
    beta, error = float(fit.coefficients[place]), float(fit.errors[place])
    logs = (beta, beta - z * error, beta + z * error)
    if max(map(abs, logs)) > LARGEST_LOG or error < LEAST_ERROR:
        raise EstimationError(
            f"{NAME} : exposition {name} ; l'unité est trop {'grande' if error > 1 else 'petite'} "
            "pour qu'un rapport de cotes par unité s'écrive ; en changer."
        )
    estimate, low, high = (float(np.exp(log)) for log in logs)
    return (estimate, low, high), float(2 * stats.norm.sf(abs(beta) / error))


def _read(members: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """The members with their columns in the kinds expected."""
    twice = [name for name in columns if list(columns).count(name) > 1]
    if twice or not columns:
        raise EstimationError(
            f"{NAME} : variables {', '.join(columns) or 'absentes'} ; une exposition au moins est "
            "attendue, et chaque variable une seule fois."
        )
    keys = [name for name in ("person_id", "day") if name in members]
    read = received(members, NAME, "members", keys=["set", *keys], flags=["case"], numbers=columns)
    if read.empty:
        raise EstimationError(f"{NAME} : aucun ensemble à comparer.")
    if "person_id" in keys and read.duplicated(["set", *keys]).any():
        raise EstimationError(f"{NAME} : une personne figure deux fois dans un même ensemble.")
    return read


def _varies(x: Reals, sets: Ints) -> NDArray[np.bool_]:
    """Which columns differ within at least one set."""
    spread = pd.DataFrame(x).groupby(sets).agg(["min", "max"])
    return np.array(
        [(spread[(k, "max")] > spread[(k, "min")]).any() for k in range(x.shape[1])], bool
    )


def _reason(fit: ConditionalFit, varies: bool) -> str | None:
    if not varies or not fit.informative:
        return "no discordant set"
    if fit.collinear:
        return "collinear"
    return None if fit.converged else "separation"


def row_of(
    members: pd.DataFrame,
    comparison: str,
    outcome: str,
    values: tuple[float, ...],
    p_value: float,
    told: str,
) -> dict[str, object]:
    """A row of ESTIMATES that counts the persons and the cases of ``members``."""
    persons = members["person_id"].nunique() if "person_id" in members else len(members)
    return {
        "analysis": "primary",
        "population": "",
        "comparison": comparison,
        "outcome": outcome,
        "measure": "odds_ratio",
        "estimate": values[0],
        "ci_low": values[1],
        "ci_high": values[2],
        "p_value": p_value,
        "persons": int(persons),
        "events": int(members["case"].sum()),
        "person_years": 0.0,
        "method": told,
    }
