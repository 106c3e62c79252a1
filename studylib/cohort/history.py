"""What was used before index: stays in hospital, drugs, money."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import narwhals as nw

from studylib.cohort.people import Cohort
from studylib.errors import StudyError
from studylib.sources import Frame

COMPONENTS = ("dispensings", "stays", "consultations", "hospital_drugs")


def hospital_history(
    cohort: Cohort, *, days_before: int = 365, counted: Literal["present", "admitted"] = "present"
) -> Frame:
    """Stays before index: the key, stays, hospital_days, emergency_stays, days_since_stay.

    The window is the ``days_before`` days before the index day. With ``present`` a stay counts when
    one of its days lies in the window; with ``admitted``, when its first day does. In both, the
    stay began before index. ``hospital_days`` are the days of the window spent in these stays, each
    once however many stays cover it. ``emergency_stays`` entered through emergencies.
    ``days_since_stay`` runs from the end of the latest of these stays (the day after its last one)
    to the index day, 0 when it still went on; missing without a stay. A stay lasts one day at
    least. Checkpointed.
    """
    low = nw.col("index_date") - _window(days_before)
    if counted not in ("present", "admitted"):
        raise StudyError(f"Séjours antérieurs : counted vaut « {counted} » ; present ou admitted.")
    stays = _stays(cohort, "emergency")
    seen = nw.col("end") > low if counted == "present" else nw.col("start") >= low
    found = (
        cohort.index()
        .join(stays, on="person_id", how="inner")
        .filter((nw.col("start") < nw.col("index_date")) & seen)
        .with_columns(
            nw.max_horizontal(nw.col("start"), low).alias("start"),
            nw.min_horizontal("end", "index_date").alias("end"),
            nw.col("emergency").cast(nw.Int64()),
        )
    )
    found = cohort.source.engine.checkpoint(found, "stays_before")
    totals = _stay_totals(found, list(cohort.key))
    return _filled(cohort, totals, ["stays", "hospital_days", "emergency_stays"])


def _stay_totals(found: Frame, keys: list[str]) -> Frame:
    """Stays cut to the window, added up by key; a day that several cover counts once."""
    furthest = nw.col("end").cum_max().over(*keys, order_by=["start", "end"])
    shifted = nw.col("furthest").shift(1).over(*keys, order_by=["start", "end"])
    ordered = found.with_columns(furthest.alias("furthest")).with_columns(shifted.alias("before"))
    fresh = nw.col("end") - nw.max_horizontal("start", "before")
    new_days = nw.when(fresh > 0).then(fresh).otherwise(0)
    last = nw.col("index_date") - nw.col("end")
    return (
        ordered.with_columns(new_days.alias("new_days"), last.alias("last"))
        .group_by(*keys)
        .agg(
            nw.len().cast(nw.Int64()).alias("stays"),
            nw.col("new_days").sum().cast(nw.Int64()).alias("hospital_days"),
            nw.col("emergency").sum().cast(nw.Int64()).alias("emergency_stays"),
            nw.col("last").min().cast(nw.Int64()).alias("days_since_stay"),
        )
    )


def _stays(cohort: Cohort, column: str) -> Frame:
    """person_id, start, end and ``column`` of every stay, of one day at least."""
    end = nw.max_horizontal(nw.col("end"), nw.col("start") + 1).alias("end")
    return cohort.source.table("stays").select("person_id", "start", end, column)


def prior_drugs(cohort: Cohort, *, days_before: int = 365) -> Frame:
    """Dispensings that began in the days before index: the key, drugs, spent.

    ``drugs`` counts different ATC codes, ``spent`` the amounts reimbursed, in euros. One reading of
    the dispensings. Checkpointed.
    """
    found = _begun(cohort, "dispensings", ["atc", "cost"], days_before)
    totals = found.group_by(*cohort.key).agg(
        nw.col("atc").n_unique().cast(nw.Int64()).alias("drugs"),
        _cents(nw.col("cost")).sum().cast(nw.Int64()).alias("cents"),
    )
    filled = _filled(cohort, totals, ["drugs", "cents"], checkpoint=False)
    spent = (nw.col("cents").cast(nw.Float64()) / 100).alias("spent")
    return cohort.source.engine.checkpoint(filled.with_columns(spent).drop("cents"), "prior_drugs")


def prior_cost(
    cohort: Cohort,
    *,
    days_before: int = 365,
    components: Sequence[str] = COMPONENTS,
    stays: Literal["admitted", "prorated"],
) -> Frame:
    """Amounts reimbursed before index, in euros: the key, cost_COMPONENT for each, and cost.

    Components are event tables: dispensings, stays, consultations, hospital_drugs; ``cost`` adds
    them up. What began in the ``days_before`` days before the index day counts whole. For stays,
    ``admitted`` does the same, and ``prorated`` counts of each stay the share of its days that lie
    in the window (one day at least a stay), rounded to the cent. Amounts are summed in whole cents:
    every engine finds the same. Those of a source are at the prices of their own year, seen by the
    payer. Checkpointed. StudyError for an unknown or repeated component.
    """
    wrong = [name for name in components if name not in COMPONENTS]
    if wrong or not components or len(set(components)) < len(components):
        raise StudyError(
            f"Coûts antérieurs : composantes reçues {', '.join(components) or 'aucune'} ; choisir "
            f"une fois chacune parmi {', '.join(COMPONENTS)}."
        )
    if stays not in ("admitted", "prorated"):
        raise StudyError(f"Coûts antérieurs : stays vaut « {stays} » ; admitted ou prorated.")
    table = cohort.people.select(*cohort.key)
    for name in components:
        if name == "stays" and stays == "prorated":
            found = _prorated(cohort, days_before)
        else:
            found = _whole(cohort, name, days_before)
        total = nw.col("cents").sum().cast(nw.Int64()).alias(f"cost_{name}")
        sums = found.group_by(*cohort.key).agg(total)
        table = table.join(sums, on=list(cohort.key), how="left")
        table = cohort.source.engine.checkpoint(table, f"cost_{name}")
    names = [f"cost_{name}" for name in components]
    whole = table.with_columns(*[nw.col(name).fill_null(0) for name in names]).with_columns(
        nw.sum_horizontal(*names).cast(nw.Int64()).alias("cost")
    )
    euros = [(nw.col(name).cast(nw.Float64()) / 100).alias(name) for name in (*names, "cost")]
    return cohort.source.engine.checkpoint(whole.with_columns(*euros), "prior_cost")


def _begun(cohort: Cohort, table: str, columns: Sequence[str], days_before: int) -> Frame:
    """Rows of ``table`` that began in the window, with the key."""
    events = cohort.source.table(table).select(*dict.fromkeys(("person_id", "start", *columns)))
    low = nw.col("index_date") - _window(days_before)
    return (
        cohort.index()
        .join(events, on="person_id", how="inner")
        .filter((nw.col("start") < nw.col("index_date")) & (nw.col("start") >= low))
        .select(*dict.fromkeys((*cohort.key, *columns)))
    )


def _whole(cohort: Cohort, table: str, days_before: int) -> Frame:
    """What began in the window: the key and the cents of each row."""
    begun = _begun(cohort, table, ["cost"], days_before)
    return begun.with_columns(_cents(nw.col("cost")).alias("cents"))


def _prorated(cohort: Cohort, days_before: int) -> Frame:
    """Stays with a day in the window: the key and the cents of those days."""
    low = nw.col("index_date") - _window(days_before)
    events = _stays(cohort, "cost")
    inside = nw.min_horizontal("end", "index_date") - nw.max_horizontal(nw.col("start"), low)
    length = nw.col("end") - nw.col("start")
    share = inside.cast(nw.Float64()) / length.cast(nw.Float64())
    return (
        cohort.index()
        .join(events, on="person_id", how="inner")
        .filter((nw.col("start") < nw.col("index_date")) & (nw.col("end") > low))
        .with_columns((nw.col("cost").cast(nw.Float64()) * share).alias("part"))
        .with_columns(_cents(nw.col("part")).alias("cents"))
    )


def _cents(euros: nw.Expr) -> nw.Expr:
    """Whole cents, halves upwards: sums of whole numbers do not depend on their order."""
    return (euros.cast(nw.Float64()) * 100 + 0.5).floor().cast(nw.Int64())


def _window(days_before: int) -> int:
    if days_before < 1:
        raise StudyError(f"Historique de {days_before} jours : il en faut au moins un.")
    return days_before


def _filled(
    cohort: Cohort, totals: Frame, counts: Sequence[str], *, checkpoint: bool = True
) -> Frame:
    """``totals`` for every row of the cohort, zero where there is nothing."""
    rows = cohort.people.select(*cohort.key).join(totals, on=list(cohort.key), how="left")
    filled = rows.with_columns(*[nw.col(name).fill_null(0) for name in counts])
    return cohort.source.engine.checkpoint(filled, "history") if checkpoint else filled
