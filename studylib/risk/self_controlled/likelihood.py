"""The conditional Poisson likelihood on distinct patterns, its maximum and its profile.

Given a case's number of events, they fall on its patterns as a multinomial draw whose weights are
days times rate (Farrington, 1995; Whitaker et al., 2006). Everything the likelihood needs is the
days of each case in each pattern, a sparse matrix: no row is a day.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from studylib.risk.self_controlled.arrays import Flags, Reals

STEPS = 60
UNENDING = 40.0
"""A log ratio beyond which a limit is infinite."""
FARTHEST = 60.0
"""A log ratio of the fastest pattern to the slowest beyond which the maximum is at infinity."""
FLAT = 1e-8
"""A gain of log likelihood below which one more step is the last."""


@dataclass(frozen=True)
class Patterns:
    """``design`` (pattern, term), ``time`` (case, pattern) in days, and the events of each."""

    design: Reals
    time: sparse.csr_matrix
    events: Reals
    of_case: Reals

    def without(self, dropped: Flags) -> Patterns:
        """The likelihood with these patterns' time taken out (they hold no event)."""
        return replace(
            self,
            design=self.design[~dropped],
            time=self.time[:, ~dropped],
            events=self.events[~dropped],
        )


@dataclass(frozen=True)
class Fit:
    """A maximum: coefficients, log likelihood, score and information there."""

    beta: Reals
    log_likelihood: float
    score: Reals
    information: Reals
    converged: bool


def evaluate(patterns: Patterns, beta: Reals) -> Fit:
    """Log likelihood, score and information at ``beta``."""
    design, time = patterns.design, patterns.time
    rate = design @ beta
    rate -= rate.max()
    weight = np.exp(rate)
    total = time @ weight
    value = patterns.events @ rate - patterns.of_case @ np.log(total)
    expected = weight * (time.T @ (patterns.of_case / total))
    mean = (time @ (weight[:, None] * design)) / total[:, None]
    information = design.T @ (expected[:, None] * design)
    information -= mean.T @ (patterns.of_case[:, None] * mean)
    score = design.T @ (patterns.events - expected)
    return Fit(beta, float(value), score, information, False)


def identified(patterns: Patterns, order: list[int]) -> list[int]:
    """The terms that vary within cases beyond those before them in ``order``.

    A term that does not is the same covariate as others once each case is conditioned on (linear
    age and linear calendar time are): no split of their effects can be estimated.
    """
    kept: list[int] = []
    if not patterns.design.size or not len(patterns.of_case):
        return kept
    information = evaluate(patterns, np.zeros(patterns.design.shape[1])).information
    for term in order:
        own = information[term, term]
        left = own
        if kept:
            across = information[np.ix_(kept, [term])]
            left = own - float(
                (across.T @ np.linalg.solve(information[np.ix_(kept, kept)], across)).item()
            )
        if own > 1e-12 and left > 1e-8 * own:
            kept.append(term)
    return kept


def maximise(patterns: Patterns, *, start: Reals | None = None, fixed: int | None = None) -> Fit:
    """The maximum by Newton's method, halving steps that lose; ``fixed`` keeps its start value."""
    width = patterns.design.shape[1]
    beta = np.zeros(width) if start is None else start.copy()
    free = np.array([term for term in range(width) if term != fixed], np.int64)
    if not len(patterns.of_case):  # nothing left to compare
        return Fit(beta, 0.0, beta, np.zeros((width, width)), True)
    now = evaluate(patterns, beta)
    for _ in range(STEPS):
        if not len(free):
            return replace(now, converged=True)
        try:
            step = _solved(now.information[np.ix_(free, free)], now.score[free])
        except np.linalg.LinAlgError:
            return now
        if not np.isfinite(step).all() or np.ptp(patterns.design @ now.beta) > FARTHEST:
            return now
        if step @ now.score[free] < FLAT:
            beta = now.beta.copy()
            beta[free] += step
            return replace(evaluate(patterns, beta), converged=True)
        now, moved = _moved(patterns, now, free, step)
        if not moved:
            return replace(now, converged=bool(step @ now.score[free] < 1e-5))
    return now


def _solved(matrix: Reals, vector: Reals) -> Reals:
    return np.asarray(np.linalg.solve(matrix, vector), float)


def _moved(patterns: Patterns, now: Fit, free: np.ndarray, step: Reals) -> tuple[Fit, bool]:
    """The next point along ``step``, shortened until the likelihood does not fall."""
    length = min(1.0, 5.0 / max(float(np.abs(step).max()), 1e-300))
    for _ in range(30):
        beta = now.beta.copy()
        beta[free] += length * step
        tried = evaluate(patterns, beta)
        if np.isfinite(tried.log_likelihood) and tried.log_likelihood >= now.log_likelihood:
            return tried, True
        length /= 2
    return now, False


def profile(patterns: Patterns, term: int, value: float, near: Reals) -> Fit:
    """The maximum with the term held at ``value``, from the coefficients of a close point."""
    start = near.copy()
    start[term] = value
    return maximise(patterns, start=start, fixed=term)


def limit(
    patterns: Patterns, top: float, near: Reals, term: int, drop: float, first: float
) -> float:
    """Where the profile has fallen by ``drop`` from ``top``, sought from ``first``.

    Infinite when it never does that far out; NaN when it cannot be followed.

    Newton's method on the signed root of the fall, nearly straight in the coefficient.
    """
    value, towards = first, np.sign(first - near[term]) or 1.0
    for _ in range(STEPS):
        at = profile(patterns, term, value, near)
        if not np.isfinite(at.log_likelihood):
            return np.nan
        if abs(value) > UNENDING:
            return float(towards * np.inf)
        root = np.sqrt(max(2 * (top - at.log_likelihood), 0.0))
        if abs(root - np.sqrt(2 * drop)) < 1e-7:
            return value
        slope = -at.score[term] / root if root > 1e-6 else 0.0
        if slope * towards < 1e-8:  # still on the top: go further out
            value, near = value + towards, at.beta
            continue
        move = (np.sqrt(2 * drop) - root) / slope
        value, near = value + float(np.clip(move, -2, 2)), at.beta
    return np.nan
