"""Lines of the DCIR: those of every archive met once, and why some are no care to count."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_

import narwhals as nw

from studylib.sources.engine import Frame
from studylib.sources.quality import DAYS_AFTER_DEATH
from studylib.sources.snds.calendar import Period
from studylib.sources.snds.findings import Findings, line_key
from studylib.sources.snds.flow_cells import flow_cells
from studylib.sources.snds.layout import NINE_KEYS
from studylib.sources.snds.people import NO_DATE, TOO_LATE, UNKNOWN_PERSON
from studylib.sources.snds.raw import Raw

INFORMATION, SUPPLEMENT, DIRECT_BILLING, MET_TWICE = (
    "dpn_qlf_71",
    "supplement",
    "public_direct_billing",
    "met_twice",
)
NO_QUANTITY = "no_quantity"
IMPOSSIBLE_DATE, OUT_OF_FLOW, BEFORE_PERIOD, AFTER_DEATH = (
    "impossible_date",
    "out_of_flow",
    "before_period",
    "after_death",
)
FOR_INFORMATION = 71  # DPN_QLF, PRS_DPN_QLP
FIRST_SUPPLEMENT = 2  # CPL_MAJ_TOP
PUBLIC_DIRECT = 1  # ETE_IND_TAA
EXEMPTED = (41, 42, 43, 44, 45, 46)  # EXO_MTF: care exempted for an ALD


def united(
    raw: Raw, table: str, columns: Sequence[str], key: Sequence[str], findings: Findings
) -> Frame:
    """The lines of all archives and of the live table, none of them twice.

    A month of flow cut by two archives may have lines in both. The *strays* of a month, in any
    archive but the one that holds most of it, are compared with the others; doubles go to
    ``findings``.
    """
    strays = stray_places(raw, table)
    if not strays:
        return raw.table(table, columns).select(*columns)
    lines = raw.table(table, columns, archive=True)
    month, archive = nw.col("FLX_DIS_DTD"), nw.col("ARCHIVE")
    astray = reduce(or_, [(month == flow) & (archive == year) for flow, year in strays])
    shared = month.is_in(sorted({flow for flow, _ in strays}))
    found = raw.engine.checkpoint(lines.filter(astray).select(*columns), "strays")
    others = lines.filter(shared & ~astray).select(*key)
    doubles = found.join(others, on=[*key], how="semi")
    of_lines = raw.engine.count(lines.select("FLX_DIS_DTD"))
    findings.reject(table, MET_TWICE, doubles.select(line_key(key)), of_lines)
    kept = raw.engine.checkpoint(not_met(found, others, key), "strays_met_once")
    return nw.concat([lines.filter(~astray).select(*columns), kept])


def stray_places(raw: Raw, table: str) -> list[tuple[int, int]]:
    """Months of flow and archives (first day, year) of which another archive holds more."""
    cells = flow_cells(raw, table).dropna(subset=["FLX_DIS_DTD"])
    rest = cells[cells.duplicated("FLX_DIS_DTD", keep="last")]
    return [
        (int(flow), int(year))
        for flow, year in zip(rest["FLX_DIS_DTD"], rest["ARCHIVE"], strict=True)
    ]


def not_met(found: Frame, others: Frame, key: Sequence[str]) -> Frame:
    """The lines of ``found`` whose whole key is not among ``others``."""
    return found.join(others, on=[*key], how="anti")


def for_information() -> nw.Expr:
    """Lines sent for information only (DPN_QLF or PRS_DPN_QLP 71); a missing value is none."""
    own, sent = nw.col("DPN_QLF").fill_null(0), nw.col("PRS_DPN_QLP").fill_null(0)
    return (own == FOR_INFORMATION) | (sent == FOR_INFORMATION)


def supplement() -> nw.Expr:
    """Lines that add to the amount of another one (CPL_MAJ_TOP 2 and over)."""
    return nw.col("CPL_MAJ_TOP").fill_null(0) >= FIRST_SUPPLEMENT


def direct_billing(raw: Raw, findings: Findings) -> Frame | None:
    """Nine keys of the lines by which public hospitals bill directly; None when there are none.

    Their care is in the PMSI. Town lines have no line in ER_ETE_F at all, hence a left join.
    """
    if not raw.has("ER_ETE_F"):
        return None
    columns = [*NINE_KEYS, "ETE_IND_TAA"]
    lines = united(raw, "ER_ETE_F", columns, NINE_KEYS, findings)
    found = raw.engine.checkpoint(
        lines.filter(nw.col("ETE_IND_TAA") == PUBLIC_DIRECT)
        .select(*NINE_KEYS, nw.lit(True).alias("direct"))
        .unique([*NINE_KEYS], keep="any"),
        "direct_billing",
    )
    return found if raw.engine.count(found) else None


def marked_direct(lines: Frame, direct: Frame | None) -> Frame:
    """Adds ``direct``: whether a public hospital billed the line directly."""
    if direct is None:
        return lines.with_columns(nw.lit(False).alias("direct"))
    joined = lines.join(direct, on=list(NINE_KEYS), how="left")
    return joined.with_columns(nw.col("direct").fill_null(False))


def with_person(lines: Frame, lookup: Frame) -> Frame:
    """Adds person_id, death_date and why the person cannot be followed (unfollowed).

    ``lookup`` has one row per pseudonym and birth rank: psa, rng_gem, person_id, unfollowed,
    death_date.
    """
    joined = lines.join(
        lookup, left_on=["BEN_NIR_PSA", "BEN_RNG_GEM"], right_on=["psa", "rng_gem"], how="left"
    )
    missing = nw.when(nw.col("person_id").is_null()).then(nw.lit(UNKNOWN_PERSON))
    return joined.with_columns(missing.otherwise(nw.col("unfollowed")).alias("unfollowed"))


def reason(seen: Period) -> nw.Expr:
    """Why a line is set aside, the first reason that holds; null for a line to keep.

    Needs day, direct, unfollowed, death_date and the columns of the qualifiers.
    """
    day = nw.col("day")
    cases = (
        (for_information(), INFORMATION),
        (supplement(), SUPPLEMENT),
        (nw.col("direct"), DIRECT_BILLING),
        (impossible(), IMPOSSIBLE_DATE),
        (day >= seen.end, OUT_OF_FLOW),
        (day < seen.start, BEFORE_PERIOD),
    )
    # Spark and DuckDB alike read the cases in order; the last ones need a person.
    last = (
        nw.when(~nw.col("unfollowed").is_null())
        .then(nw.col("unfollowed"))
        .when(after_death())
        .then(nw.lit(AFTER_DEATH))
        .otherwise(nw.lit(None, nw.String()))
    )
    for test, name in reversed(cases):
        last = nw.when(test).then(nw.lit(name)).otherwise(last)
    return last


def or_no_quantity(reason: nw.Expr, quantity: nw.Expr) -> nw.Expr:
    """The reason, or that the line has no quantity: nothing tells whether it is a dispensing."""
    return nw.coalesce(reason, nw.when(quantity.is_null()).then(nw.lit(NO_QUANTITY)))


def impossible() -> nw.Expr:
    """No day of care at all: missing, 1600-01-01 or before, 2099 and after."""
    day = nw.col("day")
    return day.is_null() | (day <= NO_DATE) | (day >= TOO_LATE)


def after_death() -> nw.Expr:
    """Care more than some days after the person's death."""
    return (nw.col("day") > nw.col("death_date") + DAYS_AFTER_DEATH).fill_null(False)


def exempted() -> nw.Expr:
    """Whether the care was exempted for an ALD (EXO_MTF 41 to 46)."""
    return nw.col("EXO_MTF").is_in(list(EXEMPTED)).fill_null(False)


def cents(amount: nw.Expr) -> nw.Expr:
    """An amount in euros as whole cents, halves away from zero: sums of them are exact."""
    size = (amount.abs() * 100 + 0.500001).floor()
    return nw.when(amount < 0).then(-size).otherwise(size).cast(nw.Int64())
