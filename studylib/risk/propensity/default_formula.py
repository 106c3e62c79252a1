"""The formula of a score, or of an outcome, when the request writes none."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from studylib.errors import EstimationError
from studylib.risk.propensity.design import knots_of

SPLINE_FROM = 10
"""Distinct values from which a number enters as a spline."""


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
