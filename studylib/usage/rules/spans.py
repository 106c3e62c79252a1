"""The days on which rules hold: runs of each set of drugs, then what rules ask of them."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw
import pandas as pd

from studylib import cohort
from studylib.cohort.exposure import covered
from studylib.cohort.supply import summed
from studylib.sources import Frame, Source
from studylib.usage.rules.rule import Rule

SEPARATOR = "/"
_KEY = ("rule", "part", "person_id", "start", "end")


def drug_sets(source: Source, rules: Sequence[Rule]) -> pd.DataFrame:
    """The ATC codes of the data that each part of each rule names: rule, part, arm, atc."""
    present = sorted(source.present_codes("ATC"))
    rows = [
        (rule.id, part, f"{rule.id}{SEPARATOR}{part}", code)
        for rule in rules
        for part, codelist in rule.drug_sets().items()
        for code in present
        if codelist.matches(code)
    ]
    return pd.DataFrame(rows, columns=["rule", "part", "arm", "atc"], dtype="string")


def set_spans(
    source: Source,
    persons: Frame,
    sets: pd.DataFrame,
    rules: Sequence[Rule],
    *,
    doses: pd.DataFrame | None,
    span: tuple[int, int],
    history_days: int,
    grace_days: int,
    carry_over: bool,
) -> Frame:
    """Runs of treatment by each part of each rule: rule, part, person_id, start, end."""
    engine = source.engine
    substances = cohort.substance_episodes(
        source, persons, span=span, history_days=history_days,
        grace_days=grace_days, carry_over=carry_over,
    )  # fmt: skip
    dosed = {rule.id for rule in rules if rule.dose_above is not None}
    several = {rule.id: rule.substances for rule in rules if rule.substances > 1}
    is_dosed = sets["rule"].isin(dosed) & (sets["part"] == "drugs")
    is_several = sets["rule"].isin(several) & (sets["part"] == "drugs")
    plain = _of_sets(source, substances, sets[~is_dosed & ~is_several])
    found = [cohort.merged(source, plain, grace_days=grace_days)]
    if is_several.any():
        numbered = _of_sets(source, substances, sets[is_several])
        found.append(_at_once(source, numbered, several))
    if is_dosed.any() and doses is not None:
        given = _above(source, persons, sets[is_dosed], rules, doses, span, history_days)
        daily = summed(engine, given)
        runs = covered(engine, daily, grace_days=grace_days, carry_over=carry_over)
        found.append(cohort.merged(source, runs, grace_days=grace_days))
    names = engine.load(
        sets[["rule", "part", "arm"]].drop_duplicates().astype("string"), "rule_parts"
    )
    columns = ("person_id", "arm", "start", "end")
    every = nw.concat([frame.select(*columns) for frame in found])
    return engine.checkpoint(every.join(names, on="arm", how="inner").select(*_KEY), "rule_spans")


def _of_sets(source: Source, substances: Frame, sets: pd.DataFrame) -> Frame:
    """Episodes of substances under the name of each set that holds them."""
    codes = source.engine.load(sets[["arm", "atc"]].astype("string"), "set_codes")
    named = substances.rename({"arm": "atc"}).join(codes, on="atc", how="inner")
    return named.select("person_id", "arm", "start", "end")


def _at_once(source: Source, spans: Frame, several: dict[str, int]) -> Frame:
    """Days on which enough different substances of a set are in use."""
    counted = spans.with_columns(nw.lit(1).cast(nw.Int64()).alias("weight"))
    loads = cohort.load_over_time(source, counted)
    needed = pd.DataFrame(
        {"arm": [f"{rule}{SEPARATOR}drugs" for rule in several], "needed": list(several.values())}
    ).astype({"arm": "string", "needed": "int64"})
    bounds = source.engine.load(needed, "needed")
    enough = loads.join(bounds, on="arm", how="inner").filter(nw.col("load") >= nw.col("needed"))
    return cohort.merged(source, enough.select("person_id", "arm", "start", "end"), grace_days=0)


def _above(
    source: Source,
    persons: Frame,
    sets: pd.DataFrame,
    rules: Sequence[Rule],
    doses: pd.DataFrame,
    span: tuple[int, int],
    history_days: int,
) -> Frame:
    """Dispensings whose mean dose a day is above the rule's: person_id, arm, start, days."""
    bound = {rule.id: (rule.dose_above, rule.dose_unit) for rule in rules if rule.dose_above}
    named = sets.assign(
        above=[bound[rule][0] for rule in sets["rule"]],
        unit=[bound[rule][1] for rule in sets["rule"]],
    )[["arm", "atc", "above", "unit"]].astype({"above": float, "unit": "string"})
    engine = source.engine
    packs = engine.load(
        doses[["cip13", "unit", "dose"]].astype({"cip13": "string", "unit": "string"}), "doses"
    )
    days = nw.col("end") - nw.col("start")
    per_day = nw.col("quantity").cast(nw.Float64()) * nw.col("dose") / days.cast(nw.Float64())
    return (
        source.table("dispensings")
        .filter(
            (nw.col("start") >= span[0] - history_days)
            & (nw.col("start") < span[1])
            & (nw.col("end") > nw.col("start"))
        )
        .join(persons.select("person_id"), on="person_id", how="semi")
        .join(engine.load(named, "dosed_codes"), on="atc", how="inner")
        .join(packs, on=["cip13", "unit"], how="inner")
        .filter(per_day > nw.col("above"))
        .select("person_id", "arm", "start", days.alias("days"))
    )


