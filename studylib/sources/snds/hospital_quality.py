"""What the reading of the hospitals tells of their tables: stays set aside, definitions, codes."""

from __future__ import annotations

import narwhals as nw
import pandas as pd

from studylib.referentials import departments
from studylib.sources.engine import Frame
from studylib.sources.snds.findings import Findings, line_key
from studylib.sources.snds.hospital_stays import KEY
from studylib.sources.snds.raw import Raw

REASONS = (
    "no_key",
    "error_group",
    "duplicate_finess",
    "other_establishment",
    "inter_establishment",
    "automatic_rsa",
)
BREAK_OF_2009 = 2009
CODING = ["table", "column", "year", "form", "lines"]


def set_aside(raw: Raw, base: Frame, findings: Findings) -> None:
    """Writes the stays set aside, badly linked or not valued, with their keys and amounts."""
    engine = raw.engine
    lines = engine.count(base)
    kept = base.filter(nw.col("reason").is_null())
    kept_lines = engine.count(kept)
    for reason in REASONS:
        findings.reject("T_MCOaaB", reason, _shown(base.filter(nw.col("reason") == reason)), lines)
    for reason in ("return_code", "unknown_person", "no_exact_date"):
        chosen = _shown(kept.filter(nw.col("link") == reason))
        findings.reject("T_MCOaaC", reason, chosen, kept_lines)
    unvalued = _shown(kept.filter(nw.col("cost").is_null()))
    findings.reject("T_MCOaaVALO", "no_valuation", unvalued, kept_lines)
    without = engine.count(base.filter(nw.col("linked").is_null()))
    findings.link("T_MCOaaB", "T_MCOaaC", lines, without)
    right = kept.filter(nw.col("linked").fill_null(False))
    unknown = engine.count(right.filter(nw.col("known_person").is_null()))
    findings.link("T_MCOaaC", "IR_BEN_R", engine.count(right), unknown)
    undated = engine.count(base.filter(nw.col("month_known").is_null()))
    findings.link("T_MCOaaB", "SOR_ANN, SOR_MOI", lines, undated)
    by_day = base.with_columns((nw.col("end") - 1).alias("care_day"))
    findings.volume(
        by_day.filter(~nw.col("care_day").is_null())
        .group_by("care_day")
        .agg(nw.len().alias("lines"), nw.col("cost").sum().alias("amount"))
        .with_columns(nw.lit("T_MCOaaB").alias("table"))
    )


def _shown(stays: Frame) -> Frame:
    return stays.select(
        line_key(KEY),
        nw.col("psa").alias("person"),
        (nw.col("end") - 1).alias("day"),
        nw.col("ghm").alias("code"),
        nw.lit(1.0).alias("quantity"),
        nw.col("cost").alias("amount"),
    )


def note_definitions(raw: Raw, findings: Findings) -> None:
    """Years on either side of 2009, when the principal diagnosis changed its meaning."""
    years = raw.years("T_MCOaaB")
    if not years or years[0] >= BREAK_OF_2009:
        return
    rows = [
        ("T_MCOaaB", "DGN_PAL", year, "before_2009" if year < BREAK_OF_2009 else "since_2009", 0)
        for year in years
    ]
    findings.coding(pd.DataFrame(rows, columns=CODING))


def check_departments(raw: Raw, kept: Frame, findings: Findings) -> None:
    """Departments of residence that are none of the 101: abroad, military, or a wrong code."""
    counted = raw.engine.collect(
        kept.group_by("department").agg(
            nw.len().alias("lines"), nw.col("cost").sum().alias("amount")
        )
    )
    unknown = counted[~counted["department"].isin(departments()["code"])]
    findings.link(
        "T_MCOaaB", "departments", int(counted["lines"].sum()), int(unknown["lines"].sum())
    )
    findings.unknown(
        unknown.rename(columns={"department": "code"}).assign(
            table="T_MCOaaB", column="BDI_DEP", system="department"
        )
    )


def note_absent(raw: Raw, table: str, columns: list[str], findings: Findings) -> None:
    """Columns that no year gives, because their whole table is absent."""
    rows = [(table, column, year, "absent", 0) for year in raw.years("T_MCOaaB")
            for column in columns]  # fmt: skip
    findings.coding(pd.DataFrame(rows, columns=CODING))
