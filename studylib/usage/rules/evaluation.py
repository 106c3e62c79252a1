"""Rules run over a period: who is concerned, who is exposed. Persons never leave the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from math import inf
from operator import or_

import narwhals as nw
import pandas as pd

from studylib import cohort
from studylib.errors import EstimationError, refuse_counts
from studylib.sources import Frame, Source
from studylib.usage.rules import spans as in_time
from studylib.usage.rules.conditions import with_conditions
from studylib.usage.rules.rule import Rule, RuleSet


@dataclass(frozen=True)
class Findings:
    """What the rules found. ``people`` and ``flags`` hold persons and stay in the engine.

    ``people``: the population of the period with a flag per condition. ``flags``: rule, person_id,
    first_day, days (of the period in which the rule holds), one row per person and rule.
    ``applies`` says, for each rule that could be run, which rows of ``people`` it concerns;
    ``not_run`` why each other one could not: ``no_dose``, ``no_table``.
    """

    source: Source
    rules: RuleSet
    span: tuple[int, int]
    people: Frame
    flags: Frame
    drugs: pd.DataFrame
    applies: Mapping[str, nw.Expr]
    not_run: Mapping[str, str]


def evaluate(
    source: Source,
    people: Frame,
    rules: RuleSet,
    *,
    period: tuple[date, date],
    history_days: int,
    grace_days: int,
    carry_over: bool,
    doses: pd.DataFrame | None = None,
) -> Findings:
    """Runs every rule over ``period`` (both days included) for ``people`` (``cohort.population``).

    Runs of treatment are made of dispensings from ``history_days`` before the period on: one
    substance's packs make episodes (``grace_days``, ``carry_over``: see ``cohort.episodes``), and
    the episodes of a rule's drugs make a run where no more than ``grace_days`` part them.
    ``doses`` has cip13, unit (DDD or mg) and dose, what one pack holds; without it, or without the
    unit of a rule, rules with a dose are not run.

    EstimationError when two rules have one identifier, or ``doses`` lacks a column.
    """
    _check(rules, doses)
    refuse_counts(f"Règles « {rules.name} »", 0, history_days=history_days, grace_days=grace_days)
    span = cohort.span_of(period)
    not_run = {r.id: "no_dose" for r in rules.rules if not _has_dose(r, doses)}
    run = [rule for rule in rules.rules if rule.id not in not_run]
    known, marks, lacking = with_conditions(source, people, run, before=span[0])
    not_run |= {rule: "no_table" for rule in lacking}
    run = [rule for rule in run if rule.id not in lacking]
    applies = {rule.id: _applies(rule, marks, span) for rule in run}
    sets = in_time.drug_sets(source, run)
    youngest = min((rule.age_from for rule in run), default=0)
    parts = in_time.set_spans(
        source,
        known.filter(nw.col("age") >= youngest),
        sets,
        run,
        doses=doses,
        span=span,
        history_days=history_days,
        grace_days=grace_days,
        carry_over=carry_over,
    )
    held = in_time.rule_days(source, parts, run, span)
    flags = _flags(source, known, held, parts, run, applies, span)
    return Findings(source, rules, span, known, flags, sets, applies, not_run)


def _check(rules: RuleSet, doses: pd.DataFrame | None) -> None:
    names = [rule.id for rule in rules.rules]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise EstimationError(
            f"Règles « {rules.name} » : l'identifiant {twice[0]} figure deux fois ; chaque règle "
            "a le sien."
        )
    absent = {"cip13", "unit", "dose"} - set(doses.columns if doses is not None else ())
    if doses is not None and absent:
        raise EstimationError(
            f"Doses par boîte : colonnes absentes {', '.join(sorted(absent))} ; attendu cip13, "
            "unit (DDD ou mg) et dose."
        )
    if doses is not None and not _usable(doses):
        raise EstimationError(
            "Doses par boîte : une ligne par code CIP13 (en texte) et unité, avec une dose "
            "supérieure à 0, est attendue."
        )


def _usable(doses: pd.DataFrame) -> bool:
    """Whether each pack has one dose per unit: two would be two dispensings."""
    named = all(isinstance(code, str) for code in doses["cip13"])
    number = pd.api.types.is_numeric_dtype(doses["dose"]) and not doses["dose"].isna().any()
    once = not doses.duplicated(["cip13", "unit"]).any()
    return bool(named and once and number and doses["dose"].between(0, inf, "neither").all())


def _has_dose(rule: Rule, doses: pd.DataFrame | None) -> bool:
    if rule.dose_above is None:
        return True
    return doses is not None and bool((doses["unit"] == rule.dose_unit).any())


def _applies(rule: Rule, marks: Mapping[str, Sequence[str]], span: tuple[int, int]) -> nw.Expr:
    """Which persons a rule concerns."""
    concerned = nw.col("age") >= rule.age_from
    if rule.age_to is not None:
        concerned = concerned & (nw.col("age") <= rule.age_to)
    if rule.sex is not None:
        concerned = concerned & (nw.col("sex") == rule.sex)
    if rule.present:
        concerned = concerned & reduce(or_, [nw.col(m) for m in marks[f"{rule.id}/present"]])
    if rule.absent:
        concerned = concerned & ~reduce(or_, [nw.col(m) for m in marks[f"{rule.id}/absent"]])
    if rule.exposure == "missing":
        concerned = concerned & (nw.col("days") == span[1] - span[0])
    return concerned


def _flags(
    source: Source,
    people: Frame,
    held: Frame,
    parts: Frame,
    rules: Sequence[Rule],
    applies: Mapping[str, nw.Expr],
    span: tuple[int, int],
) -> Frame:
    """Persons concerned and found by each rule: rule, person_id, first_day, days."""
    found = [_concerned(people, held, applies[r.id], r.id) for r in rules if r.exposure == "given"]
    for rule in rules:
        if rule.exposure == "missing":
            found.append(_missing(people, parts, applies[rule.id], rule.id, span))
    if not found:
        found = [held.filter(nw.col("rule") == "")]
    # a few at a time: one union of sixty joins is planned as a whole
    kept = [
        source.engine.checkpoint(nw.concat(found[at : at + 10]), "flags_part")
        for at in range(0, len(found), 10)
    ]
    return source.engine.checkpoint(nw.concat(kept), "rule_flags")


def _concerned(people: Frame, held: Frame, applies: nw.Expr, rule: str) -> Frame:
    persons = people.filter(applies).select("person_id")
    return held.filter(nw.col("rule") == rule).join(persons, on="person_id", how="semi")


def _missing(
    people: Frame, parts: Frame, applies: nw.Expr, rule: str, span: tuple[int, int]
) -> Frame:
    first, end = span
    covered = parts.filter(
        (nw.col("rule") == rule)
        & (nw.col("part") == "drugs")
        & (nw.col("start") < end)
        & (nw.col("end") > first)
    )
    lacking = people.filter(applies).join(covered.select("person_id"), on="person_id", how="anti")
    return lacking.select(
        nw.lit(rule).alias("rule"),
        "person_id",
        nw.lit(first).cast(nw.Int64()).alias("first_day"),
        nw.lit(end - first).cast(nw.Int64()).alias("days"),
    )
