"""The circle of candidates of each stratum, and the rounds in which cases claim theirs.

The rule: persons of one stratum stand in a circle, in the order of the columns asked for then
person_id; with a seed, in that of x² mod P, where x = (person_id mod P × 1103515245 + seed mod P ×
48271) mod P and P = 2147483647, then person_id. Cases of the stratum are numbered from 0 by index
date, then person_id; case c begins at place c × ratio, modulo the number of places. In round
r = 0, 1, 2… each case that lacks comparators looks at its next 8 × ratio × 2^r places, once round
at most, and claims the first it finds at risk and free, as many as it lacks. A person claimed by
several goes to the first by index date, then person_id; those who lost claim again among the places
of the round, until nobody loses. Rounds end when no case lacks any, or all have gone round. With
replacement everyone is always free.

Whole-number arithmetic and sorts only: every engine finds the same. Each round joins a bounded
number of places to the cases that still lack comparators: work grows with the cases, never with
cases × candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import narwhals as nw
import pandas as pd

from studylib.cohort.ages import with_calendar_year
from studylib.sources import Engine, Frame

PRIME = 2_147_483_647
PLACES = 8  # looked at in the first round, for each comparator wanted


@dataclass(frozen=True)
class Rule:
    """How comparators are chosen within a stratum."""

    ratio: int
    replacement: bool
    history_days: int


def banded(persons: Frame, years: int | None) -> Frame:
    """Adds ``band``, the number of the birth-year band; one band for all when ``years`` is None."""
    if years is None:
        return persons.with_columns(nw.lit(0).cast(nw.Int64()).alias("band"))
    dated = with_calendar_year(persons, "birth_date", name="born")
    return dated.with_columns((nw.col("born") // years).cast(nw.Int64()).alias("band"))


def placed(
    persons: Frame, strata: Sequence[str], order_by: Sequence[str], seed: int | None
) -> Frame:
    """The candidates: person_id, the strata, ``place`` from 0 and ``places``, how many they are."""
    order = [*order_by, "person_id"]
    if seed is not None:
        persons, order = with_draw(persons, seed), ["drawn", "person_id"]
    ones = persons.with_columns(nw.lit(1).cast(nw.Int64()).alias("one"))
    rank = nw.col("one").cum_sum().over(*strata, order_by=order).cast(nw.Int64())
    ranked = ones.with_columns(
        (rank - 1).alias("place"),
        nw.col("one").sum().over(*strata).cast(nw.Int64()).alias("places"),
    )
    return ranked.select("person_id", *strata, "place", "places")


def with_draw(persons: Frame, seed: int) -> Frame:
    """Adds ``drawn``, a whole number below P that person_id and the seed alone decide."""
    mixed = (nw.col("person_id") % PRIME * 1_103_515_245 + seed % PRIME * 48_271) % PRIME
    drawn = persons.with_columns(mixed.alias("mixed"))  # products stay below 2^63
    return drawn.with_columns((nw.col("mixed") * nw.col("mixed") % PRIME).alias("drawn"))


def numbered(people: Frame, circle: Frame, strata: Sequence[str]) -> Frame:
    """The cases: match_set (the person), index_date, the strata, ``number`` from 0 and places.

    Cases of a stratum without candidates are absent.
    """
    sizes = circle.select(*strata, "places").unique()
    ones = people.select(
        nw.col("person_id").alias("match_set"),
        "index_date",
        *strata,
        nw.lit(1).cast(nw.Int64()).alias("one"),
    )
    order = ["index_date", "match_set"]
    rank = nw.col("one").cum_sum().over(*strata, order_by=order).cast(nw.Int64())
    ranked = ones.with_columns((rank - 1).alias("number")).drop("one")
    return ranked.join(sizes, on=list(strata), how="inner")


def claimed(engine: Engine, cases: Frame, circle: Frame, at_risk: Frame, rule: Rule) -> Frame:
    """The pairs made, round after round: match_set, index_date, person_id, seen stretch."""
    lacking = cases.with_columns(
        (nw.col("number") * rule.ratio % nw.col("places")).alias("begins"),
        nw.lit(rule.ratio).cast(nw.Int64()).alias("lacked"),
    )
    lacking = engine.checkpoint(lacking, "lacking")
    pairs: Frame | None = None
    seen, width = 0, PLACES * rule.ratio
    while pairs is None or engine.count(lacking):
        # Kept before days are compared: DuckDB would join every case with everyone at risk first.
        looked = engine.checkpoint(_looked(engine, lacking, circle, seen, width), "looked")
        valid = engine.checkpoint(_valid(looked, at_risk, rule.history_days), "valid")
        disputed = True
        while disputed:
            free = valid
            if pairs is not None and not rule.replacement:
                free = valid.join(pairs.select("person_id"), on="person_id", how="anti")
            claims = engine.checkpoint(_claims(free, lacking), "claims")
            won = engine.checkpoint(_won(claims, replacement=rule.replacement), "won")
            disputed = engine.count(won) < engine.count(claims)
            pairs = won if pairs is None else engine.checkpoint(nw.concat([pairs, won]), "pairs")
            lacking = engine.checkpoint(_still_lacking(lacking, won), "lacking")
        seen, width = seen + width, 2 * width
        lacking = engine.checkpoint(lacking.filter(nw.col("places") > seen), "lacking")
    return pairs


def _looked(engine: Engine, lacking: Frame, circle: Frame, seen: int, width: int) -> Frame:
    """Each lacking case beside the persons at its next places, ``step`` in the order of looking."""
    steps = engine.load(pd.DataFrame({"step": range(seen, seen + width)}, dtype="int64"), "steps")
    looked = lacking.join(steps, how="cross").filter(nw.col("step") < nw.col("places"))
    other = ("person_id", "place", "places")
    strata = [name for name in engine.columns(circle) if name not in other]
    place = ((nw.col("begins") + nw.col("step")) % nw.col("places")).alias("place")
    at = looked.with_columns(place).select("match_set", "index_date", "step", *strata, "place")
    found = at.join(circle.drop("places"), on=[*strata, "place"], how="inner")
    return found.filter(nw.col("person_id") != nw.col("match_set")).select(
        "match_set", "index_date", "step", "person_id"
    )


def _valid(looked: Frame, at_risk: Frame, history_days: int) -> Frame:
    """The persons looked at who are observed, alive and not exposed on the index date."""
    index = nw.col("index_date")
    return looked.join(at_risk, on="person_id", how="inner").filter(
        (nw.col("seen_from") <= index - history_days)
        & (nw.col("seen_to") > index)
        & (nw.col("died").is_null() | (nw.col("died") >= index))
        & (nw.col("exposed").is_null() | (nw.col("exposed") > index))
    )


def _claims(free: Frame, lacking: Frame) -> Frame:
    """The first persons each case finds, as many as it lacks."""
    lacked = free.join(lacking.select("match_set", "lacked"), on="match_set", how="inner")
    ones = lacked.with_columns(nw.lit(1).cast(nw.Int64()).alias("one"))
    rank = nw.col("one").cum_sum().over("match_set", order_by="step").cast(nw.Int64())
    return ones.with_columns(rank.alias("rank")).filter(nw.col("rank") <= nw.col("lacked"))


def _won(claims: Frame, *, replacement: bool) -> Frame:
    """The claims that are granted: one case for each person, unless persons serve several."""
    if not replacement:
        order = ["index_date", "match_set"]
        turn = nw.col("one").cum_sum().over("person_id", order_by=order).cast(nw.Int64())
        claims = claims.with_columns(turn.alias("turn")).filter(nw.col("turn") == 1)
    return claims.select(
        "match_set",
        "index_date",
        "person_id",
        nw.col("seen_from").alias("observed_from"),
        nw.col("seen_to").alias("observed_to"),
    )


def _still_lacking(lacking: Frame, won: Frame) -> Frame:
    """The cases that lack comparators after these are granted."""
    got = won.group_by("match_set").agg(nw.len().cast(nw.Int64()).alias("got"))
    left = lacking.join(got, on="match_set", how="left").with_columns(
        (nw.col("lacked") - nw.col("got").fill_null(0)).alias("lacked")
    )
    return left.filter(nw.col("lacked") > 0).drop("got")
