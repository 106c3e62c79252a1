"""Anticholinergic and sedative load: what drugs in use on one day add up to, by a published scale.

A scale is a file of ``usage/scores``: code (ATC, or what begins it), label, score. The longest
code that matches gives a substance its score; one without a code has none.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import resources

import narwhals as nw
import pandas as pd

from studylib import cohort
from studylib.cohort.population import STRATA
from studylib.errors import CodeError, EstimationError, is_whole, refuse_counts
from studylib.referentials.shipped import text_hash
from studylib.sources import Frame, Source
from studylib.usage.proportions import shares_by


@dataclass(frozen=True)
class Scale:
    """A score by ATC code, with its version and where it was published."""

    name: str
    label: str
    version: str
    source: str
    scores: pd.DataFrame

    def __post_init__(self) -> None:
        whole = {"code", "score"} <= set(self.scores.columns) and all(
            map(is_whole, self.scores["score"])
        )
        named = whole and all(isinstance(code, str) and code for code in self.scores["code"])
        if not named or self.scores["code"].duplicated().any() or (self.scores["score"] < 0).any():
            raise EstimationError(
                f"Échelle « {self.name} » : colonnes code (ATC, une fois chacun) et score (entier "
                "positif ou nul) attendues."
            )

    def score(self, atc: str) -> int:
        """The score of a code: that of the longest code of the scale it begins with, else 0."""
        codes = zip(self.scores["code"], self.scores["score"], strict=True)
        held = [(len(code), int(score)) for code, score in codes if atc.startswith(code)]
        return max(held)[1] if held else 0


def scale(name: str) -> Scale:
    """The scale called ``name``; CodeError, with those there are, when it is unknown or altered.

    >>> scale("anticholinergic_acb").score("N06AA09")
    3
    """
    index = {row["name"]: row for row in csv.DictReader(io.StringIO(_text("index")))}
    if name not in index:
        raise CodeError(
            f"Échelle « {name} » inconnue ; échelles connues : {', '.join(sorted(index))}."
        )
    text, about = _text(name), index[name]
    if text_hash(text.encode()) != about["sha256"]:
        raise CodeError(
            f"Échelle « {name} » fournie avec studylib : contenu modifié ; réinstaller studylib."
        )
    scores = pd.read_csv(io.StringIO(text), dtype={"code": str, "label": str, "score": int})
    return Scale(name, about["label"], about["version"], about["source"], scores)


def drug_load(
    source: Source,
    people: Frame,
    chosen: Scale,
    *,
    period: tuple[date, date],
    history_days: int,
    grace_days: int,
    carry_over: bool,
    at_least: int,
    minimum_days: int,
) -> Frame:
    """The load of each person over the period: person_id, the strata, days, peak, days_above.

    The load of a day adds the scores of the substances in use. ``peak`` is its highest value,
    ``days_above`` the days on which it reaches ``at_least``, ``flagged`` whether those are
    ``minimum_days`` or more, 1 or 0. Checkpointed; persons do not leave the engine.
    """
    named = f"Charge « {chosen.name} »"
    refuse_counts(named, 1, at_least=at_least, minimum_days=minimum_days)
    refuse_counts(named, 0, history_days=history_days, grace_days=grace_days)
    span = cohort.span_of(period)
    spans = cohort.substance_episodes(
        source, people, span=span, history_days=history_days,
        grace_days=grace_days, carry_over=carry_over,
    )  # fmt: skip
    scored = spans.join(_scores(source, chosen), on="arm", how="inner").with_columns(
        nw.lit(chosen.name).alias("arm")
    )
    inside = cohort.days_within(cohort.load_over_time(source, scored), span)
    above = nw.when(nw.col("load") >= at_least).then(nw.col("inside")).otherwise(0)
    sums = (
        inside.with_columns(above.alias("above"))
        .group_by("person_id")
        .agg(nw.col("load").max().alias("peak"), nw.col("above").sum().alias("days_above"))
    )
    table = people.select("person_id", *STRATA, "days").join(sums, on="person_id", how="left")
    filled = table.with_columns(
        *[nw.col(name).fill_null(0).cast(nw.Int64()).alias(name) for name in ("peak", "days_above")]
    ).with_columns((nw.col("days_above") >= minimum_days).cast(nw.Int64()).alias("flagged"))
    return source.engine.checkpoint(filled, "drug_load")


def load_strata(source: Source, loads: Frame, *, indicator: str) -> pd.DataFrame:
    """Persons, and those flagged by ``drug_load``, by region, age band and sex."""
    table = cohort.counted_by(source, loads, marks=["flagged"])
    return table.rename(columns={"flagged": "events"}).assign(indicator=indicator)


def load_shares(
    source: Source,
    loads: Mapping[str, Frame],
    *,
    regions: Sequence[str],
    population: str,
    by: str = "age_band",
) -> pd.DataFrame:
    """Shares of persons flagged by each ``drug_load``, by age band or sex, in ``GROUP_SHARES``."""
    parts = [load_strata(source, frame, indicator=name) for name, frame in loads.items()]
    if not parts:
        return shares_by(pd.DataFrame(), by, population=population)
    strata = pd.concat(parts, ignore_index=True)
    return shares_by(strata[strata["region"].isin(list(regions))], by, population=population)


def _scores(source: Source, chosen: Scale) -> Frame:
    rows = [(code, chosen.score(code)) for code in sorted(source.present_codes("ATC"))]
    table = pd.DataFrame([row for row in rows if row[1]], columns=["arm", "weight"])
    return source.engine.load(table.astype({"arm": "string", "weight": "int64"}), "scores")


def _text(name: str) -> str:
    return (resources.files("studylib.usage") / "scores" / f"{name}.csv").read_text("utf-8")
