"""Whether there are persons enough behind an arm for what its spread tells of its variance."""

from __future__ import annotations

import numpy as np
import pandas as pd

LARGEST_SHARE = 0.9
"""Beyond this share of the weight of an arm on one person, the arm is that person."""
FEWEST_PERSONS = 4
"""With fewer persons, their spread tells nothing of the variance of what they say."""
TO_SPARE = 2
"""Persons, at their effective size, that a mean or a model needs beyond its coefficients."""


def effective_size(weights: np.ndarray) -> float:
    """How many unweighted persons would be as precise: (Σ w)² / Σ w² (Kish, 1965).

    >>> effective_size(np.array([1.0, 1.0, 2.0])).__round__(3)
    2.667
    """
    square = float((weights**2).sum())
    return float(weights.sum() ** 2 / square) if square > 0 else 0.0


def too_few(persons: int, coefficients: int = 1, *, effective: float | None = None) -> bool:
    """Whether ``persons``, of this ``effective`` size, are too few for a robust variance.

    >>> too_few(3), too_few(4), too_few(6, 4), too_few(6, 5), too_few(100, effective=2.1)
    (True, False, False, True, True)
    """
    size = persons if effective is None else effective
    return persons < FEWEST_PERSONS or size - coefficients < TO_SPARE - 1e-9


def weakness(
    weights: np.ndarray | None,
    persons: int,
    *,
    cluster: np.ndarray | None = None,
    coefficients: int = 1,
) -> str | None:
    """Why an arm of ``persons`` rows cannot bear a robust interval, or None.

    ``weights`` and ``cluster`` are those of its rows; a person is a cluster when there are some.
    The reasons: ``weights are zero``, ``weights on one person``, ``too few persons``.
    """
    size = np.ones(persons) if weights is None else weights
    if not size.any():
        return "weights are zero"
    if cluster is not None:
        place = pd.factorize(cluster)[0]
        # Several rows of one person are not several persons, nor a person who weighs more.
        size = np.ones(int(place.max()) + 1) if weights is None else np.bincount(place, size)
    if weights is not None and size.max() > LARGEST_SHARE * size.sum():
        return "weights on one person"
    few = too_few(int((size > 0).sum()), coefficients, effective=effective_size(size))
    return "too few persons" if few else None
