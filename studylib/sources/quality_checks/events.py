"""Plausibility of event tables: order of dates, persons, quantities, repeated rows."""

from __future__ import annotations

from collections.abc import Iterable

import narwhals as nw

from studylib.sources.engine import Frame
from studylib.sources.quality import DAYS_AFTER_DEATH
from studylib.sources.quality_checks.measuring import Measure, share, shares
from studylib.sources.source import Source

LONG_STAY_DAYS = 180
FUTURE_DAYS = 366  # hospital years end after the last day of town care that counts as complete
OLDEST_YEARS = 115
_YEAR = 365.25
BEGIN_BEFORE = ("long_term_conditions",)  # a condition may be older than the observation
NOT_EVENTS = ("persons", "observation", "establishments", "concepts", "concept_codes")


def event_tables(source: Source) -> list[str]:
    """The tables of events of persons that the source holds."""
    return [
        name
        for name, frame in source.tables.items()
        if name not in NOT_EVENTS and "person_id" in frame.collect_schema().names()
    ]


def persons_checks(source: Source) -> Iterable[Measure]:
    """Sex, age and death of persons."""
    last = source.days[1]
    birth, death = nw.col("birth_date"), nw.col("death_date")
    end = nw.when(death.is_null()).then(nw.lit(last)).otherwise(death)
    return shares(
        source.engine,
        "persons",
        source.table("persons"),
        {
            ("unknown_sex", "sex"): ~nw.col("sex").is_in(["M", "F"]),
            ("women", "sex"): nw.col("sex") == "F",
            ("over_115_years", "birth_date"): (end - birth) > OLDEST_YEARS * _YEAR,
            ("born_after_data", "birth_date"): birth >= last,
            ("death_before_birth", "death_date"): death < birth,
        },
    )


def observation_checks(source: Source) -> Iterable[Measure]:
    """Periods of observation that overlap, or end before they begin."""
    frame = source.table("observation")
    before = nw.col("end").shift(1).over("person_id", order_by=["start", "end"])
    return shares(
        source.engine,
        "observation",
        frame.with_columns(before.alias("before")),
        {
            ("ends_before_start", "end"): nw.col("end") <= nw.col("start"),
            ("overlapping_observation", "start"): nw.col("start") < nw.col("before"),
        },
    )


def event_checks(source: Source) -> Iterable[Measure]:
    """Each table of events against its persons and the calendar."""
    for name in event_tables(source):
        yield from _one_table(source, name)
        yield _duplicates(source, name)
    if "stays" in source.tables:
        yield from _stay_checks(source)


def with_persons(source: Source, name: str, columns: Iterable[str]) -> Frame:
    """Events of known persons with those columns of ``persons`` beside them."""
    known = source.table("persons").select("person_id", *columns)
    return source.table(name).join(known, on="person_id", how="left")


def _one_table(source: Source, name: str) -> Iterable[Measure]:
    last = source.days[1]
    events = with_persons(source, name, ("sex", "birth_date", "death_date"))
    if "person_id" in events.collect_schema().names():
        events = events.filter(~nw.col("person_id").is_null())
    tests = {
        ("unknown_persons", "person_id"): nw.col("birth_date").is_null(),
        ("ends_before_start", "end"): nw.col("end") <= nw.col("start"),
        ("before_birth", "start"): nw.col("start") < nw.col("birth_date"),
        ("after_death", "start"): nw.col("start") > nw.col("death_date") + DAYS_AFTER_DEATH,
        ("in_the_future", "start"): nw.col("start") >= last + FUTURE_DAYS,
        ("quantity_not_positive", "quantity"): nw.col("quantity") <= 0,
        ("negative_cost", "cost"): nw.col("cost") < 0,
    }
    yield from shares(source.engine, name, events, tests)
    if name not in BEGIN_BEFORE:
        yield _outside_observation(source, name)


def _outside_observation(source: Source, name: str) -> Measure:
    """Events on a day when their person is not observed."""
    events = source.table(name).select("person_id", "start").filter(~nw.col("person_id").is_null())
    numbered = source.engine.checkpoint(
        events.group_by("person_id", "start").agg(nw.len().alias("rows")), "dated"
    )
    periods = source.table("observation").select(
        "person_id", nw.col("start").alias("seen_from"), nw.col("end").alias("seen_to")
    )
    within = (
        numbered.join(periods, on="person_id", how="inner")
        .filter((nw.col("start") >= nw.col("seen_from")) & (nw.col("start") < nw.col("seen_to")))
        .select("person_id", "start")
        .unique()
    )
    outside = numbered.join(within, on=["person_id", "start"], how="anti")
    rows, lost = (_total(source, frame) for frame in (numbered, outside))
    return share("outside_observation", name, "start", lost, rows)


def _total(source: Source, numbered: Frame) -> int:
    total = source.engine.collect(numbered.select(nw.col("rows").sum()))["rows"].iloc[0]
    return int(total) if total == total and total is not None else 0


def _duplicates(source: Source, name: str) -> Measure:
    frame = source.table(name)
    rows = frame.group_by(frame.collect_schema().names()).agg(nw.len().alias("rows"))
    counted = source.engine.collect(rows.select(nw.col("rows").sum(), nw.len().alias("different")))
    total = 0 if counted["rows"].isna().iloc[0] else int(counted["rows"].iloc[0])
    return share("duplicates", name, "person_id", total - int(counted["different"].iloc[0]), total)


def _stay_checks(source: Source) -> Iterable[Measure]:
    stays = source.table("stays")
    before = nw.col("end").shift(1).over("person_id", order_by=["start", "end", "stay_id"])
    return shares(
        source.engine,
        "stays",
        stays.with_columns(before.alias("before")),
        {
            ("overlapping_stays", "start"): nw.col("start") < nw.col("before"),
            ("long_stays", "end"): (nw.col("end") - nw.col("start")) > LONG_STAY_DAYS,
            ("deaths_in_stays", "died"): nw.col("died"),
        },
    )


def without_event(source: Source) -> Measure:
    """Persons of whom nothing at all is recorded."""
    persons = source.table("persons").select("person_id")
    names = event_tables(source)
    rest = persons
    for name in names:
        seen = source.table(name).select("person_id").filter(~nw.col("person_id").is_null())
        rest = source.engine.checkpoint(rest.join(seen, on="person_id", how="anti"), "silent")
    total = source.engine.count(persons)
    lost = source.engine.count(rest) if names else total
    return share("persons_without_event", "persons", "person_id", lost, total)
