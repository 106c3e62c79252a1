"""The arms of a population made comparable, pair by pair, as a request says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from studylib.cohort import WideCovariates
from studylib.errors import EstimationError
from studylib.risk.columns import check_columns, check_numbers
from studylib.risk.comparison import UNWEIGHTED, Comparison
from studylib.risk.propensity import adjusted, lasso_propensity_score, propensity_score
from studylib.risk.propensity.design import knots_of
from studylib.risk.propensity.score import Score
from studylib.risk.rows import against

SPLINE_FROM = 10
"""Distinct values from which a number enters the score as a spline."""


def comparison(
    persons: pd.DataFrame,
    *,
    reference: str,
    covariates: Sequence[str],
    arms: Sequence[str] = (),
    formula: str = "",
    stratified_by: Sequence[str] = (),
    adjustment: str = "regression",
    fewest_carriers: int = 10,
    highest_correlation: float | None = 0.5,
    wide: WideCovariates | None = None,
    seed: int | None = None,
    **choices: Any,
) -> Comparison:
    """The arms of ``persons`` made comparable with the reference, pair by pair; a ``Comparison``.

    ``persons`` is a follow-up with numeric ``covariates``; the outcome
    model is ``stratified_by`` the columns named. ``adjustment`` is ``none``,
    ``regression`` (covariates enter the outcome model) or a method of ``risk.adjusted``, whose
    ``choices`` follow. ``formula`` is that of the score; empty, it is made of the covariates
    (numbers of many values as splines) and of ``stratified_by``. With ``wide``, the score is that
    of ``lasso_propensity_score`` over every code of it, the formula's terms left unpenalised, and
    those codes are balanced too. ``seed`` is that of folds and of a random matching order. Where an
    arm has nobody, the score separates the arms, or a covariate says the treatment itself
    (``highest_correlation``), the pair is left out: its rows are stated not estimable and the gate
    of equipoise says why.

    EstimationError for persons counted twice, an unknown column, a missing value.
    """
    names = against(persons, reference, arms)
    check_numbers(persons, covariates)
    check_columns(persons, stratified_by)
    pairs, reasons = {}, {}
    how: Any = "none" if adjustment in UNWEIGHTED else adjustment
    for arm in names:
        both = persons[persons["arm"].isin([arm, reference])].reset_index(drop=True)
        try:
            terms = formula or score_formula(both, covariates, stratified_by)
            score = _score(
                both, arm, reference, terms, fewest_carriers, highest_correlation, wide, seed
            )
            pairs[arm] = adjusted(both, score, method=how, seed=seed, **choices)
        except EstimationError as failure:
            reasons[arm] = str(failure)
    return Comparison(
        persons,
        reference,
        (reference, *names),
        tuple(covariates),
        tuple(stratified_by),
        adjustment,
        pairs,
        reasons,
        wide,
    )


def _score(
    both: pd.DataFrame,
    arm: str,
    reference: str,
    formula: str,
    fewest_carriers: int,
    highest_correlation: float | None,
    wide: WideCovariates | None,
    seed: int | None,
) -> Score:
    """The score of two arms: by formula, or penalised over every code."""
    if wide is not None and both["arm"].nunique() == 2:
        return lasso_propensity_score(
            both,
            wide,
            reference=reference,
            formula=formula,
            highest_correlation=highest_correlation,
            seed=seed or 0,
        )
    return propensity_score(
        both,
        reference=reference,
        formula=formula,
        arms=(arm, reference),
        fewest_carriers=fewest_carriers,
        highest_correlation=highest_correlation,
    )


def score_formula(
    people: pd.DataFrame, covariates: Sequence[str], strata: Sequence[str] = ()
) -> str:
    """The formula of a score on every covariate: numbers of many values as splines.

    >>> people = pd.DataFrame({"age": range(40), "male": [0, 1] * 20, "region": ["11", "84"] * 20})
    >>> score_formula(people, ["age", "male"], ["region"])
    'spline(age, 4) + male + C(region)'
    """
    terms = [f"spline({name}, 4)" if _bends(people[name]) else name for name in covariates]
    return " + ".join([*terms, *(f"C({name})" for name in strata if people[name].nunique() > 1)])


def _bends(values: pd.Series) -> bool:
    """Whether a covariate has enough values for the knots of a spline to stand apart."""
    if values.nunique() < SPLINE_FROM:
        return False
    try:
        return bool(len(knots_of(values.to_numpy(float), 4)))
    except EstimationError:
        return False
