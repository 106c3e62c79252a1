"""Drug-related stays counted: by certainty, class, region and establishment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import narwhals as nw
import numpy as np
import pandas as pd

from studylib import cohort, tables
from studylib.cohort.population import STRATA
from studylib.errors import EstimationError, refuse_choices
from studylib.risk.admissions.classes import drug_classes
from studylib.risk.admissions.stays import LEVELS, MOMENTS, NAME, DrugRelated
from studylib.risk.schemas import ADMISSION_COVERAGE, ADMISSION_SITES, ADMISSIONS, CODED_BLEEDINGS
from studylib.sources import Frame
from studylib.tables import CheckResult

ALL, PLANTED = "all", "bleeding_coded"
COUNTED = LEVELS[:3]  # all but what was intentional


def admissions_by(
    found: DrugRelated,
    by: str,
    *,
    population: str,
    regions: Sequence[str],
    levels: Sequence[str] = LEVELS,
) -> pd.DataFrame:
    """Stays of these levels by ``by`` (level, moment or drug_class), then of all (``ADMISSIONS``).

    ``regions`` are those where the persons live. Nights are the mean length, cost the mean amount
    of a stay; a person may have several stays, and be counted in several rows (so that persons of
    the row ``all`` are left out, for they are no sum).

    EstimationError for another column.
    """
    if by not in ("level", "moment", "drug_class"):
        raise EstimationError(f"Séjours par « {by} » : level, moment ou drug_class sont attendus.")
    _refuse(levels)
    engine, stays = found.source.engine, _of(found, regions, levels)
    sums = [
        nw.len().alias("events"),
        nw.col("person_id").n_unique().alias("persons"),
        nw.col("died").cast(nw.Int64()).sum().alias("deaths"),
        nw.col("nights").sum().alias("nights"),
        nw.col("cost").sum().alias("cost"),
    ]
    counted = engine.collect(stays.group_by(by).agg(*sums)).rename(columns={by: "stratum"})
    if counted.empty:
        return tables.empty(ADMISSIONS)
    ordered = counted.sort_values(["events", "stratum"], ascending=[False, True])
    total = {name: [ordered[name].sum()] for name in ("events", "deaths", "nights", "cost")}
    whole = pd.DataFrame({**total, "stratum": [ALL], "persons": [np.nan]})
    every = pd.concat([ordered, whole], ignore_index=True)
    every = every.astype({"events": "int64", "deaths": "int64", "persons": "Int64"})
    for name in ("nights", "cost"):
        every[name] = every[name].astype(float) / every["events"]
    named = every.assign(indicator=by, population=population)
    return tables.check(named[ADMISSIONS.names], ADMISSIONS)


def admission_strata(
    found: DrugRelated,
    people: Frame,
    *,
    levels: Sequence[str] = COUNTED,
    moments: Sequence[str] = ("admission", "emergency_entry", "undetermined"),
) -> pd.DataFrame:
    """Persons, person-years and stays by region, age band and sex (``cohort.population``)."""
    _refuse(levels, moments)
    source = found.source
    lived = cohort.counted_by(source, people)
    kept = found.stays.filter(
        nw.col("level").is_in(list(levels)) & nw.col("moment").is_in(list(moments))
    )
    described = kept.select("person_id").join(
        people.select("person_id", *STRATA), on="person_id", how="inner"
    )
    stays = source.engine.collect(described.group_by(*STRATA).agg(nw.len().alias("events")))
    table = lived.merge(stays, on=list(STRATA), how="left")
    return table.assign(events=table["events"].fillna(0).astype("int64"))


def admission_rates(
    strata: pd.DataFrame, *, indicator: str, whole: str, per: int = 100_000, level: float = 0.95
) -> pd.DataFrame:
    """Stays per ``per`` person-years at equal age and sex by region: ``cohort.standardised``."""
    return cohort.standardised(
        strata, indicator=indicator, measure="rate", whole=whole, per=per, level=level
    )


def establishments(
    found: DrugRelated, *, levels: Sequence[str] = COUNTED, level: float = 0.95
) -> pd.DataFrame:
    """Each establishment's stays of the period, and how many are drug-related (ADMISSION_SITES).

    The share has Wilson's interval. Establishments differ by what they take in and by how they
    code: a low share may be a low coding.
    """
    _refuse(levels)
    source, (first, end) = found.source, found.span
    every = source.table("stays").filter((nw.col("start") >= first) & (nw.col("start") < end))
    totals = every.group_by("establishment").agg(nw.len().alias("stays"))
    kept = found.stays.filter(nw.col("level").is_in(list(levels)))
    related = kept.group_by("establishment").agg(nw.len().alias("events"))
    places = source.table("establishments").select(
        nw.col("code").alias("establishment"), nw.col("region").alias("population")
    )
    joined = totals.join(related, on="establishment", how="left").join(
        places, on="establishment", how="left"
    )
    counts = source.engine.collect(joined.with_columns(nw.col("events").fill_null(0)))
    if counts.empty:
        return tables.empty(ADMISSION_SITES)
    counts = counts.astype({"stays": "int64", "events": "int64", "establishment": object})
    counts["population"] = counts["population"].astype(object).fillna("")
    shared = cohort.with_share(counts.rename(columns={"stays": "persons"}), level=level)
    ordered = shared.rename(columns={"persons": "stays"}).sort_values(
        ["population", "estimate"], ascending=[True, False], ignore_index=True
    )
    return tables.check(ordered[ADMISSION_SITES.names], ADMISSION_SITES)


def coded_bleedings(
    found: DrugRelated,
    *,
    names: Mapping[str, str],
    drug_class: str | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Of the bleedings under an antithrombotic, those coded as its effect, in CODED_BLEEDINGS.

    One row per region of ``names``; ``drug_class`` keeps the bleedings under that class. What is
    coded over what two lists find is a measure of coding, not of harm.
    """
    if drug_class is not None:
        refuse_choices(NAME, drug_class=(drug_class, sorted(drug_classes()["drug_class"].unique())))
    source = found.source
    bled = found.bleedings
    if drug_class is not None:
        bled = bled.filter(nw.col("given_class") == drug_class)
    placed = bled.join(
        source.table("persons").select("person_id", "region"), on="person_id", how="inner"
    )
    counts = source.engine.collect(
        placed.group_by("region").agg(
            nw.len().alias("persons"), nw.col("coded").cast(nw.Int64()).sum().alias("events")
        )
    ).set_index("region")
    table = counts.reindex(list(names)).fillna(0).astype("int64").reset_index(drop=True)
    shared = cohort.with_share(table, level=level).rename(columns={"persons": "stays"})
    named = shared.assign(population=list(names.values()))
    return tables.check(named[CODED_BLEEDINGS.names], CODED_BLEEDINGS)


