"""Conditions, procedures, measurements, observations and devices, as events."""

from __future__ import annotations

import narwhals as nw

from studylib.sources.engine import Frame
from studylib.sources.omop import layout
from studylib.sources.omop.costs import with_cost
from studylib.sources.omop.lines import Reading
from studylib.sources.omop.settings import Settings

# Concepts of condition_status_concept_id. Others do not rank the diagnosis.
PRINCIPAL = (32902, 32903, 32904, 32905, 32906)  # primary: stated, admission, discharge…
ASSOCIATED = (32907, 32908, 32909, 32910)  # secondary: admission, stated, discharge…


def lines_of(table: str, prefix: str, *, until: nw.Expr, start: str | None = None) -> list[nw.Expr]:
    """The LINE_COLUMNS of a table whose columns begin with ``prefix``; ``until`` ends the line.

    ``start`` names the column of the first day when it does not follow the table's own name.
    """
    named = {column.name for column in layout.table(table).columns}
    source, visit = f"{prefix}_source_concept_id", "visit_occurrence_id"
    none = nw.lit(None).cast(nw.Int64)
    return [
        nw.col(layout.table(table).key).alias("line"),
        nw.col("person_id"),
        nw.col(f"{prefix}_concept_id").alias("standard"),
        (nw.col(source) if source in named else none).alias("source"),
        (nw.col(visit) if visit in named else none).alias("visit"),
        nw.col(start or f"{table}_start_date").alias("start"),
        until.alias("end"),
        nw.lit(1.0).alias("quantity"),
    ]


def conditions(reading: Reading, settings: Settings) -> Frame:
    """Accepted condition lines with their ``position``, from the table ``settings`` names."""
    if settings.conditions == "era":
        raw = reading.cdm.table("condition_era")
        lines = raw.select(
            *lines_of("condition_era", "condition", until=nw.col("condition_era_end_date") + 1),
            nw.lit(0.0).alias("cost"),
            nw.lit(settings.unstated_position).alias("position"),
        )
        return reading.accepted("condition_era", lines)
    raw = reading.cdm.table("condition_occurrence")
    start, end = nw.col("condition_start_date"), nw.col("condition_end_date")
    # the first day alone when no end is known: an open condition would cover every later window
    lines = raw.select(
        *lines_of(
            "condition_occurrence",
            "condition",
            until=nw.coalesce(end + 1, start + 1),
            start="condition_start_date",
        ),
        _position(settings).alias("position"),
        nw.col("condition_status_concept_id").cast(nw.String).fill_null("absent").alias("form"),
    )
    reading.findings.coding("condition_occurrence", "condition_status_concept_id", lines)
    lines = with_cost(reading, lines.drop("form"), "Condition")
    return reading.accepted("condition_occurrence", lines)


def _position(settings: Settings) -> nw.Expr:
    status = nw.col("condition_status_concept_id")
    stated = nw.when(status.is_in(list(PRINCIPAL))).then(nw.lit("DP"))
    other = nw.when(status.is_in(list(ASSOCIATED))).then(nw.lit("DAS"))
    return stated.otherwise(other.otherwise(nw.lit(settings.unstated_position)))


def procedures(reading: Reading) -> Frame:
    """Accepted procedure lines, each of one day."""
    lines = reading.cdm.table("procedure_occurrence").select(
        *lines_of(
            "procedure_occurrence",
            "procedure",
            until=nw.col("procedure_date") + 1,
            start="procedure_date",
        ),
        nw.when(nw.col("quantity") > 0).then(nw.col("quantity")).alias("recorded"),
    )
    counted = nw.coalesce("recorded", nw.lit(1.0)).alias("quantity")
    lines = with_cost(reading, lines.with_columns(counted).drop("recorded"), "Procedure")
    return reading.accepted("procedure_occurrence", lines)


def other_events(reading: Reading, table: str) -> Frame:
    """Accepted lines of ``measurement``, ``observation`` or ``device_exposure``."""
    if table == "device_exposure":
        start = "device_exposure_start_date"
        until = nw.coalesce(nw.col("device_exposure_end_date") + 1, nw.col(start) + 1)
        expressions = lines_of(table, "device", until=until)
    else:
        start = f"{table}_date"
        expressions = lines_of(table, table, until=nw.col(start) + 1, start=start)
    lines = reading.cdm.table(table).select(*expressions, nw.lit(0.0).alias("cost"))
    return reading.accepted(table, lines)


def diagnoses(coded: Frame) -> Frame:
    """Conditions as event table DIAGNOSES; ``code`` empty when no ICD-10 code is meant."""
    return coded.select(
        "stay_id",
        "person_id",
        nw.col("code").fill_null(""),
        "position",
        "start",
        "end",
        "quantity",
        "cost",
    )


def acts(coded: Frame) -> Frame:
    """Procedures as event table PROCEDURES; ``code`` empty when it is no CCAM code."""
    columns = ("start", "end", "quantity", "cost")
    return coded.select("stay_id", "person_id", nw.col("code").fill_null(""), *columns)
