"""What events cost the payer, when the CDM has a table of costs in euros."""

from __future__ import annotations

import narwhals as nw

from studylib.sources.engine import Frame
from studylib.sources.omop.lines import Reading

EURO = 44818568  # concept of the vocabulary Currency


def with_cost(reading: Reading, lines: Frame, domain: str) -> Frame:
    """``lines`` with ``cost``: what the payer paid, in euros; 0 when nothing is recorded.

    The total paid stands in where the payer's part is missing. Amounts in another currency, or in
    none stated, are no euros; those of an event that is absent, or whose identifier several lines
    share, have no place: all are left out and counted.
    """
    if not reading.cdm.has("cost"):
        return lines.with_columns(nw.lit(0.0).alias("cost"))
    amount = nw.coalesce("paid_by_payer", "total_paid").alias("amount")
    judged = reading.cdm.engine.checkpoint(
        _judged(reading, lines, domain).with_columns(amount), "costs"
    )
    set_aside = judged.filter(~nw.col("reason").is_null()).select(
        nw.concat_str(nw.col("reason"), nw.lit(f"_{domain.lower()}")).alias("reason"),
        nw.col("line").cast(nw.String),
        nw.lit(None).cast(nw.String).alias("person"),
        nw.lit(None).cast(nw.Int64).alias("day"),
        nw.col("currency_concept_id").cast(nw.String).alias("code"),
        nw.lit(None).cast(nw.Float64).alias("quantity"),
        "amount",
    )
    reading.findings.reject("cost", set_aside, reading.cdm.engine.count(judged))
    told = judged.filter(nw.col("reason").is_null())
    summed = told.group_by("line").agg(nw.col("amount").sum().alias("cost"))
    return lines.join(summed, on="line", how="left").with_columns(nw.col("cost").fill_null(0.0))


def _judged(reading: Reading, lines: Frame, domain: str) -> Frame:
    """The costs of a domain with ``reason``, why one is left out; null when it is kept."""
    costs = reading.cdm.table("cost").filter(
        nw.col("cost_domain_id").str.to_lowercase() == domain.lower()
    )
    in_euros = (nw.col("currency_concept_id") == EURO).fill_null(False)
    sharing = lines.group_by("line").agg(nw.len().alias("sharing"))
    shared = nw.col("sharing").fill_null(0)
    foreign = nw.when(~in_euros).then(nw.lit("other_currency"))
    reason = foreign.otherwise(
        nw.when(shared == 0)
        .then(nw.lit("event_absent"))
        .otherwise(nw.when(shared > 1).then(nw.lit("event_repeated")).otherwise(nw.lit(None)))
    )
    joined = costs.rename({"cost_event_id": "line"}).join(sharing, on="line", how="left")
    return joined.with_columns(reason.alias("reason"))
