"""What rules found, counted: by rule, by region, by establishment. No person leaves the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import narwhals as nw
import pandas as pd

from studylib import cohort, tables
from studylib.cohort.population import STRATA
from studylib.errors import refuse_choices
from studylib.sources import Frame, Source
from studylib.tables import REGIONAL
from studylib.usage.rules.evaluation import Findings
from studylib.usage.rules.rule import LEVELS, Level, Rule
from studylib.usage.schemas import EXPOSURE, RULE_ESTABLISHMENTS, RULES


def rule_strata(findings: Findings) -> pd.DataFrame:
    """Persons concerned and found by each rule that was run, by region, age band and sex.

    Columns: indicator (the rule), region, age_band, sex, persons, events, person_years.
    """
    parts = []
    for rule, applies in findings.applies.items():
        found = findings.flags.filter(nw.col("rule") == rule).select("person_id")
        parts.append(_counted(findings, applies, found).assign(indicator=rule))
    columns = ["indicator", *STRATA, "persons", "events", "person_years"]
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True)[columns] if filled else _nothing(columns)


def any_rule(
    findings: Findings, *, indicator: str, levels: Sequence[Level], minimum_age: int = 0
) -> pd.DataFrame:
    """Persons with one rule at least of these levels, by region, age band and sex.

    Persons are all those of the population of ``minimum_age`` or more, whether a rule concerns
    them or not. Same columns as ``rule_strata``.
    """
    names = _of_levels(findings, levels)
    found = findings.flags.filter(nw.col("rule").is_in(names)).select("person_id").unique()
    counted = _counted(findings, nw.col("age") >= minimum_age, found).assign(indicator=indicator)
    columns = ["indicator", *STRATA, "persons", "events", "person_years"]
    return counted[columns] if len(counted) else _nothing(columns)


def rule_summary(findings: Findings, strata: pd.DataFrame, *, population: str) -> pd.DataFrame:
    """One row per rule of the file, in its order, in ``RULES``; those not run say why.

    ``status``: run; nobody (the rule concerns nobody here); no_drug (its drugs, or those it
    associates, are not in the data); no_dose, no_table (what the source lacks). ``strata`` is
    ``rule_strata``'s, of the regions that make up ``population``.
    """
    sums = strata.groupby("indicator")[["persons", "events"]].sum()
    rows = []
    for rule in findings.rules.rules:
        counts = sums.loc[rule.id] if rule.id in sums.index else {"persons": 0, "events": 0}
        rows.append(
            {
                "rule": rule.id,
                "label": rule.label,
                "category": rule.category,
                "level": rule.level,
                "population": population,
                "persons": int(counts["persons"]),
                "events": int(counts["events"]),
                "status": _status(findings, rule, int(counts["persons"])),
                "source": rule.source,
            }
        )
    if not rows:
        return tables.empty(RULES)
    return tables.check(cohort.with_share(pd.DataFrame(rows))[RULES.names], RULES)


def _status(findings: Findings, rule: Rule, persons: int) -> str:
    if rule.id in findings.not_run:
        return findings.not_run[rule.id]
    needed = set(rule.drug_sets()) - {"without"}
    if needed - set(findings.drugs.loc[findings.drugs["rule"] == rule.id, "part"]):
        return "no_drug"
    return "run" if persons else "nobody"


def regional_shares(strata: pd.DataFrame, *, whole: str, level: float = 0.95) -> pd.DataFrame:
    """Every indicator of ``strata`` at equal age and sex by region, for 100 persons (REGIONAL)."""
    parts = [
        cohort.standardised(
            part, indicator=str(name), measure="share", whole=whole, per=100, level=level
        )
        for name, part in strata.groupby("indicator", sort=False)
    ]
    return pd.concat(parts, ignore_index=True) if parts else tables.empty(REGIONAL)


def exposure_counts(
    findings: Findings,
    *,
    indicator: str,
    levels: Sequence[Level],
    names: Mapping[str, str],
    minimum_age: int = 0,
) -> pd.DataFrame:
    """Persons exposed and who prescribed: one row per region of ``names``, in ``EXPOSURE``.

    Persons are those of ``minimum_age`` or more. The dispensings are those, begun in the period,
    of a drug of a rule to a person the rule found. They carry the prescribing establishment where
    there is one. ``prescribers`` are the different numbers of those who prescribed in town, missing
    unless the source's dispensings have the column ``prescriber``; only their count leaves the
    engine.
    """
    rules = _of_levels(findings, levels)
    given = _dispensings(findings, rules, minimum_age)
    engine = findings.source.engine
    has_prescriber = "prescriber" in engine.columns(findings.source.table("dispensings"))
    who = {"establishments": "establishment"} | (
        {"prescribers": "prescriber"} if has_prescriber else {}
    )
    sums = [
        nw.col("person_id").n_unique().alias("persons"),
        nw.len().alias("dispensings"),
        (~nw.col("establishment").is_null()).cast(nw.Int64()).sum().alias("from_hospital"),
        *(nw.col(column).n_unique().alias(name) for name, column in who.items()),
        *(nw.col(column).is_null().any().alias(f"no_{name}") for name, column in who.items()),
    ]
    counted = engine.collect(given.group_by("region").agg(*sums)).set_index("region")
    for name in who:  # a missing one is no other
        counted[name] -= counted.pop(f"no_{name}").astype(int)
    table = counted.reindex(list(names)).fillna(0).astype("int64")
    if not has_prescriber:
        table["prescribers"] = pd.array([pd.NA] * len(table), dtype="Int64")
    table = table.assign(indicator=indicator, population=list(names.values()))
    return tables.check(table.reset_index(drop=True)[EXPOSURE.names], EXPOSURE)


def rule_establishments(
    findings: Findings, *, levels: Sequence[Level], minimum_age: int = 0
) -> pd.DataFrame:
    """Prescribing establishments and their share of persons found, in ``RULE_ESTABLISHMENTS``.

    ``persons`` were dispensed, in the period, something the establishment prescribed; ``events``
    are those of them dispensed by it a drug of a rule that found them.
    """
    rules = _of_levels(findings, levels)
    source = findings.source
    by_one = _prescribed_to(source, findings.span)
    old = findings.people.filter(nw.col("age") >= minimum_age).select("person_id")
    found = _dispensings(findings, rules).filter(~nw.col("establishment").is_null())
    pairs = found.select("person_id", "establishment").unique()
    marked = by_one.join(old, on="person_id", how="semi").join(
        pairs.with_columns(nw.lit(1).alias("found")),
        on=["person_id", "establishment"],
        how="left",
    )
    sums = marked.group_by("establishment").agg(
        nw.len().alias("persons"), nw.col("found").fill_null(0).sum().alias("events")
    )
    places = source.table("establishments").select(
        nw.col("code").alias("establishment"), nw.col("region").alias("population")
    )
    counts = source.engine.collect(sums.join(places, on="establishment", how="left"))
    if counts.empty:
        return tables.empty(RULE_ESTABLISHMENTS)
    counts["population"] = counts["population"].astype(object).fillna("")
    whole = counts.astype({"persons": "int64", "events": "int64", "establishment": object})
    ordered = cohort.with_share(whole).sort_values(
        ["population", "estimate"], ascending=[True, False], ignore_index=True
    )
    return tables.check(ordered[RULE_ESTABLISHMENTS.names], RULE_ESTABLISHMENTS)


def _of_levels(findings: Findings, levels: Sequence[Level]) -> list[str]:
    """The rules of these levels; EstimationError for a level that is none."""
    for level in levels:
        refuse_choices(f"Règles « {findings.rules.name} »", level=(level, LEVELS))
    return [rule.id for rule in findings.rules.rules if rule.level in levels]


def _prescribed_to(source: Source, span: tuple[int, int]) -> Frame:
    """Persons and the establishments that prescribed them something dispensed in the span."""
    inside = (nw.col("start") >= span[0]) & (nw.col("start") < span[1])
    given = source.table("dispensings").filter(inside & ~nw.col("establishment").is_null())
    return given.select("person_id", "establishment").unique()


def _dispensings(findings: Findings, rules: Sequence[str], minimum_age: int = 0) -> Frame:
    """Dispensings of the period of a drug of a rule to whom it found, each once, with the region.

    A rule of omission has no such dispensing.
    """
    first, end = findings.span
    given = {rule.id for rule in findings.rules.rules if rule.exposure == "given"} & set(rules)
    drugs = findings.drugs[findings.drugs["rule"].isin(given)][["rule", "atc"]].drop_duplicates()
    engine = findings.source.engine
    codes = engine.load(drugs.astype("string"), "rule_codes")
    pairs = (
        (findings.flags.select("rule", "person_id").join(codes, on="rule", how="inner"))
        .select("person_id", "atc")
        .unique()
    )
    inside = findings.source.table("dispensings").filter(
        (nw.col("start") >= first) & (nw.col("start") < end)
    )
    old = findings.people.filter(nw.col("age") >= minimum_age)
    regions = old.select("person_id", "region")
    return inside.join(pairs, on=["person_id", "atc"], how="semi").join(
        regions, on="person_id", how="inner"
    )


def _counted(findings: Findings, applies: nw.Expr, found: Frame) -> pd.DataFrame:
    marked = (
        findings.people.filter(applies)
        .join(found.with_columns(nw.lit(1).alias("events")), on="person_id", how="left")
        .with_columns(nw.col("events").fill_null(0))
    )
    return cohort.counted_by(findings.source, marked, marks=["events"])


def _nothing(columns: Sequence[str]) -> pd.DataFrame:
    kinds = {"persons": "int64", "events": "int64", "person_years": "float64"}
    return pd.DataFrame({name: pd.Series(dtype=kinds.get(name, "object")) for name in columns})
