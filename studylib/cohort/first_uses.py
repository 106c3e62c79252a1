"""First use of two treatments by each person, after a time observed without either of them."""

from __future__ import annotations

from datetime import date

import narwhals as nw
import pandas as pd

from studylib.codes import Codelist
from studylib.cohort.days import day
from studylib.cohort.observation import continuous
from studylib.errors import StudyError
from studylib.sources import Frame, Source


def first_uses(
    source: Source,
    index: Codelist,
    marker: Codelist,
    *,
    run_in_days: int = 365,
    period: tuple[date, date] | None = None,
    observation_gap_days: int = 0,
) -> pd.DataFrame:
    """Persons who begin one of two treatments: person_id, index_day, marker_day, region.

    A day is missing when the person does not begin that treatment. The first event of a list in
    all the data is a beginning when the person was already observed for ``run_in_days`` before
    it, without an interruption of more than ``observation_gap_days`` (see ``continuous``), and when
    it falls within ``period`` (both ends included); a list may be of drugs, of diagnoses or of
    procedures. Collected, one row a person, in the order of persons.
    """
    if run_in_days < 0:
        raise StudyError(f"Première utilisation : {run_in_days} jours exigés avant ; 0 ou plus.")
    observed = continuous(source.engine, source.table("observation"), gap_days=observation_gap_days)
    limits = None if period is None else (day(period[0]), day(period[1]))
    begun = [
        _begun(source, one, observed, name, run_in_days, limits)
        for one, name in ((index, "index_day"), (marker, "marker_day"))
    ]
    persons = source.table("persons").select("person_id", "region")
    both = persons.join(begun[0], on="person_id", how="left").join(
        begun[1], on="person_id", how="left"
    )
    starters = both.filter(~nw.col("index_day").is_null() | ~nw.col("marker_day").is_null())
    found = source.engine.collect(source.engine.checkpoint(starters, "first_uses"))
    days = {name: "Int64" for name in ("index_day", "marker_day")}
    return found.astype(days).sort_values("person_id", ignore_index=True)


def _begun(
    source: Source,
    codelist: Codelist,
    observed: Frame,
    name: str,
    run_in_days: int,
    limits: tuple[int, int] | None,
) -> Frame:
    """person_id and the first day of the list, where it is a beginning."""
    first = (
        source.events(codelist)
        .select("person_id", "start")
        .group_by("person_id")
        .agg(nw.col("start").min().cast(nw.Int64()).alias(name))
    )
    inside = first.join(observed, on="person_id", how="inner").filter(
        (nw.col(name) >= nw.col("observed_from") + run_in_days)
        & (nw.col(name) < nw.col("observed_to"))
    )
    kept = inside.select("person_id", name)
    if limits is not None:
        kept = kept.filter((nw.col(name) >= limits[0]) & (nw.col(name) <= limits[1]))
    return source.engine.checkpoint(kept.group_by("person_id").agg(nw.col(name).min()), name)
