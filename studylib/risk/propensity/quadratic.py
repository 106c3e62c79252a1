"""A quadratic with an absolute-value penalty, solved exactly on a set of columns."""

from __future__ import annotations

import numpy as np
from scipy import linalg

_ROUNDS = 3000


def penalised_quadratic(
    gram: np.ndarray, linear: np.ndarray, penalty: np.ndarray, start: np.ndarray
) -> np.ndarray:
    """The minimum of ½ b'Gb - c'b + Σ penalty |b|, from ``start``.

    The signs of the answer are searched for: with them known it is a linear system (feature-sign
    search: Lee et al., 2007, NIPS 19). Each round lowers the objective; where a guess of signs does
    not, one turn of coordinate descent does.

    >>> one = penalised_quadratic(np.eye(2), np.array([3.0, 0.5]), np.ones(2), np.zeros(2))
    >>> one.round(6).tolist()
    [2.0, 0.0]
    """
    b = start.copy()
    free = penalty == 0
    finite = penalty[np.isfinite(penalty)]
    slack = 1e-8 * (float(finite.max(initial=0.0)) or float(np.abs(linear).max(initial=0.0)))
    value = _objective(gram, linear, penalty, b)
    together = True  # columns enter together, then one by one once columns prove to be tied
    for _ in range(_ROUNDS):
        slope = linear - gram @ b
        sign = np.sign(b)
        within = np.abs(slope - penalty * sign)[(b != 0) | free].max(initial=0.0) <= slack
        excess = np.where((b == 0) & ~free, np.abs(slope) - penalty, 0.0)
        entering = excess > slack
        if not entering.any() and within:
            break
        if not together:
            entering &= within & (excess == excess.max())
        sign[entering] = np.sign(slope[entering])
        new, whole = _toward(gram, linear, penalty, b, sign, free | (b != 0) | entering)
        together &= whole
        new_value = _objective(gram, linear, penalty, new)
        if not new_value < value:
            new = _one_turn(gram, linear, penalty, b)
            new_value = _objective(gram, linear, penalty, new)
            if value - new_value <= 1e-15 * (1 + abs(value)):
                break
        b, value = new, new_value
    return b


def _objective(gram: np.ndarray, linear: np.ndarray, penalty: np.ndarray, b: np.ndarray) -> float:
    return float(0.5 * b @ gram @ b - linear @ b + penalty @ np.abs(b))


def _toward(
    gram: np.ndarray,
    linear: np.ndarray,
    penalty: np.ndarray,
    b: np.ndarray,
    sign: np.ndarray,
    moving: np.ndarray,
) -> tuple[np.ndarray, bool]:
    """The solution for the signs given, or the best point on the way where one changes.

    And whether it is the solution.
    """
    inner = gram[np.ix_(moving, moving)]
    wanted = (linear - penalty * sign)[moving]
    solution = _solved(inner, wanted)
    here = b[moving]
    path = solution - here
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = np.where(here * solution < 0, -here / path, np.inf)
    steps = np.unique(np.r_[crossing[crossing < 1], 1.0])
    bent, c, weight = inner @ path, linear[moving], penalty[moving]
    at = inner @ here
    values = [
        t * (at @ path - c @ path) + 0.5 * t * t * (path @ bent) + weight @ np.abs(here + t * path)
        for t in steps
    ]
    step = steps[int(np.argmin(values))]
    moved = here + step * path
    moved[np.isclose(crossing, step, rtol=1e-12, atol=0)] = 0.0
    new = b.copy()
    new[moving] = moved
    return new, bool(step == 1.0)


def _solved(matrix: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """A solution of a positive system; columns that repeat one another are told apart by a trace
    of ridge.
    """
    lifted = matrix.copy()
    lifted[np.diag_indices_from(lifted)] *= 1 + 1e-10
    try:
        factor = linalg.cho_factor(lifted, overwrite_a=True, check_finite=False)
        return np.asarray(linalg.cho_solve(factor, wanted, check_finite=False))
    except linalg.LinAlgError:
        return np.asarray(np.linalg.lstsq(matrix, wanted, rcond=None)[0])


def _one_turn(
    gram: np.ndarray, linear: np.ndarray, penalty: np.ndarray, b: np.ndarray
) -> np.ndarray:
    """One turn of coordinate descent."""
    new = b.copy()
    slope = linear - gram @ new
    for j in range(len(new)):
        own = gram[j, j]
        if own <= 0:
            continue
        pull = slope[j] + own * new[j]
        value = np.sign(pull) * max(abs(pull) - penalty[j], 0.0) / own
        if value != new[j]:
            slope -= gram[:, j] * (value - new[j])
            new[j] = value
    return new
