"""Standardisation: the mean outcome a model predicts for everybody, under each arm."""

from __future__ import annotations

from functools import partial
from typing import Literal

import numpy as np
import pandas as pd

from studylib.errors import EstimationError
from studylib.risk.enough import too_few
from studylib.risk.gates.gate import Gates
from studylib.risk.marginal.means import Inference, Means, Measure, contrasts, value_of
from studylib.risk.marginal.outcome_model import Model, NoFit, outcome_model
from studylib.risk.propensity.design import design
from studylib.risk.propensity.score import arms_of
from studylib.risk.rows import estimates, method

TREATED = "treated"


def standardised_difference(
    people: pd.DataFrame,
    *,
    value: str,
    outcome: str,
    reference: str,
    formula: str,
    model: Model = "linear",
    measure: Measure = "mean",
    population: Literal["ate", "att"] = "ate",
    variance: Literal["estimating_equations", "bootstrap"] = "estimating_equations",
    replicates: int = 500,
    seed: int | None = None,
    level: float = 0.95,
    gates: Gates | None = None,
) -> pd.DataFrame:
    """Differences of standardised means (parametric g-formula) of ``value``: an ESTIMATES table.

    ``formula`` models ``value``; it must use ``treated``, 1 in the compared arm, 0 in the
    reference (``"treated + age + treated:age"``). Each person's mean is predicted with treated at 1
    then 0, and averaged over everybody (``ate``) or the compared arm (``att``). Each arm has its
    own model with the reference. ``value``, ``measure`` and ``seed`` as in
    ``weighted_difference``. Intervals come from the model's estimating equations (sandwich), or are
    percentiles of bootstrap samples of persons. Without four persons in each arm, and two more
    than the coefficients of the model, there is no estimate.

    Reference
    ---------
    Robins J (1986), Math Modelling 7:1393-1512; Snowden JM et al. (2011), Am J Epidemiol
    173:731-738.
    """
    if population not in ("ate", "att") or variance not in ("estimating_equations", "bootstrap"):
        raise EstimationError(
            f"Standardisation : population « {population} », variance « {variance} » ; ate ou att, "
            "estimating_equations ou bootstrap."
        )
    rows: list[dict[str, object]] = []
    for arm in arms_of(people, reference)[1:]:
        both = people[people["arm"].isin([arm, reference])].reset_index(drop=True)
        fitted = _Standardised.of(both, arm, value, formula, model, population)
        inference = Inference(
            level=level,
            resampled=fitted.again if variance == "bootstrap" else None,
            replicates=replicates,
            seed=seed,
        )
        told = partial(
            method,
            "standardisation",
            formula=formula,
            model=model,
            population=population,
            variance=variance,
            **inference.drawn,
        )
        rows += contrasts(
            both,
            fitted.means(),
            (reference, arm),
            inference,
            measure=measure,
            outcome=outcome,
            how=told,
        )
    return estimates(rows, gates=gates)


class _Standardised:
    """The model of two arms, and the two matrices it predicts from."""

    def __init__(
        self, seen: np.ndarray, under: tuple[np.ndarray, np.ndarray], y: np.ndarray,
        model: Model, weight: np.ndarray,
    ) -> None:  # fmt: skip
        self.seen, self.under, self.y, self.model, self.weight = seen, under, y, model, weight

    @classmethod
    def of(
        cls, both: pd.DataFrame, arm: str, value: str, formula: str, model: Model, population: str
    ) -> _Standardised:
        """From people; EstimationError when the formula leaves the treatment out."""
        treated = (both["arm"] == arm).to_numpy(float)
        size = len(both)
        stacked = pd.concat([both.assign(treated=t) for t in (treated, 0.0, 1.0)])
        built = design(stacked, formula, fitted_on=size)
        if not any(TREATED in name.split(":") for name in built.names):
            raise EstimationError(
                f"Standardisation : la formule « {formula} » ne dit pas « {TREATED} », le groupe."
            )
        weight = np.ones(size) if population == "ate" else treated
        under = built.matrix[size : 2 * size], built.matrix[2 * size :]
        return cls(built.matrix[:size], under, value_of(both, value), model, weight)

    def means(self) -> Means | str:
        """Both means, reference first, with influences; the reason when the model has no answer."""
        if too_few(*self.seen.shape):
            return "too few persons"
        try:
            fit = outcome_model(self.seen, self.y, self.model, np.ones(len(self.y)))
        except NoFit:
            return "no convergence"
        share = self.weight / self.weight.sum()
        values = np.array([share @ fit.predicted(matrix) for matrix in self.under])
        influence = np.column_stack(
            [
                share * (fit.predicted(matrix) - value)
                + fit.influence @ (share @ fit.slopes(matrix))
                for matrix, value in zip(self.under, values, strict=True)
            ]
        )
        return Means(values, influence)

    def again(self, counts: np.ndarray) -> np.ndarray:
        """Both means in a sample with these counts of persons."""
        fit = outcome_model(self.seen, self.y, self.model, counts)
        weight = counts * self.weight
        return np.array([weight @ fit.predicted(m) / weight.sum() for m in self.under])
