"""Time at risk cut where exposure changes, for drugs that come and go during follow-up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import narwhals as nw
import pandas as pd

from studylib.codes import Codelist
from studylib.cohort.exposure.episodes import covered
from studylib.cohort.people import Cohort, pool
from studylib.cohort.supply import dispensing_days
from studylib.errors import StudyError
from studylib.sources import Frame

_NEXT = 1  # a day reads what was in use the day before


def exposure_intervals(
    cohort: Cohort,
    follow_up: Frame,
    drugs: Mapping[str, Codelist],
    *,
    grace_days: int = 30,
    lag_days: int = 0,
    risk_window_days: int = 0,
) -> Frame:
    """Follow-up in stretches with the same exposure: the risk_intervals columns, a flag per drug.

    Columns: person_id, arm, region, start and end in days since entry, event (on the last stretch
    of those who had it), then one flag per name of ``drugs``. The flag of a day says what was in
    use the day before: a drug begun on the day of an outcome is often what answers it, and cannot
    be its cause. A drug is in use over its episodes (see ``episodes``) begun ``lag_days`` later and
    ended ``risk_window_days`` later. Stretches are cut at changes only, so that rows are as many as
    changes, not days. Checkpointed.
    """
    if lag_days < 0 or risk_window_days < 0 or not drugs:
        raise StudyError(
            f"Exposition variable : décalage de {lag_days} jours, fenêtre de {risk_window_days} "
            f"jours, {len(drugs)} médicament ; 0 jour ou plus et un médicament au moins attendus."
        )
    engine = cohort.source.engine
    followed = follow_up.select("person_id", "entry", "exit")
    spans = _spans(cohort, followed, drugs, grace_days)
    used = spans.join(followed, on="person_id", how="inner").select(
        "person_id",
        "arm",
        nw.max_horizontal(nw.col("start") + lag_days + _NEXT, "entry").alias("start"),
        nw.min_horizontal(nw.col("end") + risk_window_days + _NEXT, "exit").alias("end"),
    )
    used = engine.checkpoint(used.filter(nw.col("start") < nw.col("end")), "exposed_spans")
    stretches = engine.checkpoint(_stretches(followed, used), "stretches")
    table = _flagged(follow_up, stretches, used, list(drugs))
    return engine.checkpoint(table, "exposure_intervals")


def exposure_eras(
    cohort: Cohort, drugs: Mapping[str, Codelist], *, grace_days: int = 30
) -> pd.DataFrame:
    """The episodes (see ``episodes``) of each drug, for sampled designs: collected.

    Columns: person_id, drug, start, end; rows in that order. A drug need not be an arm.
    """
    spans = _spans(cohort, cohort.people, drugs, grace_days)
    order = ["person_id", "drug", "start"]
    eras = spans.rename({"arm": "drug"}).select(*order, "end").sort(*order)
    return cohort.source.engine.collect(eras)


def collect_stretches(
    cohort: Cohort, intervals: Frame, covariates: Sequence[str] = ()
) -> pd.DataFrame:
    """``exposure_intervals`` as pandas, with the covariates named: ready for ``risk``.

    Columns: those of ``exposure_intervals``, then the covariates as numbers. EstimationError when
    the cohort is empty.
    """
    pool(cohort)
    known = cohort.people.select("person_id", *covariates)
    table = cohort.source.engine.collect(
        intervals.join(known, on="person_id", how="left").sort("person_id", "start")
    )
    return table.astype({"event": bool, **dict.fromkeys(covariates, float)})


def _spans(cohort: Cohort, persons: Frame, drugs: Mapping[str, Codelist], grace_days: int) -> Frame:
    """Episodes of the drugs for those persons: person_id, arm, start, end."""
    if len(cohort.key) > 1 or not drugs:
        raise StudyError(
            "Exposition variable : une entrée par personne et un médicament au moins sont attendus."
        )
    given = dispensing_days(cohort.source, drugs).join(
        persons.select("person_id"), on="person_id", how="semi"
    )
    return covered(cohort.source.engine, given, grace_days=grace_days, carry_over=True)


def _stretches(followed: Frame, used: Frame) -> Frame:
    """person_id, start, end: time at risk cut wherever a span begins or ends."""
    cuts = nw.concat(
        [
            followed.select("person_id", nw.col("entry").alias("start")),
            followed.select("person_id", nw.col("exit").alias("start")),
            used.select("person_id", "start"),
            used.select("person_id", nw.col("end").alias("start")),
        ]
    ).unique()
    following = nw.col("start").shift(-1).over("person_id", order_by="start")
    return cuts.with_columns(following.alias("end")).filter(~nw.col("end").is_null())


def _flagged(follow_up: Frame, stretches: Frame, used: Frame, names: list[str]) -> Frame:
    """Stretches with who they belong to, their event, and the drugs in use throughout."""
    spans = used.rename({"start": "from_", "end": "to"})
    inside = stretches.join(spans, on="person_id", how="inner").filter(
        (nw.col("from_") <= nw.col("start")) & (nw.col("to") >= nw.col("end"))
    )
    flags = inside.group_by("person_id", "start").agg(
        *[(nw.col("arm") == name).any().alias(name) for name in names]
    )
    rows = stretches.join(
        follow_up.select("person_id", "arm", "region", "entry", "exit", "event"),
        on="person_id",
        how="inner",
    ).join(flags, on=["person_id", "start"], how="left")
    return rows.select(
        "person_id",
        "arm",
        "region",
        (nw.col("start") - nw.col("entry")).alias("start"),
        (nw.col("end") - nw.col("entry")).alias("end"),
        (nw.col("event") & (nw.col("end") == nw.col("exit"))).alias("event"),
        *[nw.col(name).fill_null(False) for name in names],
    )
