"""Matched sets: each person of the compared arm with the nearest of the reference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from studylib.errors import EstimationError
from studylib.risk.columns import check_columns
from studylib.risk.propensity.nearest import Line, closest, closest_free
from studylib.risk.propensity.schemas import MATCH_SETS
from studylib.risk.propensity.score import CAP, Score
from studylib.tables import check

Scale = Literal["ps", "logit", "standardised_logit"]
Order = Literal["descending", "ascending", "random", "data"]
SCALES = ("ps", "logit", "standardised_logit")
ORDERS = ("descending", "ascending", "random", "data")


def match_sets(
    score: Score,
    *,
    caliper: float | None = 0.2,
    scale: Scale = "standardised_logit",
    ratio: int = 1,
    replacement: bool = False,
    complete: bool = False,
    order: Order = "descending",
    seed: int | None = None,
    exact: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Nearest-neighbour matching on the score: a MATCH_SETS table, one row per person and set.

    Persons of the compared arm choose in turn, by ``order`` of their score (``random`` needs a
    ``seed``; ``data`` is the order given), equal scores in the order of person_id. Each takes the
    nearest person of the reference still free; of two at the same distance, the lowest person_id.
    With ``ratio`` k the turn comes round k times, so that everybody has a first match before
    anybody has a second (variable ratio); ``complete`` leaves out sets of fewer than k. With
    ``replacement`` each takes its k nearest, whoever has them already.

    ``scale`` is that of the distance and of ``caliper``: the score (``ps``), its logit, or that
    divided by its standard deviation in everybody (n - 1). A distance equal to the caliper is
    within it; None puts no limit. ``exact`` holds columns, in the order of the score's persons,
    that must be equal within a set.

    match_set is the person_id of the compared person, rank 0 for that person then 1, 2…; distance
    is empty at rank 0. EstimationError when arms are not two or a choice is unknown.

    Reference
    ---------
    Austin PC (2011), Pharm Stat 10:150-161 (caliper); Rubin DB (1973), Biometrics 29:159-183.
    """
    _check_choices(scale, order, ratio, caliper, seed, replacement)
    if not pd.api.types.is_integer_dtype(score.persons["person_id"]):
        raise EstimationError(
            "Appariement : person_id est attendu en nombres entiers, qui départagent les ex æquo ; "
            f"reçu {score.persons['person_id'].dtype}."
        )
    value = scaled_score(score, scale)
    ids = score.persons["person_id"].to_numpy()
    groups = _groups(exact, len(ids))
    compared = score.codes == 1
    people, candidates = np.flatnonzero(compared), np.flatnonzero(~compared)
    line = Line(groups[candidates], value[candidates], ids[candidates])
    places = line.places(groups[people], value[people])
    choose = closest if replacement else closest_free
    found = choose(
        line,
        _turns(value[people], ids[people], order, seed),
        places,
        groups[people].tolist(),
        value[people].tolist(),
        caliper=np.inf if caliper is None else caliper,
        ratio=ratio,
    )
    return _table(score, people, candidates, found, ratio if complete else 1)


def scaled_score(score: Score, scale: Scale) -> np.ndarray:
    """The score of the compared arm on the scale of distances."""
    chance = score.of_two("Appariement")
    if scale == "ps":
        return chance
    kept = np.clip(chance, CAP, 1 - CAP)
    logit = np.log(kept / (1 - kept))
    spread = logit.std(ddof=1) if len(logit) > 1 else 0.0
    by = spread if scale == "standardised_logit" and spread > 0 else 1.0
    return np.asarray(logit / by)


def matched_weights(score: Score, sets: pd.DataFrame) -> np.ndarray:
    """Each person's weight in the matched sample, 0 when in no set.

    Persons of the compared arm weigh 1, those of the reference one over the number of matches of
    their set, added over sets.
    """
    weight = pd.Series(0.0, index=score.persons["person_id"])
    matched = sets[sets["rank"] > 0]
    share = 1 / matched.groupby("match_set")["person_id"].transform("size")
    held = share.groupby(matched["person_id"]).sum()
    weight.loc[held.index] = held
    weight.loc[sets.loc[sets["rank"] == 0, "person_id"]] = 1.0
    return weight.to_numpy()


def _check_choices(
    scale: str, order: str, ratio: int, caliper: float | None, seed: int | None, again: bool
) -> None:
    wrong = [
        (scale not in SCALES, f"échelle « {scale} » ; acceptées : {', '.join(SCALES)}"),
        (order not in ORDERS, f"ordre « {order} » ; acceptés : {', '.join(ORDERS)}"),
        (ratio < 1, f"ratio {ratio} ; un ou plus"),
        (caliper is not None and not caliper >= 0, f"distance limite {caliper} ; zéro ou plus"),
        (order == "random" and seed is None and not again, "ordre au hasard sans graine (seed)"),
    ]
    for found, told in wrong:
        if found:
            raise EstimationError(f"Appariement : {told}.")


def _groups(exact: pd.DataFrame | None, size: int) -> np.ndarray:
    if exact is None or not exact.shape[1]:
        return np.zeros(size, int)
    if len(exact) != size:
        raise EstimationError(
            f"Appariement exact : {len(exact)} lignes pour {size} personnes du score."
        )
    check_columns(exact, list(exact.columns))
    exact = exact.reset_index(drop=True)
    return exact.groupby(list(exact.columns), sort=True, observed=True).ngroup().to_numpy()


def _turns(value: np.ndarray, ids: np.ndarray, order: str, seed: int | None) -> list[int]:
    if order == "data":
        return list(range(len(ids)))
    if order == "random":
        by_id = np.argsort(ids, kind="stable")  # so that the order of rows does not matter
        drawn = np.random.default_rng(seed).permutation(len(ids))
        return [int(i) for i in by_id[drawn]]
    signed = -value if order == "descending" else value
    return [int(i) for i in np.lexsort((ids, signed))]


def _table(
    score: Score,
    people: np.ndarray,
    candidates: np.ndarray,
    found: Sequence[tuple[int, int, float]],
    fewest: int,
) -> pd.DataFrame:
    ids, arms = (score.persons[name].to_numpy() for name in ("person_id", "arm"))
    pairs = pd.DataFrame(found, columns=["person", "candidate", "distance"])
    pairs = pairs.astype({"person": int, "candidate": int, "distance": float})
    pairs["rank"] = pairs.groupby("person").cumcount() + 1
    enough = pairs.groupby("person")["rank"].transform("size") >= fewest
    pairs = pairs[enough]
    heads = people[np.unique(pairs["person"])]
    members = np.r_[heads, candidates[pairs["candidate"]]]
    sets = pd.DataFrame(
        {
            "match_set": ids[np.r_[heads, people[pairs["person"]]]],
            "person_id": ids[members],
            "arm": arms[members],
            "rank": np.r_[np.zeros(len(heads), int), pairs["rank"]],
            "distance": np.r_[np.full(len(heads), np.nan), pairs["distance"]],
        }
    )
    return check(sets.sort_values(["match_set", "rank"], ignore_index=True), MATCH_SETS)
