"""The arms of a population made comparable, pair by pair, as a request says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from studylib.cohort import WideCovariates
from studylib.errors import EstimationError
from studylib.risk.columns import check_columns, check_numbers
from studylib.risk.comparison import UNWEIGHTED, Comparison
from studylib.risk.propensity import adjusted, lasso_propensity_score, propensity_score
from studylib.risk.propensity.default_formula import score_formula
from studylib.risk.propensity.schemas import SELECTED_CODES, WEIGHTS
from studylib.risk.propensity.score import Score
from studylib.risk.propensity.selected import high_dimensional_score
from studylib.risk.rows import against
from studylib.tables import check, empty


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
    high_dimensional: Mapping[str, Any] | None = None,
    seed: int | None = None,
    **choices: Any,
) -> Comparison:
    """The arms of ``persons`` made comparable with the reference, pair by pair; a ``Comparison``.

    ``persons`` is a follow-up with numeric ``covariates``; the outcome model is ``stratified_by``
    the columns named. ``adjustment`` is ``none``,
    ``regression`` (covariates enter the outcome model) or a method of ``risk.adjusted``, whose
    ``choices`` follow. ``formula`` is that of the score; empty, it is made of the covariates
    (numbers of many values as splines) and of ``stratified_by``. With ``wide``, the score is that
    of ``lasso_propensity_score`` over every code of it, the formula's terms left unpenalised, and
    those codes are balanced too; with ``high_dimensional`` besides (the choices of
    ``high_dimensional_score``, or none of them), over those that hdPS chooses. ``seed`` is that of
    folds and of a random matching order. Where an arm has nobody, the score separates the arms, or
    a covariate says the treatment itself (``highest_correlation``), the pair is left out: its rows
    are stated not estimable and the gate of equipoise says why.

    EstimationError for persons counted twice, an unknown column, a missing value, hdPS without
    ``wide``.
    """
    if high_dimensional is not None and wide is None:
        raise EstimationError("hdPS : sans les codes du recul (wide), il n'y a rien à choisir.")
    names = against(persons, reference, arms)
    check_numbers(persons, covariates)
    check_columns(persons, stratified_by)
    pairs, reasons = {}, {}
    how: Any = "none" if adjustment in UNWEIGHTED else adjustment
    for arm in names:
        both = persons[persons["arm"].isin([arm, reference])].reset_index(drop=True)
        try:
            terms = formula or score_formula(both, covariates, stratified_by)
            shared: dict[str, Any] = {
                "reference": reference,
                "formula": terms,
                "highest_correlation": highest_correlation,
            }
            if wide is None or both["arm"].nunique() < 2:
                score = propensity_score(
                    both, arms=(arm, reference), fewest_carriers=fewest_carriers, **shared
                )
            else:
                score = _over_codes(both, wide, high_dimensional, seed=seed or 0, **shared)
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


def _over_codes(
    both: pd.DataFrame,
    wide: WideCovariates,
    high_dimensional: Mapping[str, Any] | None,
    **shared: Any,
) -> Score:
    """The score of two arms, penalised over every code or over those that hdPS chooses."""
    if high_dimensional is None:
        return lasso_propensity_score(both, wide, **shared)
    return high_dimensional_score(both, wide, **high_dimensional, **shared)


def selected_codes(study: Comparison, *, largest: int = 20) -> pd.DataFrame:
    """The ``largest`` possible biases among the flags that hdPS kept: a SELECTED_CODES table.

    In each comparison, by rank; no row when hdPS chose nothing.
    """
    tables = [empty(SELECTED_CODES)]
    for arm, pair in study.pairs.items():
        if pair.score.selection is not None:
            first = pair.score.selection.head(largest)
            tables.append(first[first["kept"]].assign(comparison=f"{arm} / {study.reference}"))
    found = [one for one in tables if len(one)] or tables
    return check(pd.concat(found, ignore_index=True)[SELECTED_CODES.names], SELECTED_CODES)


def weights(study: Comparison) -> pd.DataFrame:
    """What each person weighs in each pair of arms, and who is left out: a WEIGHTS table.

    Weights are those of the persons kept; ``effective_size`` is how many of weight 1 would be as
    precise (Kish, 1965). No row where the adjustment neither weighs nor matches.
    """
    tables = [empty(WEIGHTS)]
    for arm, pair in study.pairs.items():
        if study.adjustment not in UNWEIGHTED:
            both = pair.summary
            named = {"comparison": f"{arm} / {study.reference}"}
            tables.append(both.assign(**named, pair_left_out=both["left_out"].sum()))
    found = pd.concat([one for one in tables if len(one)] or tables, ignore_index=True)
    return check(found[WEIGHTS.names], WEIGHTS)
