"""The conditions of rules: who has an event of a list before the period."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import narwhals as nw

from studylib.codes import Codelist
from studylib.errors import DataMissing
from studylib.sources import Frame, Source
from studylib.usage.rules.rule import Rule


def with_conditions(
    source: Source, people: Frame, rules: Sequence[Rule], *, before: int
) -> tuple[Frame, Mapping[str, Sequence[str]], frozenset[str]]:
    """``people`` with a flag per condition; the flags of each rule and part; rules without data.

    An event counts when it began before the day ``before`` and one of its days is among the
    rule's ``lookback_days`` that precede it. Checkpointed.
    """
    wanted: dict[tuple[Codelist, int], str] = {}
    marks: dict[str, list[str]] = {}
    lacking = {rule.id for rule in rules if not all(map(_readable(source), _lists(rule)))}
    for rule in rules:
        for part, lists in (("present", rule.present), ("absent", rule.absent)):
            names = marks.setdefault(f"{rule.id}/{part}", [])
            for one in lists if rule.id not in lacking else ():
                key = (one, rule.lookback_days)
                names.append(wanted.setdefault(key, f"condition_{len(wanted)}"))
    if not wanted:
        return people, marks, frozenset(lacking)
    flagged = people
    for lookback in sorted({days for _, days in wanted}):
        sought = {name: one for (one, days), name in wanted.items() if days == lookback}
        found = _had(source, sought, before, lookback)
        flagged = flagged.join(found, on="person_id", how="left")
    filled = flagged.with_columns(*[nw.col(name).fill_null(False) for name in wanted.values()])
    return source.engine.checkpoint(filled, "concerned"), marks, frozenset(lacking)


def _lists(rule: Rule) -> tuple[Codelist, ...]:
    return (*rule.present, *rule.absent)


def _readable(source: Source) -> Callable[[Codelist], bool]:
    def test(codelist: Codelist) -> bool:
        try:
            source.events(codelist)
        except DataMissing:
            return False
        return True

    return test


def _had(source: Source, lists: Mapping[str, Codelist], before: int, lookback: int) -> Frame:
    low = before - lookback
    return (
        source.marked(lists)
        .filter((nw.col("start") < before) & ((nw.col("end") > low) | (nw.col("start") >= low)))
        .group_by("person_id")
        .agg(*[nw.col(name).any().alias(name) for name in lists])
    )