def rule_days(source: Source, parts: Frame, rules: Sequence[Rule], span: tuple[int, int]) -> Frame:
    """The persons each rule holds for in the period: rule, person_id, first_day, days.

    Ages and conditions are not looked at here.
    """
    given = [rule for rule in rules if rule.exposure == "given"]
    held = _lasting(source, parts, given)
    for rank in range(1, max((len(rule.together) for rule in given), default=0) + 1):
        held = _together(source, held, parts, given, rank)
    first, end = span
    clipped = held.with_columns(
        nw.max_horizontal(nw.col("start"), nw.lit(first)).cast(nw.Int64()).alias("start"),
        nw.min_horizontal(nw.col("end"), nw.lit(end)).cast(nw.Int64()).alias("end"),
    ).filter(nw.col("start") < nw.col("end"))
    alone = _without(clipped, parts, given).with_columns(
        (nw.col("end") - nw.col("start")).alias("days")
    )
    bounds = _numbers(source, given, "overlap_days")
    enough = (
        alone.join(bounds, on="rule", how="inner")
        .filter(nw.col("days") >= nw.col("overlap_days"))
        .group_by("rule", "person_id")
        .agg(
            nw.col("start").min().cast(nw.Int64()).alias("first_day"),
            nw.col("days").sum().cast(nw.Int64()).alias("days"),
        )
    )
    return source.engine.checkpoint(enough, "rule_days")


def _numbers(source: Source, rules: Sequence[Rule], name: str) -> Frame:
    values = {"rule": [r.id for r in rules], name: [int(getattr(r, name)) for r in rules]}
    table = pd.DataFrame(values).astype({"rule": "string", name: "int64"})
    return source.engine.load(table, name)


def _lasting(source: Source, parts: Frame, rules: Sequence[Rule]) -> Frame:
    """Runs of the rule's drugs from the day they have lasted long enough."""
    lasted = nw.col("start") + nw.col("minimum_days") - 1
    runs = parts.filter(nw.col("part") == "drugs").join(
        _numbers(source, rules, "minimum_days"), on="rule", how="inner"
    )
    long_enough = runs.with_columns(lasted.cast(nw.Int64()).alias("start")).filter(
        nw.col("start") < nw.col("end")
    )
    kept = long_enough.select("rule", "person_id", "start", "end")
    return source.engine.checkpoint(kept, "lasting")


def _together(source: Source, held: Frame, parts: Frame, rules: Sequence[Rule], rank: int) -> Frame:
    """Rules with a ``rank``-th list of associated drugs are kept to the days of that list."""
    concerned = [rule.id for rule in rules if len(rule.together) >= rank]
    others = parts.filter(nw.col("part") == f"together_{rank}").select(
        "rule", "person_id", nw.col("start").alias("begun"), nw.col("end").alias("ended")
    )
    overlap = (
        held.join(others, on=["rule", "person_id"], how="inner")
        .with_columns(
            nw.max_horizontal("start", "begun").cast(nw.Int64()).alias("start"),
            nw.min_horizontal("end", "ended").cast(nw.Int64()).alias("end"),
        )
        .filter(nw.col("start") < nw.col("end"))
        .select("rule", "person_id", "start", "end")
    )
    untouched = held.filter(~nw.col("rule").is_in(concerned))
    return source.engine.checkpoint(nw.concat([untouched, overlap]), "together")


def _without(held: Frame, parts: Frame, rules: Sequence[Rule]) -> Frame:
    """Runs that no day of the drugs that should go with them covers."""
    if not any(rule.without for rule in rules):
        return held
    protecting = parts.filter(nw.col("part") == "without").select(
        "rule", "person_id", nw.col("start").alias("begun"), nw.col("end").alias("ended")
    )
    by = ["rule", "person_id", "start", "end"]
    protected = (
        held.join(protecting, on=["rule", "person_id"], how="inner")
        .filter((nw.col("begun") < nw.col("end")) & (nw.col("ended") > nw.col("start")))
        .select(*by)
        .unique()
    )
    return held.join(protected, on=by, how="anti")
