"""How many persons have a list of codes, calendar year after calendar year."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import narwhals as nw
import pandas as pd

from studylib.codes import Codelist
from studylib.cohort.ages import with_calendar_year
from studylib.cohort.days import day
from studylib.sources import Source
from studylib.sources.quality_checks.drift import whole_years


def prevalence_by_year(
    source: Source,
    codelist: Codelist,
    *,
    positions: Sequence[str] | None = None,
    period: tuple[date, date] | None = None,
) -> pd.DataFrame:
    """Persons with an event of the list and persons observed, in each year the data cover whole.

    With a ``period``, the years it touches (first and last day) only.

    year, persons (observed that year, with an event in it), observed (one day of the year at
    least). ``positions`` restricts a list of diagnoses. What ``risk.check_prevalence_drift`` reads.
    """
    first, last = (period[0].year, period[1].year) if period else (date.min.year, date.max.year)
    engine = source.engine
    years = [year for year in whole_years(source) if first <= year <= last]
    bounds = pd.DataFrame(
        {
            "year": years,
            "opens": [day(date(year, 1, 1)) for year in years],
            "closes": [day(date(year + 1, 1, 1)) for year in years],
        },
        dtype="int64",
    )
    seen = (
        source.table("observation")
        .join(engine.load(bounds, "years"), how="cross")
        .filter((nw.col("start") < nw.col("closes")) & (nw.col("end") > nw.col("opens")))
        .select("person_id", "year")
        .unique()
    )
    seen = engine.checkpoint(seen, "seen_by_year")
    events = source.events(codelist, positions=positions).select("person_id", "start")
    struck = with_calendar_year(events, "start", name="year")
    struck = struck.select("person_id", nw.col("year").cast(nw.Int64())).unique()
    found = {
        "observed": seen,
        "persons": seen.join(struck, on=["person_id", "year"], how="inner"),
    }
    table = pd.DataFrame({"year": years})
    for name, frame in found.items():
        counted = frame.group_by("year").agg(nw.len().cast(nw.Int64()).alias(name))
        table = table.merge(engine.collect(counted), on="year", how="left")
    filled = table.fillna(0).astype("int64")
    return filled.loc[filled["observed"] > 0, ["year", "persons", "observed"]].reset_index(
        drop=True
    )
