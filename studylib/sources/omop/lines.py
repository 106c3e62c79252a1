"""Lines of event tables: which are kept, which are set aside and why, which visit they are of."""

from __future__ import annotations

from dataclasses import dataclass

import narwhals as nw

from studylib.sources.engine import Frame
from studylib.sources.omop import layout
from studylib.sources.omop.findings import Findings
from studylib.sources.omop.people import People
from studylib.sources.omop.raw import Cdm
from studylib.sources.omop.settings import Settings

LINE_COLUMNS = ("line", "person_id", "standard", "source", "visit", "start", "end", "quantity")


@dataclass(frozen=True)
class Reading:
    """What every event table needs: the CDM, its people, what it has cost, where to report."""

    cdm: Cdm
    people: People
    findings: Findings
    settings: Settings
    stays: Frame | None = None

    def accepted(self, table: str, lines: Frame) -> Frame:
        """The lines of known persons with a known day, in order; the others are set aside.

        ``lines`` holds LINE_COLUMNS and ``cost``, and may hold ``fault``, a reason of its own to
        refuse a line. Adds ``concept``: the standard concept, or the source's own when there is
        none (0), or missing. Checkpointed.
        """
        if "fault" not in lines.collect_schema().names():
            lines = lines.with_columns(nw.lit(None).cast(nw.String).alias("fault"))
        unordered = nw.when(nw.col("end") <= nw.col("start")).then(nw.lit("end_before_start"))
        lines = lines.with_columns(
            nw.coalesce(_or_none("standard"), _or_none("source")).alias("concept"),
            nw.coalesce(nw.col("fault"), unordered).alias("fault"),
        )
        judged = self.cdm.engine.checkpoint(self._judged(lines), f"{table}_judged")
        self._report(table, judged)
        kept = judged.filter(nw.col("reason").is_null())
        return self.cdm.engine.checkpoint(kept.drop("reason", "fault", "usable", "inside"), table)

    def _judged(self, lines: Frame) -> Frame:
        seen = (
            lines.select("person_id", "start")
            .unique()
            .join(
                self.people.observation.rename({"start": "from_", "end": "to"}),
                on="person_id",
                how="inner",
            )
            .filter((nw.col("start") >= nw.col("from_")) & (nw.col("start") < nw.col("to")))
            .select("person_id", "start", nw.lit(True).alias("inside"))
            .unique()
        )
        reasons = [
            (nw.col("usable").is_null(), nw.lit("nobody")),
            (~nw.col("usable"), nw.lit("person_set_aside")),
            (nw.col("start").is_null(), nw.lit("no_day")),
            (~nw.col("fault").is_null(), nw.col("fault")),
        ]
        if self.settings.outside_observation == "set_aside":
            reasons.append((nw.col("inside").is_null(), nw.lit("outside_observation")))
        reason: nw.Expr = nw.lit(None).cast(nw.String)
        for condition, word in reversed(reasons):
            reason = nw.when(condition).then(word).otherwise(reason)
        return (
            lines.join(self.people.known, on="person_id", how="left")
            .join(seen, on=["person_id", "start"], how="left")
            .with_columns(reason.alias("reason"))
        )

    def _report(self, table: str, judged: Frame) -> None:
        self.findings.volume(table, judged)
        of_lines = self.cdm.engine.count(judged)
        unseen = judged.filter(nw.col("inside").is_null())
        outside = self.cdm.engine.count(unseen)
        self.findings.link(table, "observation_period", of_lines, outside)
        repeated = nw.when(nw.len().over("line") > 1).then(nw.lit("repeated"))
        forms = judged.with_columns(repeated.otherwise(nw.lit("unique")).alias("form"))
        self.findings.coding(table, layout.table(table).key, forms)
        set_aside = judged.filter(~nw.col("reason").is_null()).select(
            "reason",
            nw.col("line").cast(nw.String),
            nw.col("person_id").cast(nw.String).alias("person"),
            nw.col("start").alias("day"),
            nw.col("concept").cast(nw.String).alias("code"),
            "quantity",
            nw.col("cost").alias("amount"),
        )
        self.findings.reject(table, set_aside, of_lines)

    def with_stay(self, table: str, lines: Frame) -> Frame:
        """``lines`` with ``stay_id``: their visit when it is a stay in hospital, or missing.

        Visits that are not in visit_occurrence are counted, and their lines kept.
        """
        none = nw.lit(None).cast(nw.Int64).alias("stay_id")
        visits = self.cdm.table("visit_occurrence") if self.cdm.has("visit_occurrence") else None
        named = lines.filter(nw.col("visit").fill_null(0) != 0)
        asked = self.cdm.engine.count(named)
        if visits is None or self.stays is None:
            self.findings.link(table, "visit_occurrence", asked, asked)
            return lines.with_columns(none)
        known = visits.select(nw.col("visit_occurrence_id").alias("visit"))
        unmatched = self.cdm.engine.count(named.join(known, on="visit", how="anti"))
        self.findings.link(table, "visit_occurrence", asked, unmatched)
        stays = self.stays.select(nw.col("stay_id").alias("visit"), "stay_id", "person_id")
        return lines.join(stays, on=["visit", "person_id"], how="left")


def _or_none(column: str) -> nw.Expr:
    """The concept, missing when it is 0 (« no matching concept »)."""
    return nw.when(nw.col(column) != 0).then(nw.col(column))
