"""Persons with an outcome, their observed time and their exposures: what self-controlled designs
read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import narwhals as nw
import pandas as pd

from studylib.codes import Codelist
from studylib.cohort.days import day
from studylib.cohort.observation import continuous
from studylib.cohort.supply import dispensing_days
from studylib.errors import StudyError
from studylib.sources import Frame, Source


@dataclass(frozen=True)
class CaseTime:
    """Cases of an outcome, collected: only they are, whatever the size of the population.

    ``cases``: person_id, region, birth, start, end (half-open), ended_early. ``exposures``:
    person_id, drug, start, end, one row per dispensing day. ``events``: person_id, day.
    ``observed_persons`` counts everyone observed in the period, cases or not.
    """

    cases: pd.DataFrame
    exposures: pd.DataFrame
    events: pd.DataFrame
    observed_persons: pd.Series

    def by_region(self, names: Mapping[str, str], whole: str) -> dict[str, CaseTime]:
        """The cases of each region by its name, then ``whole`` when there are several."""
        found = {name: self._of(code) for code, name in names.items()}
        return found | ({whole: self} if len(found) > 1 else {})

    def _of(self, region: str) -> CaseTime:
        cases = self.cases[self.cases["region"] == region].reset_index(drop=True)
        kept = [t[t["person_id"].isin(cases["person_id"])] for t in (self.exposures, self.events)]
        counts = self.observed_persons[self.observed_persons.index == region]
        return CaseTime(cases, kept[0], kept[1], counts)


def case_time(
    source: Source,
    exposures: Mapping[str, Codelist],
    outcome: Codelist,
    *,
    period: tuple[date, date],
    positions: Sequence[str] | None = None,
    same_event_days: int = 30,
    exposure_days: int | None = None,
    observation_gap_days: int = 0,
) -> CaseTime:
    """Cases with an event within ``period`` (both ends included), their time and exposures in it.

    A stay that begins at most ``same_event_days`` after the one before it belongs to the same
    event. The time kept is the stretch of observation that holds the person's first event of the
    period, cut to it, and to the day of death (included) whatever the source still observes;
    ``ended_early`` says that it ends before the period does. An exposure lasts the days its
    dispensing supplies, or ``exposure_days`` from its first day.
    """
    first, last = day(period[0]), day(period[1]) + 1
    if last <= first or same_event_days < 0:
        raise StudyError(
            "Temps des cas : la période doit finir après son début et le délai entre deux "
            "événements être positif ou nul."
        )
    engine = source.engine
    seen = continuous(engine, source.table("observation"), gap_days=observation_gap_days)
    within = _within(source, seen, first, last)
    event_days = (
        source.events(outcome, positions=positions)
        .select("person_id", nw.col("start").alias("day"))
        .filter((nw.col("day") >= first) & (nw.col("day") < last))
    )
    events = _events(engine.collect(event_days), same_event_days)
    described = source.table("persons").select(
        "person_id", "region", nw.col("birth_date").alias("birth")
    )
    persons = event_days.select("person_id").unique()
    own = engine.collect(within.join(persons, on="person_id", how="semi"))
    people = engine.collect(described.join(persons, on="person_id", how="semi"))
    cases = _cases(own, people, events, last)
    events = _inside(cases, events)
    cases = cases[cases["person_id"].isin(events["person_id"])].reset_index(drop=True)
    supply = dispensing_days(source, exposures).join(persons, on="person_id", how="semi")
    counts = engine.collect(
        within.join(described, on="person_id", how="inner")
        .select("person_id", "region")
        .unique()
        .group_by("region")
        .agg(nw.len().cast(nw.Int64()).alias("persons"))
    )
    return CaseTime(
        cases,
        _exposures(engine.collect(supply), cases, exposure_days),
        events,
        counts.set_index("region")["persons"].sort_index(),
    )


def _within(source: Source, seen: Frame, first: int, last: int) -> Frame:
    """Observation cut to the period and to death: a source may go on observing the dead."""
    died = source.table("persons").select("person_id", (nw.col("death_date") + 1).alias("dead"))
    known = seen.join(died, on="person_id", how="left").with_columns(
        nw.when(nw.col("dead") < last).then(nw.col("dead")).otherwise(last).alias("last")
    )
    cut = known.with_columns(
        nw.max_horizontal("observed_from", nw.lit(first)).alias("from_"),
        nw.min_horizontal("observed_to", "last").alias("to"),
    ).drop("dead", "last")
    return source.engine.checkpoint(
        cut.filter(nw.col("from_") < nw.col("to")), "observed_in_period"
    )


def _events(days: pd.DataFrame, same_event_days: int) -> pd.DataFrame:
    """One row per event: a stay soon after another goes on with it."""
    ordered = days.drop_duplicates().sort_values(["person_id", "day"], ignore_index=True)
    gap = ordered["day"] - ordered.groupby("person_id")["day"].shift()
    return ordered[gap.isna() | (gap > same_event_days)].reset_index(drop=True)


def _cases(
    own: pd.DataFrame, people: pd.DataFrame, events: pd.DataFrame, last: int
) -> pd.DataFrame:
    """The stretch of observation of each case that holds its first event."""
    first = events.groupby("person_id", as_index=False)["day"].min()
    both = own.merge(first, on="person_id")
    both = both[(both["from_"] <= both["day"]) & (both["day"] < both["to"])]
    found = both.merge(people, on="person_id").sort_values("person_id", ignore_index=True)
    found = found.rename(columns={"from_": "start", "to": "end"})
    found["ended_early"] = found["end"] < last
    return found[["person_id", "region", "birth", "start", "end", "ended_early"]]


def _inside(cases: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    both = events.merge(cases[["person_id", "start", "end"]], on="person_id")
    kept = (both["day"] >= both["start"]) & (both["day"] < both["end"])
    return both.loc[kept, ["person_id", "day"]].reset_index(drop=True)


def _exposures(supply: pd.DataFrame, cases: pd.DataFrame, days: int | None) -> pd.DataFrame:
    kept = supply[supply["person_id"].isin(cases["person_id"])]
    lasting = kept["days"] if days is None else days
    made = kept.assign(drug=kept["arm"], end=kept["start"] + lasting)
    made = made[["person_id", "drug", "start", "end"]]
    return made.sort_values(["person_id", "drug", "start"], ignore_index=True)
