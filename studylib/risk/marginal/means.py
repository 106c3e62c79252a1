"""Means under each arm, and the contrasts and intervals made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from studylib.errors import EstimationError
from studylib.risk.rows import NOTHING, estimate_row

Measure = Literal["mean", "risk"]
Quantile = Literal["normal", "t"]


@dataclass(frozen=True)
class Means:
    """The mean under each arm (reference first) and each person's influence on it.

    Estimates less truths are about the column sums of ``influence``: one row per person.
    """

    values: np.ndarray
    influence: np.ndarray


@dataclass(frozen=True)
class Inference:
    """How an interval is made: factor of the variance, quantile, level, or resampling.

    ``freedom`` are the degrees of freedom of ``t``; ``factor`` multiplies the variance (HC1).
    ``resampled`` gives, for counts of persons, the means again; None: from influences.
    """

    level: float = 0.95
    quantile: Quantile = "normal"
    freedom: float = np.inf
    factor: float = 1.0
    cluster: np.ndarray | None = None
    resampled: Callable[[np.ndarray], np.ndarray] | None = None
    replicates: int = 500
    seed: int | None = None

    def width(self) -> float:
        """How many standard errors an interval goes on each side."""
        tail = (1 + self.level) / 2
        if self.quantile == "t":
            return float(stats.t.ppf(tail, self.freedom))
        return float(stats.norm.ppf(tail))

    def covariance(self, means: Means) -> np.ndarray:
        """Of the means, from influences added by cluster."""
        influence = means.influence
        if self.cluster is not None:
            place = pd.factorize(self.cluster)[0]
            summed = np.zeros((place.max() + 1, influence.shape[1]))
            np.add.at(summed, place, influence)
            influence = summed
        return np.asarray(self.factor * influence.T @ influence)

    def replicated(self, persons: int) -> np.ndarray | None:
        """The means of bootstrap samples of persons that have some; NaN when over 5 % have not."""
        if self.resampled is None:
            return None
        if self.seed is None:
            raise EstimationError("Rééchantillonnage : une graine (seed) est attendue.")
        draw = np.random.default_rng(self.seed)
        found: list[np.ndarray] = []
        for _ in range(self.replicates):
            counts = np.bincount(draw.integers(0, persons, persons), minlength=persons)
            try:
                found.append(self.resampled(counts.astype(float)))
            except EstimationError:
                continue
        enough = len(found) >= 0.95 * self.replicates
        return np.array(found) if enough else np.full((1, 1), np.nan)


def contrasts(
    people: pd.DataFrame,
    means: Means | str,
    arms: Iterable[str],
    inference: Inference,
    *,
    measure: Measure,
    outcome: str,
    how: Callable[..., str],
) -> list[dict[str, object]]:
    """Rows of ESTIMATES: differences, and ratios of risks, of each arm and the reference.

    ``means`` is the reason when there are none; ``how`` gives the method, told ``not_estimable``.
    """
    names = list(arms)
    rows = []
    frame = _counted(people, measure)
    replicates = None if isinstance(means, str) else inference.replicated(len(people))
    still = set() if isinstance(means, str) else _without_variance(means, names)
    for code, arm in enumerate(names[1:], start=1):
        both = frame[frame["arm"].isin([arm, names[0]])]
        kinds = ("difference", "ratio") if measure == "risk" else ("difference",)
        for kind in kinds:
            reason = means if isinstance(means, str) else None
            values, p_value = NOTHING, np.nan
            unmoved = [name for name in (arm, names[0]) if name in still]
            if unmoved:
                reason = f"no variance in {unmoved[0]}"
            elif not isinstance(means, str):
                values, p_value, reason = _contrast(means, code, kind, inference, replicates)
            rows.append(
                estimate_row(
                    both,
                    comparison=f"{arm} / {names[0]}",
                    measure=f"{measure}_{kind}",
                    outcome=outcome,
                    method=how(not_estimable=reason),
                    values=values,
                    p_value=p_value,
                )
            )
    return rows


def _without_variance(means: Means, names: Sequence[str]) -> set[str]:
    """Arms whose mean nobody moves: one person, or one same value in all."""
    size = np.sqrt((means.influence**2).sum(axis=0))
    return {name for name, one in zip(names, size, strict=True) if not one > 1e-14}


def _contrast(
    means: Means,
    code: int,
    kind: str,
    inference: Inference,
    replicates: np.ndarray | None,
) -> tuple[tuple[float, float, float], float, str | None]:
    """Estimate, limits, p value and, when there is none, why."""
    base, value = float(means.values[0]), float(means.values[code])
    ratio = kind == "ratio"
    if ratio and not (base > 0 and value > 0):
        return NOTHING, np.nan, "a risk is zero"
    found = np.log(value / base) if ratio else value - base
    weights = np.zeros(len(means.values))
    weights[[0, code]] = (-1 / base, 1 / value) if ratio else (-1.0, 1.0)
    if replicates is not None:
        if np.isnan(replicates).all():
            return NOTHING, np.nan, "no convergence"
        first, second = replicates[:, 0], replicates[:, code]
        with np.errstate(divide="ignore", invalid="ignore"):
            drawn = np.log(second / first) if ratio else second - first
        drawn = drawn[np.isfinite(drawn)]
        tail = (1 - inference.level) / 2
        low, high = (float(q) for q in np.quantile(drawn, [tail, 1 - tail]))
        error = float(drawn.std(ddof=1))
    else:
        error = float(np.sqrt(weights @ inference.covariance(means) @ weights))
        margin = inference.width() * error
        low, high = found - margin, found + margin
    if not error > 0:
        return NOTHING, np.nan, "no variance"
    spread = stats.t(inference.freedom) if inference.quantile == "t" else stats.norm
    p_value = float(2 * spread.sf(abs(found) / error))
    values = tuple(float(np.exp(x)) if ratio else float(x) for x in (found, low, high))
    return (values[0], values[1], values[2]), p_value, None


def _counted(people: pd.DataFrame, measure: Measure) -> pd.DataFrame:
    """What a row of ESTIMATES counts; people without follow-up have no person-years."""
    if {"entry", "exit", "event"} <= set(people.columns):
        return people
    return people.assign(entry=0, exit=0, event=False)


def value_of(people: pd.DataFrame, name: str) -> np.ndarray:
    """The column of outcomes, complete numbers; EstimationError otherwise."""
    if name not in people.columns:
        raise EstimationError(f"Estimation : colonne {name} absente.")
    values = people[name].to_numpy(float)
    if not np.isfinite(values).all():
        raise EstimationError(
            f"Estimation : {int((~np.isfinite(values)).sum())} valeurs manquantes dans {name} ; "
            "écarter ces personnes par une étape du diagramme de flux, ou compléter."
        )
    return values
