"""The exact conditional likelihood of matched sets, and its maximum: arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]
STEPS = 50
LARGEST, LEAST_SURE = 25.0, 50.0
"""Coefficient, and its error, of a standardised covariate that separates cases from others."""
COLLINEAR = 1e-10
"""Share of the information below which a covariate is carried by the others."""


@dataclass(frozen=True)
class ConditionalFit:
    """A maximum: coefficients, covariance, log likelihood; ``informative`` sets counted.

    ``errors`` are the roots of the covariance's diagonal, written even where that is too small to
    be. ``collinear`` says that covariates carry one another: no maximum is single.
    """

    coefficients: Reals
    covariance: Reals
    errors: Reals
    log_likelihood: float
    informative: int
    converged: bool
    collinear: bool = False


@dataclass(frozen=True)
class _Sets:
    """Sets with as many members and cases, stacked: covariates (set, member, column)."""

    x: Reals
    case: NDArray[np.bool_]


Evaluated = tuple[float, Reals, Reals]


def fit_conditional_logistic(
    x: Reals, case: NDArray[np.bool_], sets: NDArray[np.int64]
) -> ConditionalFit:
    """The maximum of the exact conditional likelihood.

    ``x`` (member, covariate), ``case`` (member), ``sets`` (member) the set's number. Given its
    number of cases m, a set contributes the probability that its own cases are those among all
    choices of m members, summed by the recursion of Gail, Lubin and Rubinstein (1981): all sets of
    one shape advance together. Sets without a case, or without anybody else, say nothing. The
    covariates are standardised inside, so that their units change nothing.

    Source: Gail MH, Lubin JH, Rubinstein LV (1981), Biometrika 68:703-707.
    """
    values, scale = _scaled(np.asarray(x, float))
    shapes = _shaped(values, np.asarray(case, bool), np.asarray(sets))
    width, informative = values.shape[1], sum(len(one.x) for one in shapes)
    unknown = np.full((width, width), np.nan), np.full(width, np.nan)
    if not informative or not width:
        return ConditionalFit(np.zeros(width), *unknown, 0.0, informative, False)
    shapes, spread = _standardised(shapes, len(values))
    scale = scale * spread
    start = _evaluated(shapes, np.zeros(width))
    if np.linalg.matrix_rank(start[2], tol=COLLINEAR * np.diag(start[2]).max()) < width:
        return ConditionalFit(
            np.zeros(width), *unknown, start[0], informative, False, collinear=True
        )
    beta, (value, _, information), converged = _climbed(shapes, start)
    try:
        covariance: Reals = np.asarray(np.linalg.inv(information), float)
    except np.linalg.LinAlgError:
        return ConditionalFit(np.zeros(width), *unknown, value, informative, False)
    variance = np.diag(covariance)
    errors = np.sqrt(np.where(variance > 0, variance, np.inf))
    known = converged and not ((np.abs(beta) > LARGEST) | (errors > LEAST_SURE)).any()
    with np.errstate(over="ignore"):  # infinite in a unit too large to be written
        beta, errors = beta / scale, errors / scale
        covariance = covariance / scale / scale[:, None]
    return ConditionalFit(beta, covariance, errors, value, informative, known)


def _scaled(x: Reals) -> tuple[Reals, Reals]:
    """Columns between -1 and 1, whose squares can be summed, and what they were divided by."""
    largest = np.abs(x).max(axis=0, initial=0.0)
    scale = np.where(largest > 0, largest, 1.0)
    return x / scale, scale


def _standardised(shapes: Sequence[_Sets], members: int) -> tuple[list[_Sets], Reals]:
    """Columns of unit spread within sets, and what they were divided by."""
    squares = sum(((one.x**2).sum(axis=(0, 1)) for one in shapes), np.zeros(shapes[0].x.shape[2]))
    spread = np.sqrt(squares / members)
    spread = np.where(spread > 0, spread, 1.0)
    return [_Sets(one.x / spread, one.case) for one in shapes], spread


def _climbed(shapes: Sequence[_Sets], start: Evaluated) -> tuple[Reals, Evaluated, bool]:
    """The maximum by Newton's method, and whether it was reached."""
    beta, now, converged = np.zeros(len(start[1])), start, False
    for _ in range(STEPS):
        value, score, information = now
        try:
            step: Reals = np.asarray(np.linalg.solve(information, score), float)
        except np.linalg.LinAlgError:
            break
        converged = bool(step @ score < 1e-8)
        beta, now, moved = _moved(shapes, beta, step, value, converged)
        if converged or not moved:
            break
    return beta, now, converged


