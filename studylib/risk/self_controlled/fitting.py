"""A series fitted: windows whose ratio is 0 or infinite set apart, redundant terms left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from studylib.risk.self_controlled import likelihood
from studylib.risk.self_controlled.arrays import Reals
from studylib.risk.self_controlled.case_series import CaseSeries
from studylib.risk.self_controlled.likelihood import Fit, Patterns

NONE_INSIDE, NONE_OUTSIDE = "no outcome", "no outcome outside"
"""Reasons without estimate: the ratio of the window is 0, or infinite."""
NOT_SEPARABLE = "not separable"


@dataclass(frozen=True)
class Fitted:
    """A fitted series: its maximum, the terms that have a coefficient, and why others do not."""

    patterns: Patterns
    fit: Fit
    kept: list[int]
    reasons: dict[int, str]


def fitted(series: CaseSeries) -> Fitted:
    """The model without the windows whose ratio is 0 or infinite, which are told apart.

    Time in a window without event is left out, and so are the cases of a window that holds all
    their events: the limits of the likelihood as those coefficients run away.
    """
    reasons: dict[int, str] = {}
    for term in range(series.exposures):
        reason = _unbounded(series.patterns, term)
        if reason:
            reasons[term] = reason
    patterns = bounded(series.patterns, reasons)
    width = patterns.design.shape[1]
    timed, windows = range(series.exposures, width), range(series.exposures)
    exposures = [term for term in windows if term not in reasons]
    kept = sorted(likelihood.identified(patterns, [*timed, *exposures]))
    if not set(exposures) <= set(kept):
        for term in _confounded(patterns, exposures, [*timed]):
            reasons[term] = NOT_SEPARABLE
    chosen = replace(patterns, design=patterns.design[:, kept])
    return Fitted(chosen, likelihood.maximise(chosen), kept, reasons)


def _unbounded(patterns: Patterns, term: int) -> str:
    """Why the ratio of a window is 0 or infinite, empty when it is neither."""
    inside = patterns.design[:, term] > 0
    exposed = np.asarray(patterns.time[:, inside].sum(axis=1)).ravel() > 0
    if not exposed.any():
        return "nobody exposed"
    if not patterns.events[inside].sum():
        return NONE_INSIDE
    if patterns.events[inside].sum() == patterns.of_case[exposed].sum():
        return NONE_OUTSIDE
    return ""


def _confounded(patterns: Patterns, exposures: list[int], others: list[int]) -> list[int]:
    """The windows that are the same covariate as others, whichever of them the model keeps."""
    found = []
    for term in exposures:
        before = [*others, *(one for one in exposures if one != term)]
        if term not in likelihood.identified(patterns, [*before, term]):
            found.append(term)
    return found


def bounded(patterns: Patterns, reasons: Mapping[int, str]) -> Patterns:
    """The likelihood left when the coefficients of these windows have run away."""
    for term, reason in reasons.items():
        if reason == NOT_SEPARABLE:  # its time stays, whatever holds it
            continue
        inside = patterns.design[:, term] > 0
        if reason == NONE_OUTSIDE:
            exposed = np.asarray(patterns.time[:, inside].sum(axis=1)).ravel() > 0
            patterns = replace(
                patterns,
                time=patterns.time[~exposed],
                of_case=patterns.of_case[~exposed],
                events=np.where(inside, 0.0, patterns.events),
            )
        patterns = patterns.without(inside & (patterns.events == 0))
    return patterns


def standard_errors(model: Fitted) -> Reals:
    """Standard errors of the coefficients; infinite where the information is singular."""
    try:
        variance = np.diag(np.linalg.inv(model.fit.information))
    except np.linalg.LinAlgError:
        return np.full(len(model.kept), np.inf)
    return np.sqrt(np.where(variance > 0, variance, np.inf))
