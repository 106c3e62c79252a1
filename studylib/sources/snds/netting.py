"""Netting: what is billed, then cancelled by an opposite line, never happened.

A correction is a line with the opposite quantity, often months later and in another bill. Lines of
one person, day, product, prescription, prescriber and dispenser are added up over every month of
flow collected. Only what a negative line touches needs it; the rest goes through as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw

from studylib.sources.engine import Engine, Frame
from studylib.sources.snds.findings import Findings, line_key

CANCELLED, ORPHAN, REGULARISED, NEGATIVE_AMOUNT = (
    "cancelled",
    "orphan_cancellation",
    "regularised",
    "negative_amount",
)
REASONS = (CANCELLED, ORPHAN, REGULARISED, NEGATIVE_AMOUNT)


def netted(
    engine: Engine,
    lines: Frame,
    group: Sequence[str],
    findings: Findings,
    table: str,
    key: Sequence[str],
) -> Frame:
    """The lines once corrections are taken into account, without their keys.

    ``lines`` has quantity (signed), cents and the columns of ``group`` (without null). Groups whose
    quantity is nil are cancelled; a negative one cancels something that is not there; both are set
    aside, like groups whose amount is negative. What remains of a corrected group is its first
    line, with the group's quantity and amount.
    """
    near = list(group[:3])  # person, day, product: enough to tell what a negative line may touch
    below = (nw.col("quantity") <= 0) | (nw.col("cents") < 0)  # an amount alone may be negative too
    negative = engine.checkpoint(
        lines.filter(below).select(*near).unique(near, keep="any"), "negative"
    )
    kept_columns = [name for name in lines.collect_schema().names() if name not in key]
    if not engine.count(negative):
        return lines.select(*kept_columns)
    untouched = lines.join(negative, on=near, how="anti").select(*kept_columns)
    touched = engine.checkpoint(summed(lines.join(negative, on=near, how="semi"), group), "touched")
    total = engine.count(lines)
    findings.reject_each(
        table, _shown(touched.filter(~nw.col("reason").is_null()), key), total, REASONS
    )
    types = untouched.collect_schema()
    merged = _merged(touched, group, kept_columns)
    return nw.concat(
        [untouched, merged.select(*[nw.col(name).cast(types[name]) for name in kept_columns])]
    )


def _merged(touched: Frame, group: Sequence[str], columns: Sequence[str]) -> Frame:
    """One line for each group that stands, with its quantity and amount."""
    standing = (nw.col("net_quantity") > 0) & (nw.col("net_cents") >= 0)
    sums = {"quantity": nw.col("quantity").sum(), "cents": nw.col("cents").sum()}
    rest = [name for name in columns if name not in group]
    firsts = [sums.get(name, nw.col(name).min()).alias(name) for name in rest]
    return touched.filter(standing).group_by(*group).agg(*firsts)


def summed(lines: Frame, group: Sequence[str]) -> Frame:
    """Adds net_quantity and net_cents, the sums over each group, and ``reason``."""
    sums = lines.with_columns(
        nw.col("quantity").sum().over(*group).alias("net_quantity"),
        nw.col("cents").sum().over(*group).cast(nw.Int64()).alias("net_cents"),
    )
    return sums.with_columns(_aside().alias("reason"))


def _aside() -> nw.Expr:
    """Why a line is set aside once its group is added up; null for one that stands."""
    net = nw.col("net_quantity")
    return (
        nw.when(net == 0)
        .then(nw.lit(CANCELLED))
        .when(net < 0)
        .then(nw.lit(ORPHAN))
        .when(nw.col("net_cents") < 0)
        .then(nw.lit(NEGATIVE_AMOUNT))
        .when(nw.col("quantity") < 0)
        .then(nw.lit(REGULARISED))
        .otherwise(nw.lit(None, nw.String()))
    )


def _shown(lines: Frame, key: Sequence[str]) -> Frame:
    return lines.select(
        "reason",
        line_key(key),
        "day",
        nw.col("product").alias("code"),
        "quantity",
        (nw.col("cents") / 100).alias("amount"),
    )
