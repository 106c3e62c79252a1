"""Cox's partial likelihood: value, gradient, information and score residuals.

Every sum over risk sets is a cumulative sum over days; the information needs one product of
matrices, never a matrix per risk set: O(n p²) time and O(n p) memory.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from studylib.risk.cox.risk_sets import Floats, RiskSets, at_risk_sums, since_entry


@dataclass(frozen=True)
class Evaluation:
    """The log partial likelihood at one value of the coefficients, with its derivatives."""

    log_likelihood: float
    gradient: Floats
    information: Floats


@dataclass(frozen=True)
class _Turns:
    """Sums over each event's risk set, the share of its ties gone taken out."""

    at_risk: Floats
    mean: Floats


def _exponentials(sets: RiskSets, x: Floats, coefficients: Floats, offset: Floats | None) -> Floats:
    """exp(x b) of rows in order, centred so that none overflows."""
    linear = x @ coefficients
    if offset is not None:
        linear = linear + offset
    return np.asarray(np.exp(linear - linear.max()))


def _turns(sets: RiskSets, x: Floats, hazard: Floats) -> _Turns:
    """Total and mean of ``x`` over the risk set of each event, weighted by ``hazard``."""
    weighted = hazard[:, None] * x
    total, sums = at_risk_sums(sets, hazard)[sets.tied], at_risk_sums(sets, weighted)[sets.tied]
    if sets.fraction.any():
        rows, moments = sets.event_rows, sets.moments
        tied = np.bincount(sets.tied, hazard[rows], minlength=moments)[sets.tied]
        total = total - sets.fraction * tied
        for column in range(x.shape[1]):
            own = np.bincount(sets.tied, weighted[rows, column], minlength=moments)
            sums[:, column] -= sets.fraction * own[sets.tied]
    return _Turns(total, sums / total[:, None])


def evaluate(
    sets: RiskSets, x: Floats, coefficients: Floats, offset: Floats | None = None
) -> Evaluation:
    """The likelihood of ``coefficients``; ``x`` and ``offset`` are rows in the order of ``sets``.

    Breslow (1974) or Efron (1977) ties, as ``sets`` was made; weights multiply each row's hazard
    and each event's contribution (Binder, 1992).
    """
    exponentials = _exponentials(sets, x, coefficients, offset)
    hazard = sets.weights * exponentials
    turns, weight = _turns(sets, x, hazard), sets.turn_weight
    own = np.log(exponentials[sets.event_rows])
    events = sets.weights[sets.event_rows]
    value = float(events @ own - weight @ np.log(turns.at_risk))
    gradient = events @ x[sets.event_rows] - weight @ turns.mean

    per_day = np.bincount(sets.tied, weight / turns.at_risk, minlength=sets.moments)
    held = hazard * since_entry(sets, per_day)
    if sets.fraction.any():
        gone = np.bincount(
            sets.tied, weight * sets.fraction / turns.at_risk, minlength=sets.moments
        )
        held[sets.event_rows] -= hazard[sets.event_rows] * gone[sets.tied]
    information = x.T @ (held[:, None] * x) - turns.mean.T @ (weight[:, None] * turns.mean)
    return Evaluation(value, np.asarray(gradient), information)


def score_residuals(
    sets: RiskSets, x: Floats, coefficients: Floats, offset: Floats | None = None
) -> Floats:
    """The weighted contribution of each row to the gradient, rows in the order of ``sets``.

    Their sum over rows is the gradient, zero at the estimate; their spread over persons is what
    the sandwich is made of (Lin and Wei, 1989).
    """
    hazard = sets.weights * _exponentials(sets, x, coefficients, offset)
    turns, weight, rows = _turns(sets, x, hazard), sets.turn_weight, sets.event_rows
    rate = weight / turns.at_risk
    moments, columns = sets.moments, x.shape[1]
    per_day = np.bincount(sets.tied, rate, minlength=moments)
    held = since_entry(sets, per_day)
    residuals = -hazard[:, None] * held[:, None] * x
    centred = np.empty((moments, columns))
    for column in range(columns):
        mean = rate * turns.mean[:, column]
        centred[:, column] = np.bincount(sets.tied, mean, minlength=moments)
    residuals += hazard[:, None] * since_entry(sets, centred)

    tied = np.bincount(sets.tied, minlength=moments)[sets.tied]
    residuals[rows] += sets.weights[rows, None] * x[rows]
    for column in range(columns):
        mean = turns.mean[:, column]
        expected = np.bincount(sets.tied, mean, minlength=moments)[sets.tied] / tied
        residuals[rows, column] -= sets.weights[rows] * expected
        if sets.fraction.any():
            share = rate * sets.fraction
            gone = np.bincount(sets.tied, share, minlength=moments)[sets.tied]
            gone_mean = np.bincount(sets.tied, share * mean, minlength=moments)[sets.tied]
            residuals[rows, column] += hazard[rows] * (gone * x[rows, column] - gone_mean)
    return np.asarray(residuals)


def schoenfeld_residuals(sets: RiskSets, x: Floats, coefficients: Floats) -> Floats:
    """Covariates of each event less their mean at risk that day, in the order of ``sets.tied``."""
    hazard = sets.weights * _exponentials(sets, x, coefficients, None)
    turns = _turns(sets, x, hazard)
    tied = np.bincount(sets.tied, minlength=sets.moments)[sets.tied]
    expected = np.column_stack(
        [
            np.bincount(sets.tied, turns.mean[:, column], minlength=sets.moments)[sets.tied] / tied
            for column in range(x.shape[1])
        ]
    )
    return np.asarray(sets.weights[sets.event_rows, None] * (x[sets.event_rows] - expected))
