"""Dose per day of an episode, from the strength of each pack."""

from __future__ import annotations

import narwhals as nw
import pandas as pd

from studylib.cohort.people import Cohort
from studylib.cohort.supply import listed, listed_arms
from studylib.errors import StudyError
from studylib.sources import Frame


def daily_dose(cohort: Cohort, spans: Frame, *, per_pack: pd.DataFrame) -> Frame:
    """Mean dose per day of each episode: person_id, arm, start, end, dose, unknown, dose_per_day.

    ``per_pack`` has one row per pack, cip13 and dose: what a pack holds in the unit wanted (DDD,
    tablets, milligrams). ``dose`` sums packs × dose over the arm's dispensings that begin within
    ``[start, end)`` of the episode in ``spans`` (see ``episodes``); ``unknown`` counts the
    dispensings whose pack is not in the table, and ``dose_per_day`` = dose / (end - start) is
    missing when there is one, rather than too low. Checkpointed.
    """
    known, given = _strengths(cohort, per_pack), _given(cohort)
    by = ["person_id", "arm", "start", "end"]
    inside = (
        spans.select(*by)
        .join(given, on=["person_id", "arm"], how="inner")
        .filter((nw.col("given_on") >= nw.col("start")) & (nw.col("given_on") < nw.col("end")))
        .join(known, on="cip13", how="left")
        .with_columns(
            (nw.col("packs") * nw.col("dose")).alias("given"),
            nw.col("known").is_null().cast(nw.Int64()).alias("unknown"),
        )
        .group_by(*by)
        .agg(
            nw.col("given").sum().alias("dose"),
            nw.col("unknown").sum().cast(nw.Int64()).alias("unknown"),
        )
    )
    rows = spans.select(*by).join(inside, on=by, how="left")
    filled = rows.with_columns(nw.col("dose").fill_null(0.0), nw.col("unknown").fill_null(0))
    days = (nw.col("end") - nw.col("start")).cast(nw.Float64())
    per_day = nw.when(nw.col("unknown") == 0).then(nw.col("dose") / days).otherwise(nw.lit(None))
    table = filled.with_columns(per_day.cast(nw.Float64()).alias("dose_per_day"))
    return cohort.source.engine.checkpoint(table, "daily_dose")


def _strengths(cohort: Cohort, per_pack: pd.DataFrame) -> Frame:
    """cip13, dose and known, 1 for every pack of the table."""
    repeated = per_pack["cip13"].duplicated()
    if repeated.any():
        code = per_pack.loc[repeated, "cip13"].iloc[0]
        raise StudyError(
            f"Dose par boîte : le code CIP13 {code} figure deux fois dans la table ; n'y garder "
            "qu'une dose par boîte."
        )
    strengths = per_pack[["cip13", "dose"]].astype({"cip13": str, "dose": float})
    loaded = cohort.source.engine.load(strengths, "dose_per_pack")
    return loaded.with_columns(nw.lit(1).cast(nw.Int64()).alias("known"))


def _given(cohort: Cohort) -> Frame:
    """Dispensings of every arm: person_id, arm, given_on, cip13, packs."""
    return nw.concat(
        [
            listed(cohort.source, "dispensings", codelist).select(
                "person_id",
                nw.lit(name).alias("arm"),
                nw.col("start").alias("given_on"),
                "cip13",
                nw.col("quantity").cast(nw.Float64()).alias("packs"),
            )
            for name, codelist in listed_arms(cohort).items()
        ]
    )