def _moved(
    shapes: Sequence[_Sets], beta: Reals, step: Reals, value: float, last: bool
) -> tuple[Reals, Evaluated, bool]:
    """The point after ``step``, shortened until the likelihood does not fall."""
    length = min(1.0, 5.0 / max(float(np.abs(step).max()), 1e-300))
    for _ in range(30):
        tried = _evaluated(shapes, beta + length * step)
        if last or (np.isfinite(tried[0]) and tried[0] >= value):
            return beta + length * step, tried, True
        length /= 2
    return beta, _evaluated(shapes, beta), False


def _shaped(x: Reals, case: NDArray[np.bool_], sets: NDArray[np.int64]) -> list[_Sets]:
    """The informative sets, gathered by number of members and of cases; covariates centred."""
    order = np.argsort(sets, kind="stable")
    x, case = x[order], case[order]
    _, first, size = np.unique(sets[order], return_index=True, return_counts=True)
    cases = np.add.reduceat(case.astype(np.int64), first) if len(first) else first
    found = []
    for members, many in sorted({(int(n), int(m)) for n, m in zip(size, cases, strict=True)}):
        if 0 < many < members:
            at = first[(size == members) & (cases == many)][:, None] + np.arange(members)
            block = x[at] - x[at].mean(axis=1, keepdims=True)
            found.append(_Sets(block, case[at]))
    return found


def _evaluated(shapes: Sequence[_Sets], beta: Reals) -> Evaluated:
    """Log likelihood, score and information over all the sets."""
    width = len(beta)
    value, score, information = 0.0, np.zeros(width), np.zeros((width, width))
    for one in shapes:
        eta = one.x @ beta
        of_cases = np.einsum("sn,snk->sk", one.case, one.x)
        cases = int(one.case[0].sum())
        log_sum, mean, spread = (_single if cases == 1 else _recursion)(one.x, eta, cases)
        value += float((eta * one.case).sum() - log_sum.sum())
        score += (of_cases - mean).sum(axis=0)
        information += spread
    return value, score, information


def _single(x: Reals, eta: Reals, cases: int) -> tuple[Reals, Reals, Reals]:
    """One case a set: log of the sum, mean of the covariates, and their summed covariance."""
    top = eta.max(axis=1, keepdims=True)
    weight = np.exp(eta - top)
    total = weight.sum(axis=1, keepdims=True)
    share = weight / total
    mean = np.einsum("sn,snk->sk", share, x)
    second = np.einsum("sn,snk,snl->kl", share, x, x, optimize=True)
    return (top + np.log(total))[:, 0], mean, second - mean.T @ mean


def _recursion(x: Reals, eta: Reals, cases: int) -> tuple[Reals, Reals, Reals]:
    """Several cases a set: B(j, n) = B(j, n-1) + u_n B(j-1, n-1), with its two derivatives."""
    sets, members, width = x.shape
    top = eta.max(axis=1, keepdims=True)
    weight = np.exp(eta - top)
    sums = np.zeros((sets, cases + 1))
    sums[:, 0] = 1.0
    first = np.zeros((sets, cases + 1, width))
    second = np.zeros((sets, cases + 1, width, width))
    scale = np.zeros(sets)
    for n in range(members):
        u = weight[:, n, None]
        z = x[:, n, None, :]
        b, d1 = sums[:, :-1], first[:, :-1]
        cross = z[..., :, None] * d1[..., None, :]
        grown2 = second[:, :-1] + cross + np.swapaxes(cross, -1, -2)
        grown2 = grown2 + (z[..., :, None] * z[..., None, :]) * b[..., None, None]
        second[:, 1:] += u[..., None, None] * grown2
        first[:, 1:] += u[..., None] * (d1 + z * b[..., None])
        sums[:, 1:] += u * b
        largest = sums.max(axis=1)
        sums /= largest[:, None]
        first /= largest[:, None, None]
        second /= largest[:, None, None, None]
        scale += np.log(largest)
    total = sums[:, -1]
    mean = first[:, -1] / total[:, None]
    spread = (second[:, -1] / total[:, None, None]).sum(axis=0) - mean.T @ mean
    return np.log(total) + scale + cases * top[:, 0], mean, spread
