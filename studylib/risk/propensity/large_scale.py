"""The propensity score on every code there is: a penalised model over thousands of columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from scipy import sparse

from studylib.cohort import WideCovariates
from studylib.errors import EstimationError
from studylib.risk import rows
from studylib.risk.propensity.balance import aligned
from studylib.risk.propensity.design import Design, design
from studylib.risk.propensity.lasso import LassoProblem
from studylib.risk.propensity.logistic import logistic
from studylib.risk.propensity.penalty_path import PenaltyPath, Rule
from studylib.risk.propensity.score import Score, arms_of, refuse_correlated, refuse_named

Values = Literal["presence", "counts"]


def lasso_propensity_score(
    people: pd.DataFrame,
    wide: WideCovariates,
    *,
    reference: str,
    formula: str = "",
    values: Values = "presence",
    standardise: bool = True,
    penalty: float | None = None,
    folds: int = 5,
    seed: int | None = None,
    rule: Rule = "best",
    penalties: int = 40,
    smallest: float = 0.01,
    highest_correlation: float | None = 0.5,
    tolerance: float = 1e-4,
) -> Score:
    """The probability of the compared arm by L1-penalised logistic regression over ``wide``.

    Maximises the mean log likelihood less ``penalty`` times the sum of absolute coefficients of the
    sparse columns, as presence (0 or 1) or ``counts``, each divided by its standard deviation when
    ``standardise``. The intercept and the terms of ``formula`` (age, sex…) are not penalised.

    Without ``penalty``, it is chosen among ``penalties`` values, from the smallest that leaves
    every column out down to ``smallest`` times it, by the mean log likelihood of persons held out
    in ``folds`` folds drawn with ``seed``: the ``best``, or the strongest penalty within
    ``one_standard_error`` of it. The path stops when three penalties running bring nothing.

    The answer satisfies the optimality conditions over all columns to ``tolerance`` times the
    penalty, or EstimationError. A column more correlated than ``highest_correlation`` with the arm
    is refused: it usually encodes the drug. Two arms; ``wide`` has a row per person, and codes that
    vary, or EstimationError.

    Reference
    ---------
    Tibshirani R (1996), JRSS B 58:267-288; Tian Y, Schuemie MJ, Suchard MA (2018), Int J Epidemiol
    47:2005-2014.
    """
    names = arms_of(people, reference)
    if len(names) != 2:
        raise EstimationError(
            f"Score pénalisé : deux groupes attendus, {len(names)} présents ({', '.join(names)})."
        )
    crossed = penalty is None
    _check_choices(values, rule, penalty, folds, seed, penalties, smallest, len(people))
    outcome = (people["arm"] != reference).to_numpy(float)
    free = design(people, formula)
    logistic(free.matrix, outcome.astype(int), names=free.names)  # separated by the formula alone?
    matrix = _cells(wide, people, values)
    terms = (wide.columns["domain"] + " " + wide.columns["code"]).to_numpy(object)
    spread = _spread(matrix)
    _refuse_treatment(matrix, spread, outcome, terms, free, highest_correlation)
    scale = np.where(spread > 0, spread if standardise else 1.0, np.inf)
    path = PenaltyPath(matrix, scale, _conditioned(free.matrix), outcome, penalties, smallest)
    chosen = path.chosen(_folds(people, folds, seed), rule) if penalty is None else penalty
    fit = path.fitted(chosen, np.ones(len(people)), tolerance)
    told = rows.method(
        "lasso_logistic",
        formula=formula.strip() or None,
        values=values,
        standardised="yes" if standardise else "no",
        penalty=float(np.format_float_positional(chosen, 4, fractional=False)),
        chosen_by="cross_validation" if crossed else "given",
        folds=folds if crossed else None,
        rule=rule if crossed else None,
        seed=seed if crossed else None,
        columns_offered=len(terms),
        columns_kept=int(np.count_nonzero(fit.penalised)),
        **free.reasons(),
    )
    return _score(people, names, path, fit, terms, told)


def _score(
    people: pd.DataFrame,
    names: Sequence[str],
    path: PenaltyPath,
    fit: LassoProblem,
    terms: np.ndarray,
    told: str,
) -> Score:
    """What the fit says of each person, and the codes it keeps."""
    kept, linear = np.flatnonzero(fit.penalised), fit.linear
    chance = 1 / (1 + np.exp(-linear))
    coefficients = pd.DataFrame(
        {
            "arm": names[1],
            "term": terms[kept],
            "coefficient": fit.penalised[kept] / path.scale[kept],
            "standard_error": np.nan,
        }
    )
    return Score(
        persons=people[["person_id", "arm"]].reset_index(drop=True),
        probabilities=pd.DataFrame({names[0]: 1 - chance, names[1]: chance}),
        coefficients=coefficients,
        log_likelihood=float(path.outcome @ linear - np.logaddexp(0, linear).sum()),
        method=told,
    )


def _cells(wide: WideCovariates, people: pd.DataFrame, values: Values) -> sparse.csr_matrix:
    cells = aligned(wide, people).astype(float)
    if values == "presence":
        cells.data[:] = (cells.data > 0).astype(float)
    return cells


def _spread(matrix: sparse.csr_matrix) -> np.ndarray:
    """The standard deviation of each column; EstimationError when none has any."""
    mean = np.asarray(matrix.mean(axis=0)).ravel()
    square = np.asarray(matrix.power(2).mean(axis=0)).ravel()
    spread = np.sqrt(np.clip(square - mean**2, 0, None))
    spread = np.where(spread > 1e-7 * np.sqrt(square), spread, 0.0)  # one value, to rounding
    if not (spread > 0).any():
        raise EstimationError(
            f"Score pénalisé : aucun code ne varie, sur {len(mean)} ; employer le score logistique "
            "de la formule (propensity_score)."
        )
    return np.asarray(spread)


def _refuse_treatment(
    matrix: sparse.csr_matrix,
    spread: np.ndarray,
    outcome: np.ndarray,
    terms: np.ndarray,
    free: Design,
    highest: float | None,
) -> None:
    """EstimationError naming columns that say the treatment."""
    if highest is None:
        return
    refuse_correlated(free, outcome.astype(int), highest)
    centred = outcome - outcome.mean()
    related = np.asarray(matrix.T @ centred) / len(outcome) / outcome.std()
    related = np.divide(related, spread, out=np.zeros_like(spread), where=spread > 0)
    found: Sequence[str] = terms[np.abs(related) > highest].tolist()
    refuse_named(found, highest)


def _conditioned(dense: np.ndarray) -> np.ndarray:
    """Dense columns centred and scaled: they span the same, and Newton's steps stay sound."""
    rest = dense[:, 1:]
    return np.column_stack([dense[:, 0], (rest - rest.mean(axis=0)) / rest.std(axis=0)])


