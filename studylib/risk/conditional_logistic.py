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
from studylib.risk.rows import NOTHING, estimates, method

__all__ = ["conditional_logistic", "fit_conditional_logistic"]

NAME = "Régression logistique conditionnelle"


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
    ``persons`` counts members' persons, ``events`` cases. Where an exposure never differs within
    a set, or separates cases from others, the row has no estimate and ``method`` says why.
    ``against`` is what each row is compared with.

    >>> sets = pd.DataFrame({"set": [1, 1, 2, 2, 3, 3], "case": [True, False] * 3,
    ...                      "drug": [1, 0, 1, 0, 0, 1]})
    >>> conditional_logistic(sets, outcome="fall", exposures=["drug"])["estimate"].round(6).item()
    2.0
    """
    columns = [*exposures, *covariates]
    _refuse(members, columns)
    x, case = members[columns].to_numpy(float), members["case"].to_numpy(bool)
    sets = pd.factorize(members["set"])[0].astype(np.int64)
    varying = _varies(x, sets)
    fit = fit_conditional_logistic(x[:, varying], case, sets)
    z = float(stats.norm.ppf((1 + level) / 2))
    place = np.cumsum(varying) - 1
    rows = []
    for number, name in enumerate(exposures):
        reason = _reason(fit, bool(varying[number]))
        values, p_value = NOTHING, np.nan
        if reason is None:
            beta = float(fit.coefficients[place[number]])
            error = float(np.sqrt(fit.covariance[place[number], place[number]]))
            estimate, low, high = (float(np.exp(beta + k * z * error)) for k in (0, -1, 1))
            values = (estimate, low, high)
            p_value = float(2 * stats.norm.sf(abs(beta) / error))
        told = method(
            estimator,
            not_estimable=reason,
            likelihood="exact",
            interval="wald",
            covariates=covariates,
            **(choices or {}),
        )
        rows.append(row_of(members, f"{name} / {against}", outcome, values, p_value, told))
    return estimates(rows, gates=gates)


def _refuse(members: pd.DataFrame, columns: Sequence[str]) -> None:
    absent = [name for name in ("set", "case", *columns) if name not in members.columns]
    if absent:
        raise EstimationError(
            f"{NAME} : colonnes absentes {', '.join(absent)} ; reçu "
            f"{', '.join(map(str, members.columns))}."
        )
    if members.empty:
        raise EstimationError(f"{NAME} : aucun ensemble à comparer.")
    missing = [name for name in ("set", "case", *columns) if members[name].isna().any()]
    if missing:
        raise EstimationError(
            f"{NAME} : valeurs manquantes dans {', '.join(missing)} ; compléter ou écarter ces "
            "ensembles."
        )
    if "person_id" in members and members.duplicated(["set", "person_id", *_day(members)]).any():
        raise EstimationError(f"{NAME} : une personne figure deux fois dans un même ensemble.")


def _day(members: pd.DataFrame) -> list[str]:
    """In a case-crossover a person is in its own set at several days."""
    return ["day"] if "day" in members else []


def _varies(x: Reals, sets: Ints) -> NDArray[np.bool_]:
    """Which columns differ within at least one set."""
    spread = pd.DataFrame(x).groupby(sets).agg(["min", "max"])
    return np.array(
        [(spread[(k, "max")] > spread[(k, "min")]).any() for k in range(x.shape[1])], bool
    )


def _reason(fit: ConditionalFit, varies: bool) -> str | None:
    if not varies or not fit.informative:
        return "no discordant set"
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
