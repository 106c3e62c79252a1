"""Means under each arm, and the contrasts and intervals made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from scipy import stats

from studylib.errors import EstimationError
from studylib.risk.columns import check_numbers
from studylib.risk.enough import weakness
from studylib.risk.logarithms import quantile
from studylib.risk.rows import NOTHING, estimate_row, refuse_person_time

Measure = Literal["mean", "risk"]
Quantile = Literal["normal", "t"]
FEWEST_REPLICATES = 100


@dataclass(frozen=True)
class Means:
    """The mean under each arm (reference first) and each person's influence on it.

    Estimates less truths are about the column sums of ``influence``: one row per person.
    """

    values: np.ndarray
    influence: np.ndarray

    def still(self, code: int) -> bool:
        """Whether nobody moves the mean of an arm: one person, or one same value in all."""
        size = float(np.sqrt((self.influence[:, code] ** 2).sum()))
        return not size > 1e-14 * np.abs(self.values).max()


@dataclass(frozen=True)
class Inference:
    """How an interval is made: factor of the variance, quantile, level, or resampling.

    ``freedom`` are the degrees of freedom of ``t``; ``factor`` multiplies the variance (HC1).
    ``resampled`` gives, for counts of persons, the means again; None: from influences. ``weights``
    are what persons count for, ``coefficients`` what is estimated in each arm: both say whether
    persons are enough. EstimationError for a choice that is none.
    """

    level: float = 0.95
    quantile: Quantile = "normal"
    freedom: float = np.inf
    factor: float = 1.0
    cluster: np.ndarray | None = None
    resampled: Callable[[np.ndarray], np.ndarray] | None = None
    replicates: int = 500
    seed: int | None = None
    weights: np.ndarray | None = None
    coefficients: int = 1

    def __post_init__(self) -> None:
        quantile(self.level)
        if self.quantile not in get_args(Quantile):
            raise EstimationError(f"Quantile « {self.quantile} » inconnu ; normal ou t.")
        drawn = self.resampled is not None
        if drawn and (self.seed is None or self.replicates < FEWEST_REPLICATES):
            raise EstimationError(
                f"Rééchantillonnage : {self.replicates} tirages et la graine (seed) {self.seed} ; "
                f"une graine et {FEWEST_REPLICATES} tirages au moins sont attendus."
            )

    @property
    def drawn(self) -> dict[str, int | None]:
        """The choices of a resampling, as ``rows.method`` takes them; None when there is none."""
        some = self.resampled is not None
        return {
            "replicates": self.replicates if some else None,
            "seed": self.seed if some else None,
        }

    def weakness(self, inside: np.ndarray) -> str | None:
        """Why the persons of an arm cannot bear an interval, or None."""
        own = None if self.weights is None else self.weights[inside]
        cluster = None if self.cluster is None else self.cluster[inside]
        return weakness(own, int(inside.sum()), cluster=cluster, coefficients=self.coefficients)

    def width(self) -> float:
        """How many standard errors an interval goes on each side."""
        if self.quantile == "t":
            return float(stats.t.ppf((1 + self.level) / 2, self.freedom))
        return quantile(self.level)

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
    if measure not in get_args(Measure):
        raise EstimationError(f"Mesure « {measure} » inconnue ; mean ou risk.")
    names, kinds = list(arms), ("difference", "ratio") if measure == "risk" else ("difference",)
    frame = _counted(people)
    reasons = _unfit(people, means, names, inference)
    told = not isinstance(means, str) and reasons[names[0]] is None
    replicates = inference.replicated(len(people)) if told else None
    rows = []
    for code, arm in enumerate(names[1:], start=1):
        both = frame[frame["arm"].isin([arm, names[0]])]
        for kind in kinds:
            reason, values, p_value = reasons[arm] or reasons[names[0]], NOTHING, np.nan
            if reason is None and not isinstance(means, str):
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


def _unfit(
    people: pd.DataFrame, means: Means | str, names: Sequence[str], inference: Inference
) -> dict[str, str | None]:
    """By arm, why its mean has no interval: too few persons, or nobody who moves it, or None."""
    if isinstance(means, str):
        return dict.fromkeys(names, means)
    found: dict[str, str | None] = {}
    for code, name in enumerate(names):
        inside = people["arm"].eq(name).to_numpy(bool)
        why = "no variance" if means.still(code) else inference.weakness(inside)
        found[name] = None if why is None else f"{why} in {name}"
    return found


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


def _counted(people: pd.DataFrame) -> pd.DataFrame:
    """What a row of ESTIMATES counts; people without follow-up have no person-years."""
    if {"entry", "exit", "event"} <= set(people.columns):
        refuse_person_time(people, repeated=True)
        return people
    return people.assign(entry=0, exit=0, event=False)


def value_of(people: pd.DataFrame, name: str) -> np.ndarray:
    """The column of outcomes, complete numbers; EstimationError otherwise."""
    check_numbers(people, [name])
    return people[name].to_numpy(float)