def check_coding(coded: pd.DataFrame, truth: pd.DataFrame | None) -> CheckResult:
    """Whether the interval of the share coded holds the planted one; only informs on real data.

    ``coded`` is ``coded_bleedings``' of every region, for anticoagulants. Table: stays, events,
    estimate, ci_low, ci_high, value.
    """
    name = "Part des hémorragies codées introduite par la simulation"
    planted = truth[truth["name"] == PLANTED] if truth is not None else pd.DataFrame()
    whole = coded[["stays", "events"]].sum().to_frame().T.rename(columns={"stays": "persons"})
    table = cohort.with_share(whole).rename(columns={"persons": "stays"})
    if planted.empty or not table["stays"].iloc[0]:
        return CheckResult(name, None, table, "sans objet, aucune vérité connue à comparer.")
    value = float(planted["value"].iloc[0])
    held = bool((table["ci_low"] <= value).all() and (value <= table["ci_high"]).all())
    told = "contient" if held else "ne contient pas"
    text = f"l'intervalle de confiance {told} la part introduite ({100 * value:.0f} %)."
    return CheckResult(name, held, table.assign(value=value), text)


def coverage(found: DrugRelated, *, names: Mapping[str, str]) -> pd.DataFrame:
    """Stays of the period tied to a person, and those tied to nobody, in ADMISSION_COVERAGE.

    The second have a region and an establishment but no diagnosis here: what they hold is unknown
    and is not counted as nothing. ``unlinked`` is missing when the source does not say.
    """
    source, (first, end) = found.source, found.span
    inside = (nw.col("start") >= first) & (nw.col("start") < end)
    persons = source.table("persons").select("person_id", "region")
    linked = source.table("stays").filter(inside).join(persons, on="person_id", how="inner")
    rows = pd.DataFrame({"population": list(names.values())}, index=list(names))
    rows["stays"] = _by_region(found, linked).reindex(rows.index).fillna(0).astype("int64")
    rows["unlinked"] = pd.Series(pd.NA, index=rows.index, dtype="Int64")
    if "unlinked_stays" in source.tables:
        lost = _by_region(found, source.table("unlinked_stays").filter(inside))
        rows["unlinked"] = lost.reindex(rows.index).fillna(0).astype("Int64")
    together = (rows["stays"] + rows["unlinked"]).astype("Float64").to_numpy(float, na_value=np.nan)
    lost_stays = rows["unlinked"].to_numpy(float, na_value=np.nan)
    share = np.divide(lost_stays, together, out=np.full(len(rows), np.nan), where=together > 0)
    return tables.check(
        rows.assign(share=share).reset_index(drop=True)[ADMISSION_COVERAGE.names],
        ADMISSION_COVERAGE,
    )


def _refuse(levels: Sequence[str], moments: Sequence[str] = ()) -> None:
    """EstimationError for a level or a moment that is none: no stay would have it."""
    for level in levels:
        refuse_choices(NAME, level=(level, LEVELS))
    for moment in moments:
        refuse_choices(NAME, moment=(moment, MOMENTS))


def _by_region(found: DrugRelated, stays: Frame) -> pd.Series:
    counted = found.source.engine.collect(stays.group_by("region").agg(nw.len().alias("stays")))
    return counted.set_index("region")["stays"]


def _of(found: DrugRelated, regions: Sequence[str], levels: Sequence[str]) -> Frame:
    """Stays of these levels of persons who live in these regions."""
    persons = found.source.table("persons").filter(nw.col("region").is_in(list(regions)))
    return found.stays.filter(nw.col("level").is_in(list(levels))).join(
        persons.select("person_id"), on="person_id", how="semi"
    )
