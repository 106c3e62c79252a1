"""What each way of adjusting gives every person: a weight, a matched set, a stratum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from studylib.errors import EstimationError
from studylib.risk import rows
from studylib.risk.propensity.matching import Order, Scale, match_sets, matched_weights
from studylib.risk.propensity.schemas import MATCH_SETS
from studylib.risk.propensity.score import Score
from studylib.risk.propensity.strata import CutOn, strata_of, stratum_weights
from studylib.risk.propensity.weights import Population, balancing_weights, stabilised, truncated
from studylib.tables import empty

Method = Literal["none", "iptw", "overlap", "matching_weights", "matching", "stratification"]


@dataclass(frozen=True)
class Made:
    """What a method gives each person: 0 weighs nothing and is left out."""

    weight: np.ndarray
    method: str
    model: Mapping[str, object] = field(default_factory=dict)
    match_set: pd.Series | None = None
    stratum: np.ndarray | None = None
    sets: pd.DataFrame = field(default_factory=lambda: empty(MATCH_SETS))
    tilt: tuple[Population, int] | None = None


_WEIGHTED: Mapping[str, object] = {
    "weights": "weight",
    "variance": "sandwich",
    "cluster": "person_id",
}


def weighted(
    score: Score,
    name: Method,
    population: Literal["ate", "att"],
    target: str | None,
    stabilise: bool,
    largest: float | None,
    quantile: float | None,
) -> Made:
    """Weights of the population a method represents."""
    wanted: Population = {"overlap": "overlap", "matching_weights": "matching"}.get(
        name, population
    )  # type: ignore[assignment]
    toward = score.arms.index(_target(score, target)) if wanted == "att" else 1
    weight = balancing_weights(
        score.probabilities.to_numpy(), score.codes, population=wanted, target=toward
    )
    if stabilise and wanted == "ate":
        weight = stabilised(weight, score.codes)
    weight = truncated(weight, largest=largest, quantile=quantile)
    told = rows.method(
        name,
        population=wanted,
        target=score.arms[toward] if wanted == "att" else None,
        stabilised="yes" if stabilise and wanted == "ate" else None,
        truncated_at=largest,
        truncated_quantile=quantile,
    )
    as_they_are = largest is None and quantile is None
    return Made(weight, told, _WEIGHTED, tilt=(wanted, toward) if as_they_are else None)


def _target(score: Score, target: str | None) -> str:
    if target is None:
        score.of_two("Pondération sur un groupe (att) sans « target »")
        return score.arms[1]
    if target not in score.arms:
        raise EstimationError(
            f"Pondération : groupe « {target} » inconnu ; groupes : {', '.join(score.arms)}."
        )
    return target


def matched(
    score: Score,
    columns: pd.DataFrame,
    caliper: float | None,
    scale: Scale,
    ratio: int,
    replacement: bool,
    complete: bool,
    order: Order,
    seed: int | None,
) -> Made:
    """Matched sets, and the weights that stand for them."""
    sets = match_sets(
        score,
        caliper=caliper,
        scale=scale,
        ratio=ratio,
        replacement=replacement,
        complete=complete,
        order=order,
        seed=seed,
        exact=columns,
    )
    told = rows.method(
        "matching",
        population="matched",
        ratio=ratio,
        caliper="none" if caliper is None else caliper,
        scale=scale,
        order=None if replacement else order,
        ties="lowest_person_id",
        seed=seed if order == "random" and not replacement else None,
        replacement="yes" if replacement else "no",
        complete="yes" if complete else None,
        exact=list(columns.columns),
    )
    model = {**_WEIGHTED, "cluster": "person_id" if replacement else "match_set"}
    shown = sets[sets["rank"] == 0] if replacement else sets
    found = shown.set_index("person_id")["match_set"]
    return Made(
        matched_weights(score, sets),
        told,
        model,
        match_set=score.persons["person_id"].map(found).astype("Int64"),
        sets=sets,
    )


def stratified(score: Score, number: int, cut_on: CutOn, population: Literal["ate", "att"]) -> Made:
    """Strata of the score, and the weights that stand for them."""
    strata = strata_of(score, number=number, cut_on=cut_on)
    weight = stratum_weights(strata, score.codes, population=population)
    told = rows.method("stratification", strata_number=number, cut_on=cut_on, population=population)
    return Made(weight, told, {"strata": ("stratum",)}, stratum=strata)
