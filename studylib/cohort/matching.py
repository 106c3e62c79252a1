"""Matched cohorts: comparators alike on chosen characteristics and at risk on the same day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import narwhals as nw
import pandas as pd

from studylib.cohort.ages import with_age
from studylib.cohort.circle import Rule, banded, claimed, numbered, placed
from studylib.cohort.observation import continuous
from studylib.cohort.people import DESCRIBED, Cohort, add_step, counted
from studylib.errors import StudyError
from studylib.sources import Engine, Frame
from studylib.tables import FLOW, check

KEY = ("person_id", "match_set")


def matched(
    cohort: Cohort,
    *,
    on: Sequence[str] = ("sex", "region"),
    birth_band_years: int | None = 1,
    ratio: int = 1,
    replacement: bool = False,
    history_days: int = 0,
    exposed_from: Frame | None = None,
    pool: Frame | None = None,
    order_by: Sequence[str] = (),
    seed: int | None = None,
    arm: str = "comparator",
    complete: bool = False,
) -> Cohort:
    """The cohort's persons (cases) with up to ``ratio`` comparators each, index dates shared.

    A candidate for a case is a person of the source (of ``pool``, a table with person_id, when
    given) with the same values in the columns ``on`` of the table persons and born in the same
    band of ``birth_band_years`` calendar years (bands begin at year 0; None: any year). It must be
    at risk on the case's index date: observed that day and for the ``history_days`` before without
    a break, alive, and not yet exposed: the first day of ``exposed_from`` (person_id, start; by
    default the index dates of the cohort) comes later, or never.

    Among candidates of one stratum (the values of ``on`` and band) comparators are chosen by the
    rule of ``cohort.circle``, in the order of ``order_by`` (columns of persons) then person_id, or
    in an order drawn by ``seed``: a person serves one case, unless ``replacement``.

    Cases without comparator are left out, and with ``complete`` those with fewer than ``ratio``.
    The result's key is person_id and ``match_set``, the case's person_id: a person may be a
    comparator before being a case. Comparators have the arm ``arm``. Lines of the flow chart:
    ``matched`` (cases kept) and ``comparators`` (all persons).

    StudyError when persons enter the cohort several times, the ratio or a band is not positive, a
    column is not one of persons, or the arm's name is taken.
    """
    _check_choices(cohort, on, birth_band_years, ratio, history_days, order_by, arm)
    engine, persons = cohort.source.engine, cohort.source.table("persons")
    chosen = persons if pool is None else persons.join(pool, on="person_id", how="semi")
    strata = [*on, "band"]
    circle = placed(banded(chosen, birth_band_years), strata, order_by, seed)
    circle = engine.checkpoint(circle, "circle")
    cases = numbered(banded(cohort.people, birth_band_years), circle, strata)
    cases = engine.checkpoint(cases, "cases")
    at_risk = _at_risk(cohort, circle, exposed_from)
    pairs = claimed(engine, cases, circle, at_risk, Rule(ratio, replacement, history_days))
    return _joined(cohort, _full(engine, pairs, ratio) if complete else pairs, arm)


def _check_choices(
    cohort: Cohort,
    on: Sequence[str],
    band: int | None,
    ratio: int,
    history_days: int,
    order_by: Sequence[str],
    arm: str,
) -> None:
    known = cohort.source.engine.columns(cohort.source.table("persons"))
    unknown = [name for name in (*on, *order_by) if name not in known]
    if cohort.key != ("person_id",):
        raise StudyError(
            "Appariement : chaque personne doit entrer une seule fois dans la cohorte."
        )
    if unknown or len(set(on)) < len(on):
        raise StudyError(
            f"Appariement sur {', '.join(on)}, par ordre de {', '.join(order_by) or 'person_id'} : "
            f"colonnes possibles, une fois chacune, {', '.join(known)}."
        )
    if ratio < 1 or (band is not None and band < 1) or history_days < 0:
        raise StudyError(
            f"Appariement : {ratio} comparateurs, tranches de {band} ans, {history_days} jours "
            "d'historique ; les deux premiers valent un ou plus, le dernier est positif ou nul."
        )
    if arm in cohort.arms:
        raise StudyError(f"Appariement : le groupe « {arm} » existe déjà, donner un autre nom.")


def _at_risk(cohort: Cohort, circle: Frame, exposed_from: Frame | None) -> Frame:
    """Candidates by stretch of observation: person_id, seen_from, seen_to, died, exposed."""
    source = cohort.source
    if exposed_from is None:
        exposed_from = cohort.index().rename({"index_date": "start"})
    exposed = exposed_from.group_by("person_id").agg(nw.col("start").min().alias("exposed"))
    periods = source.table("observation").join(circle, on="person_id", how="semi")
    stretches = continuous(source.engine, periods).rename(
        {"observed_from": "seen_from", "observed_to": "seen_to"}
    )
    died = source.table("persons").select("person_id", nw.col("death_date").alias("died"))
    known = stretches.join(died, on="person_id", how="inner")
    return source.engine.checkpoint(known.join(exposed, on="person_id", how="left"), "at_risk")


def _full(engine: Engine, pairs: Frame, ratio: int) -> Frame:
    """The pairs of the cases that have ``ratio`` comparators."""
    found = pairs.group_by("match_set").agg(nw.len().cast(nw.Int64()).alias("found"))
    full = found.filter(nw.col("found") == ratio)
    return engine.checkpoint(pairs.join(full, on="match_set", how="semi"), "pairs")


def _joined(cohort: Cohort, pairs: Frame, arm: str) -> Cohort:
    """Cases and their comparators as one cohort, with the flow chart's two lines."""
    source, engine = cohort.source, cohort.source.engine
    columns = (*DESCRIBED, "match_set")
    sets = pairs.select(nw.col("match_set").alias("person_id")).unique()
    cases = cohort.people.join(sets, on="person_id", how="semi")
    cases = cases.with_columns(nw.col("person_id").alias("match_set")).select(*columns)
    kept = engine.checkpoint(cases, "matched_cases")
    comparators = (
        pairs.join(source.table("persons"), on="person_id", how="inner")
        .with_columns(nw.lit(arm).alias("arm"))
        .select(*columns)
    )
    people = engine.checkpoint(nw.concat([kept, comparators]), "matched")
    people = engine.checkpoint(with_age(people), "people")
    alike = replace(cohort, people=kept, flow=add_step(cohort, "matched", kept))
    everyone = counted(source, people, KEY)
    line = {"step": "comparators", "persons": everyone, "excluded": 0}
    flow = check(pd.concat([alike.flow, pd.DataFrame([line])], ignore_index=True), FLOW)
    arms = {**cohort.arms, arm: None}
    return Cohort(source, people, flow, arms, KEY, cohort.days)
