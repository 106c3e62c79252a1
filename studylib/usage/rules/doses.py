"""How far a table of doses covers what rules with a dose look at."""

from __future__ import annotations

import narwhals as nw
import pandas as pd

from studylib import tables
from studylib.cohort.supply import listed
from studylib.usage.rules.evaluation import Findings
from studylib.usage.rules.rule import Rule
from studylib.usage.schemas import DOSED


def dose_coverage(findings: Findings, doses: pd.DataFrame | None) -> pd.DataFrame:
    """One row per rule with a dose, in the order of the file, in ``DOSED``.

    ``dispensings`` are those of the rule's drugs begun in the period, to anybody of the population;
    ``events`` those of them whose pack is in ``doses`` in the rule's unit. The others are never
    found above the dose: a small ``estimate`` makes the rule's count too low. ``status``: run, or
    no_dose when the table has nothing in this unit.
    """
    dosed = [rule for rule in findings.rules.rules if rule.dose_above is not None]
    if not dosed:
        return tables.empty(DOSED)
    counts = {rule.id: _dispensings(findings, rule, doses) for rule in dosed}
    rows = [
        {
            "rule": rule.id,
            "label": rule.label,
            "dose": f"{rule.dose_above:g} {rule.dose_unit}".replace(".", ","),
            "dispensings": counts[rule.id][0],
            "events": counts[rule.id][1],
            "estimate": counts[rule.id][1] / counts[rule.id][0] if counts[rule.id][0] else None,
            "status": findings.not_run.get(rule.id, "run"),
        }
        for rule in dosed
    ]
    frame = pd.DataFrame(rows).astype({"estimate": "float64"})
    return tables.check(frame[DOSED.names], DOSED)


def _dispensings(findings: Findings, rule: Rule, doses: pd.DataFrame | None) -> tuple[int, int]:
    """Dispensings of the rule's drugs, and of those the ones whose pack has a dose."""
    first, end = findings.span
    packs: list[str] = []
    if doses is not None:
        packs = doses.loc[doses["unit"] == rule.dose_unit, "cip13"].astype(str).tolist()
    given = (
        listed(findings.source, "dispensings", rule.drugs)
        .filter((nw.col("start") >= first) & (nw.col("start") < end))
        .join(findings.people.select("person_id"), on="person_id", how="semi")
    )
    known = nw.col("cip13").is_in(packs) if packs else nw.lit(False)
    sums = findings.source.engine.collect(
        given.with_columns(known.cast(nw.Int64()).alias("known")).select(
            nw.len().alias("dispensings"), nw.col("known").sum()
        )
    ).fillna(0)
    return int(sums["dispensings"].iloc[0]), int(sums["known"].iloc[0])
