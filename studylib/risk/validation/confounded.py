"""Coverage of adjusted means and risks on persons whose confounding is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from studylib.risk.marginal import (
    doubly_robust_difference,
    pseudo_risk,
    standardised_difference,
    weighted_difference,
)
from studylib.risk.propensity import Score, adjusted, propensity_score
from studylib.risk.time_to_event import risk_difference
from studylib.risk.validation.coverage import covered

PERSONS, DAY = 1000, 365
FORMULA = "x + z + x:z"
OUTCOME = "x + z"


def simulate(seed: int, effect: float, *, persons: int = PERSONS) -> pd.DataFrame:
    """Persons with two confounders, a treatment they lead to, and what follows.

    ``y`` is a number that the treatment raises by ``effect`` in everybody; ``entry``, ``exit``,
    ``event`` and ``exit_reason`` follow an outcome whose risk by day 365 it raises by ``effect``
    / 10 in everybody, a competing death and censoring by chance. The crude difference is wrong.
    """
    draw = np.random.default_rng([seed, DAY])  # a stream of its own among the simulators
    x, z = draw.normal(size=persons), (draw.random(persons) < 0.4).astype(float)
    treated = draw.random(persons) < _expit(-1.6 + 0.6 * x + 0.8 * z - 0.3 * x * z)
    y = 1.0 * x + 0.8 * z + effect * treated + draw.normal(size=persons)
    risk = np.clip(0.20 + 0.05 * x + 0.08 * z, 0.02, 0.6) + 0.1 * effect * treated
    dies = draw.random(persons)
    fate = np.where(dies < risk, 1, np.where(dies < risk + 0.08, 2, 0))
    ends = np.where(fate > 0, draw.integers(1, DAY + 1, persons), 2 * DAY)
    censored = np.ceil(draw.exponential(3 * DAY, persons)).astype(int)
    time = np.minimum(ends, censored)
    seen = ends <= censored
    reason = np.where(seen & (fate == 1), "outcome", np.where(seen & (fate == 2), "death", "end"))
    return pd.DataFrame(
        {
            "person_id": np.arange(persons),
            "arm": np.where(treated, "A", "B"),
            "x": x,
            "z": z,
            "y": y,
            "entry": 0,
            "exit": time,
            "event": reason == "outcome",
            "exit_reason": reason,
        }
    )


Estimator = Callable[[pd.DataFrame, Score, str, str], pd.DataFrame]


def _weighted(method: str, variance: str, people: pd.DataFrame, score: Score, value: str,
              measure: str) -> pd.DataFrame:  # fmt: skip
    made = adjusted(people, score, method=method, caliper=0.1)  # type: ignore[arg-type]
    return weighted_difference(
        made, value=value, outcome="o", measure=measure, variance=variance  # type: ignore[arg-type]
    )  # fmt: skip


def _robust(people: pd.DataFrame, score: Score, value: str, measure: str) -> pd.DataFrame:
    return doubly_robust_difference(
        people, score, value=value, outcome="o", formula=OUTCOME, measure=measure  # type: ignore[arg-type]
    )  # fmt: skip


def _standardised(people: pd.DataFrame, score: Score, value: str, measure: str) -> pd.DataFrame:
    return standardised_difference(
        people,
        value=value,
        outcome="o",
        reference=score.reference,
        formula=f"treated + {OUTCOME}",
        measure=measure,  # type: ignore[arg-type]
    )


def _known(
    method: str, people: pd.DataFrame, score: Score, value: str, measure: str
) -> pd.DataFrame:
    """The weighted risks of a study's page, whose interval takes the weights as known."""
    made = adjusted(people, score, method=method)  # type: ignore[arg-type]
    return risk_difference(
        made.of(people), outcome="o", reference=score.reference, day=DAY, weights="weight"
    )


ESTIMATORS: Mapping[str, Estimator] = {
    "iptw, estimated score": partial(_weighted, "iptw", "estimated_score"),
    "overlap, estimated score": partial(_weighted, "overlap", "estimated_score"),
    "matching weights, estimated score": partial(_weighted, "matching_weights", "estimated_score"),
    "matching 1:1, pairs": partial(_weighted, "matching", "hc0"),
    "standardisation": _standardised,
    "aipw": _robust,
    "iptw, known weights": partial(_known, "iptw"),
    "overlap, known weights": partial(_known, "overlap"),
}
"""What is run on each data set; a crude difference, which is wrong, is not."""


MEASURES: Mapping[str, str] = {"mean": "y", "risk": "risk"}
OF_RISKS = ("iptw, known weights", "overlap, known weights")
"""The estimators that have no mean."""


def coverage_of_confounded(
    *,
    seeds: range,
    effect: float,
    names: Sequence[str] = tuple(ESTIMATORS),
    measures: Sequence[str] = tuple(MEASURES),
) -> pd.DataFrame:
    """Coverage of each estimator for a mean and for a risk by day 365: COVERAGE rows.

    ``effect`` is 0 or the difference in standard deviations of the noise; that of risks is a tenth.
    ``names`` are those of ``ESTIMATORS`` wanted, ``measures`` mean or risk.
    """
    scenario = "null" if effect == 0 else "effect"
    found: dict[tuple[str, str], list[pd.DataFrame]] = {}
    for seed in seeds:
        people = simulate(seed, effect)
        people["risk"] = pseudo_risk(people, day=DAY)
        score = propensity_score(people, reference="B", formula=FORMULA)
        for name in names:
            for measure in measures if name not in OF_RISKS else {*measures} & {"risk"}:
                row = ESTIMATORS[name](people, score, MEASURES[measure], measure).iloc[:1]
                found.setdefault((name, measure), []).append(row)
    return pd.concat(
        [
            covered(
                f"{name}, {measure}",
                scenario,
                effect if measure == "mean" else effect / 10,
                pd.concat(rows),
            )
            for (name, measure), rows in found.items()
        ],
        ignore_index=True,
    )


def _expit(linear: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-linear)))
