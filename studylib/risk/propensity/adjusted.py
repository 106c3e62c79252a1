"""One door to every adjustment on the score: the request names it, the notebook does not branch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from studylib.errors import EstimationError
from studylib.risk import rows
from studylib.risk.columns import check_columns
from studylib.risk.enough import LARGEST_SHARE, effective_size
from studylib.risk.propensity.matching import Order, Scale
from studylib.risk.propensity.schemas import ADJUSTMENT
from studylib.risk.propensity.score import Score
from studylib.risk.propensity.strata import CutOn
from studylib.risk.propensity.ways import Made, Method, matched, stratified, weighted
from studylib.risk.propensity.weights import (
    Population,
    Trim,
    within,
)
from studylib.tables import check

METHODS = ("none", "iptw", "overlap", "matching_weights", "matching", "stratification")


@dataclass(frozen=True)
class Adjusted:
    """People as an adjustment keeps and weighs them.

    ``people``
        the people kept, one row each, with ``score`` (of the compared arm; of the arm received when
        there are more than two), ``weight`` (1 when nothing weighs), ``match_set`` and ``stratum``
        (missing where the method makes none; with replacement a person of the reference may be in
        several sets, and has none).
    ``model``
        keyword arguments for ``risk.hazard_ratio`` (adjustment, weights, strata, variance, cluster)
        with which it takes the adjustment:
        ``risk.hazard_ratio(adjusted.of(follow_up), …, **adjusted.model)``.
    ``method``
        the adjustment and its choices in a line, as ``report`` tells it.
    ``summary``
        an ADJUSTMENT table, one row per arm: persons, kept, left_out, weight_min, weight_mean,
        weight_max, effective_size.
    ``sets``
        a MATCH_SETS table; no row unless matched.
    ``score``
        the score it rests on, of everybody.
    ``tilt``
        the population and target arm of ``balancing_weights`` when the weights are those and
        nothing else (stabilised or not, neither truncated nor trimmed); None otherwise.
    """

    people: pd.DataFrame
    model: Mapping[str, object]
    method: str
    summary: pd.DataFrame
    sets: pd.DataFrame
    score: Score
    tilt: tuple[Population, int] | None = None

    def of(self, follow_up: pd.DataFrame) -> pd.DataFrame:
        """The follow-up of the people kept, with their weight, match_set and stratum."""
        added = ["weight", "match_set", "stratum"]
        check_columns(follow_up, ["person_id"])
        plain = follow_up.drop(columns=[name for name in added if name in follow_up.columns])
        plain = plain.reset_index(drop=True)
        return plain.merge(self.people[["person_id", *added]], on="person_id", how="inner")

    def told(self, model: Mapping[str, object]) -> str:
        """What the adjustment and its score add to the ``method`` of an estimate made so.

        Without weights in ``model``, strata represent no population: each has its own baseline.
        """
        pieces = [*self.method.split("; ")[1:], *self.score.method.split("; ")[1:]]
        if "weights" not in model:
            pieces = [piece for piece in pieces if not piece.startswith("population=")]
        return "".join(f"; {piece.replace('ties=', 'match_ties=', 1)}" for piece in pieces)


def adjusted(
    people: pd.DataFrame,
    score: Score,
    *,
    method: Method,
    population: Literal["ate", "att"] = "ate",
    target: str | None = None,
    stabilise: bool = True,
    trim: Trim = "none",
    trim_bound: float = 0.1,
    truncate: float | None = None,
    truncate_quantile: float | None = None,
    caliper: float | None = 0.2,
    scale: Scale = "standardised_logit",
    ratio: int = 1,
    replacement: bool = False,
    complete: bool = False,
    order: Order = "descending",
    exact: Sequence[str] = (),
    strata: int = 10,
    cut_on: CutOn = "all",
    seed: int | None = None,
) -> Adjusted:
    """``people`` adjusted on ``score`` by the ``method`` named; an ``Adjusted``.

    ``none``              everybody, weight 1
    ``iptw``              inverse probability of the arm received: ``population`` ate (everybody) or
                          att (those of arm ``target``, by default the compared one); ``stabilise``
    ``overlap``           overlap weights: those who could have received any arm
    ``matching_weights``  what a one-to-one matching keeps, as weights
    ``matching``          ``match_sets`` with ``caliper``, ``scale``, ``ratio``, ``replacement``,
                          ``complete``, ``order``, ``exact`` (columns of people), ``seed``
    ``stratification``    ``strata`` strata cut on ``cut_on``; weights represent ``population``

    ``trim`` leaves persons out by their score first (none, crump, asymmetric, quantile, with
    ``trim_bound``); the score is not fitted again. ``truncate`` then brings weights down to a
    largest one, after stabilisation, ``truncate_quantile`` to a quantile. More than two arms are
    taken by the weights, not by matching and strata. Choices of other methods have no effect.

    EstimationError when people are not those of the score, an arm has nobody left, or the weights
    of an arm rest on one person.
    """
    if method not in METHODS:
        raise EstimationError(f"Ajustement « {method} » inconnu ; acceptés : {', '.join(METHODS)}.")
    _check_same(people, score, exact)
    inside = within(score, rule=trim, bound=trim_bound)
    some = _restricted(score, inside)
    if method == "none":
        made = Made(np.ones(len(some.persons)), rows.method("unadjusted"))
    elif method == "matching":
        columns = people.loc[inside, list(exact)].reset_index(drop=True)
        made = matched(some, columns, caliper, scale, ratio, replacement, complete, order, seed)
    elif method == "stratification":
        made = stratified(some, strata, cut_on, population)
    else:
        made = weighted(some, method, population, target, stabilise, truncate, truncate_quantile)
    return _assembled(people, score, inside, method, made, trim, trim_bound)


def _assembled(
    people: pd.DataFrame,
    score: Score,
    inside: np.ndarray,
    name: Method,
    made: Made,
    trim: Trim,
    bound: float,
) -> Adjusted:
    weight = np.zeros(len(people))
    weight[inside] = made.weight
    nothing = pd.array([pd.NA] * int(inside.sum()), dtype="Int64")
    shown = score.codes.clip(1) if len(score.arms) == 2 else score.codes
    within_people = people.loc[inside].assign(
        score=score.probabilities.to_numpy()[np.arange(len(people)), shown][inside],
        weight=made.weight,
        match_set=nothing if made.match_set is None else made.match_set.array,
        stratum=nothing if made.stratum is None else pd.array(made.stratum, dtype="Int64"),
    )
    told = made.method
    if trim != "none":
        told = f"{told}; trim={trim}; trim_bound={bound:g}"
    return Adjusted(
        people=within_people[made.weight > 0].reset_index(drop=True),
        model={"adjustment": name, **made.model},
        method=told,
        summary=_summary(score, weight),
        sets=made.sets,
        score=score,
        tilt=made.tilt if trim == "none" else None,
    )


def _summary(score: Score, weight: np.ndarray) -> pd.DataFrame:
    """Per arm, persons and weights; EstimationError when an arm is empty or rests on one person."""
    lines = []
    for code, arm in enumerate(score.arms):
        of_arm = weight[score.codes == code]
        kept = of_arm[of_arm > 0]
        size = effective_size(kept)
        if not len(kept):
            raise EstimationError(
                f"Ajustement : personne ne reste dans le groupe {arm} ; élargir la distance limite "
                "ou l'écrêtage, ou comparer des groupes qui se ressemblent davantage."
            )
        if len(of_arm) > 1 and kept.max() > LARGEST_SHARE * kept.sum():
            raise EstimationError(
                f"Ajustement : les poids du groupe {arm} reposent sur une seule personne ; écrêter "
                "le score, plafonner les poids, ou employer les poids de recouvrement (overlap)."
            )
        lines.append(
            {
                "arm": arm,
                "persons": len(of_arm),
                "kept": len(kept),
                "left_out": len(of_arm) - len(kept),
                "weight_min": kept.min(),
                "weight_mean": kept.mean(),
                "weight_max": kept.max(),
                "effective_size": size,
            }
        )
    return check(pd.DataFrame(lines), ADJUSTMENT)


def _restricted(score: Score, inside: np.ndarray) -> Score:
    """The score of those kept by a trimming."""
    return replace(
        score,
        persons=score.persons[inside].reset_index(drop=True),
        probabilities=score.probabilities[inside].reset_index(drop=True),
    )


def _check_same(people: pd.DataFrame, score: Score, exact: Sequence[str]) -> None:
    if not score.of_same(people):
        raise EstimationError(
            "Ajustement : les personnes ne sont pas celles du score, ou pas dans le même ordre ; "
            "donner la table sur laquelle le score a été estimé."
        )
    unknown = [name for name in exact if name not in people.columns]
    if unknown:
        raise EstimationError(
            f"Appariement exact : colonne {', '.join(unknown)} absente ; colonnes possibles : "
            f"{', '.join(map(str, people.columns))}."
        )
