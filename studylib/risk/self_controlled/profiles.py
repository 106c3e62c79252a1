"""Likelihood profiles of a case series, for regions to be pooled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from studylib.errors import EstimationError
from studylib.risk.gates.gate import Gates
from studylib.risk.schemas import PROFILES
from studylib.risk.self_controlled import likelihood
from studylib.risk.self_controlled.arrays import Flags, Reals
from studylib.risk.self_controlled.case_series import CaseSeries
from studylib.risk.self_controlled.fitting import NONE_INSIDE, NONE_OUTSIDE, bounded, fitted
from studylib.risk.self_controlled.inputs import NAME
from studylib.risk.self_controlled.likelihood import Patterns
from studylib.risk.self_controlled.schemas import PROFILE_EVENTS
from studylib.tables import check, empty

GRID = tuple(np.linspace(np.log(0.1), np.log(10), 8))
"""Where a profile is told: ratios from a tenth to ten."""


def likelihood_profile(
    series: CaseSeries,
    *,
    outcome: str,
    grid: Sequence[float] = GRID,
    gates: Gates | None = None,
) -> pd.DataFrame:
    """The profile log likelihood of each window's log ratio over ``grid``: a PROFILES table.

    It holds what a pooling of regions needs, a window without event included. ``persons`` and
    ``events`` are the cases with time in the window and elsewhere, and all of their events. Windows
    that nobody is exposed in, that cannot be told apart, or whose model has no finite answer have
    no row; none has while ``gates`` are closed.
    """
    if len(grid) < 2 or not (np.isfinite(grid).all() and (np.diff(grid) > 0).all()):
        raise EstimationError(
            f"{NAME} : grille {list(grid)} ; deux logarithmes de rapport au moins, finis et "
            "croissants, sont attendus."
        )
    if gates is not None and gates.closed:
        return empty(PROFILES)
    model = fitted(series)
    rows = []
    for term in range(series.exposures):
        if model.reasons.get(term) not in (None, NONE_INSIDE, NONE_OUTSIDE):
            continue
        others = {one: reason for one, reason in model.reasons.items() if one != term}
        patterns = bounded(series.patterns, others)
        kept = sorted({*model.kept, term})
        chosen = replace(patterns, design=patterns.design[:, kept])
        rows += _profile_rows(series, chosen, kept.index(term), term, outcome, grid)
    return check(pd.DataFrame(rows, columns=PROFILES.names), PROFILES)


def _profile_rows(
    series: CaseSeries,
    patterns: Patterns,
    place: int,
    term: int,
    outcome: str,
    grid: Sequence[float],
) -> list[dict[str, object]]:
    exposed = _with_time(series, term)
    near: Reals = np.zeros(patterns.design.shape[1])
    rows = []
    for value in grid:
        at = likelihood.profile(patterns, place, float(value), near)
        if not at.converged:
            return []
        near = at.beta
        rows.append(
            {
                "analysis": "primary",
                "population": "",
                "comparison": f"{series.terms[term]} / unexposed",
                "outcome": outcome,
                "measure": "incidence_rate_ratio",
                "log_ratio": float(value),
                "log_likelihood": at.log_likelihood,
                "gradient": float(at.score[place]),
                "persons": int(exposed.sum()),
                "events": round(float(series.patterns.of_case[exposed].sum())),
            }
        )
    return rows


def profile_events(series: CaseSeries, *, outcome: str, gates: Gates | None = None) -> pd.DataFrame:
    """Events by window behind each profile: a PROFILE_EVENTS table, kept to know if it may be sent.

    For the profile of each window, the events in it and in the drug's other windows; its own row
    of PROFILES has those of the same cases at any time. None while ``gates`` are closed.
    """
    if gates is not None and gates.closed:
        return empty(PROFILE_EVENTS)
    terms = series.terms[: series.exposures]
    inside = series.counts.set_index("term")["events"]
    rows = [
        {
            "population": "",
            "profile": f"{one} / unexposed",
            "comparison": other,
            "outcome": outcome,
            "events": int(inside[other]),
        }
        for one in terms
        for other in terms
        if _drug(one) == _drug(other)
    ]
    return check(pd.DataFrame(rows, columns=PROFILE_EVENTS.names), PROFILE_EVENTS)


def _drug(term: str) -> str:
    return term.rsplit(": ", 1)[0]


def _with_time(series: CaseSeries, term: int) -> Flags:
    """The cases with time in the window and time elsewhere: the others tell nothing of it."""
    inside = series.patterns.design[:, term] != 0
    return np.asarray(series.patterns.time @ inside.astype(float) > 0)
