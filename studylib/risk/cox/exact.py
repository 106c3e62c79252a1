"""Exact ties: each day's events are one choice among all those its risk set could have made."""

from __future__ import annotations

import numpy as np

from studylib.errors import EstimationError
from studylib.risk.conditional_likelihood import fit_conditional_logistic
from studylib.risk.cox.fit import CoxFit, NoMaximum
from studylib.risk.cox.preparation import Rows
from studylib.risk.cox.risk_sets import Floats, Integers, RiskSets

MOST_ROWS = 5_000_000


def fit_exact(rows: Rows) -> CoxFit:
    """The model under the exact discrete likelihood (Cox, 1972; Gail and others, 1981).

    Risk sets are written out, one conditional logistic set per day of events: for small data with
    many ties. EstimationError when they are too large, NoMaximum as ``fit``.
    """
    row, day, case = _written_out(rows.sets)
    x = np.asarray(rows.x, float)[rows.sets.order][row]
    fitted = fit_conditional_logistic(x, case, day)
    if not fitted.converged:
        raise NoMaximum("Modèle de Cox : la vraisemblance n'a pas de maximum fini (séparation).")
    return CoxFit(fitted.coefficients, fitted.covariance, fitted.log_likelihood, np.nan)


def _written_out(sets: RiskSets) -> tuple[Integers, Integers, Floats]:
    """Row (in order), number of the day and whether it is a case, for each member at risk."""
    days = np.unique(sets.tied)
    ends = np.r_[sets.first, len(sets.moment)][sets.last[days] + 1]
    sizes = ends - sets.first[days]
    if sizes.sum() > MOST_ROWS:
        raise EstimationError(
            f"Modèle de Cox : les ex æquo exacts demandent {int(sizes.sum())} lignes, au plus "
            f"{MOST_ROWS} ; choisir efron, qui en est une bonne approximation."
        )
    begins = np.cumsum(sizes) - sizes
    row = np.repeat(sets.first[days] - begins, sizes) + np.arange(sizes.sum())
    day = np.repeat(np.arange(len(days)), sizes)
    events = np.zeros(len(sets.moment), bool)
    events[sets.event_rows] = True
    case = events[row] & (sets.moment[row] == days[day])
    return row, day, case
