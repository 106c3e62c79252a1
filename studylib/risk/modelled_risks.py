"""Risks by a day from a model of the outcome, beside those that weights give."""

from __future__ import annotations

from typing import Literal, get_args

import pandas as pd

from studylib.errors import EstimationError
from studylib.risk.comparison import Comparison
from studylib.risk.gates.gate import Gates
from studylib.risk.marginal import (
    doubly_robust_difference,
    pseudo_risk,
    standardised_risk,
)
from studylib.risk.marginal.pseudo import NotFollowed
from studylib.risk.propensity.default_formula import score_formula
from studylib.risk.rows import estimate_row, estimates, method
from studylib.tables import ESTIMATES, check

Estimator = Literal["doubly_robust", "standardised"]
ESTIMATORS = get_args(Estimator)


def modelled_differences(
    study: Comparison,
    estimator: Estimator,
    *,
    outcome: str,
    day: int,
    smallest_score: float = 0.01,
    gates: Gates | None = None,
) -> pd.DataFrame:
    """Differences and ratios of risks by ``day``, as if everybody had each arm: ESTIMATES.

    Linear models of the outcome's pseudo-observations (``pseudo_risk``) on the study's covariates
    and strata: ``doubly_robust`` (AIPW, with the study's own score, brought up to
    ``smallest_score``) or ``standardised`` (g-formula). They are about all persons of both arms,
    whatever the weights of the study are about. A stated row where an arm has no score, or nobody
    followed until the day.
    """
    if estimator not in ESTIMATORS:
        raise EstimationError(
            f"Différence de risque modélisée : « {estimator} » ; attendu {', '.join(ESTIMATORS)}."
        )
    tables = []
    for arm in [name for name in study.arms if name != study.reference]:
        both = study.persons[study.persons["arm"].isin([arm, study.reference])]
        pair = study.pairs.get(arm)
        if pair is None:
            tables.append(study.absent(both, arm, "risk_difference", outcome))
            continue
        if estimator == "standardised":
            rows = standardised_risk(
                both,
                outcome=outcome,
                reference=study.reference,
                arms=(arm, study.reference),
                day=day,
                covariates=study.covariates,
                strata=study.strata,
            )
            tables.append(rows[rows["measure"] != "number_needed"])
            continue
        try:
            people = both.assign(risk=pseudo_risk(both, day=day)).reset_index(drop=True)
        except NotFollowed:
            tables.append(_too_short(both, arm, study.reference, outcome))
            continue
        rows = doubly_robust_difference(
            people,
            pair.score,
            value="risk",
            measure="risk",
            outcome=outcome,
            formula=score_formula(people, study.covariates, study.strata),
            smallest_score=smallest_score,
        )
        tables.append(rows.assign(method=rows["method"] + f"; day={day}"))
    together = check(pd.concat(tables, ignore_index=True), ESTIMATES)
    return gates.release(together) if gates is not None else together


def _too_short(both: pd.DataFrame, arm: str, reference: str, outcome: str) -> pd.DataFrame:
    """The row of an arm where the risk by the day is not seen."""
    told = method("aipw", not_estimable="nobody followed until the day")
    row = estimate_row(
        both,
        comparison=f"{arm} / {reference}",
        measure="risk_difference",
        outcome=outcome,
        method=told,
    )
    return estimates([row])