def _folds(people: pd.DataFrame, folds: int, seed: int | None) -> np.ndarray:
    """Each person's fold, whatever the order of the rows."""
    drawn = np.random.default_rng(seed).permutation(len(people)) % folds
    fold = np.empty(len(people), int)
    fold[np.argsort(people["person_id"].to_numpy(), kind="stable")] = drawn
    return fold


def _check_choices(
    values: str,
    rule: str,
    penalty: float | None,
    folds: int,
    seed: int | None,
    penalties: int,
    smallest: float,
    persons: int,
) -> None:
    wrong = [
        (values not in ("presence", "counts"), f"values « {values} » ; presence ou counts"),
        (
            rule not in ("best", "one_standard_error"),
            f"règle « {rule} » ; best, one_standard_error",
        ),
        (
            penalty is not None and not 0 < penalty < np.inf,
            f"pénalité {penalty} ; un nombre positif",
        ),
        (penalty is None and seed is None, "validation croisée sans graine (seed)"),
        (
            not 2 <= folds <= persons,
            f"{folds} plis pour {persons} personnes ; de deux plis à un par personne",
        ),
        (penalties < 2 or not 0 < smallest < 1, "au moins deux pénalités, smallest entre 0 et 1"),
    ]
    for found, told in wrong:
        if found:
            raise EstimationError(f"Score pénalisé : {told}.")
