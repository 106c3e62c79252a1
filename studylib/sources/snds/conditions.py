"""Long-term conditions (ALD): those of the register, and care exempted for one.

The two definitions disagree: in 2017, 16 % of registered persons had no exempted care and 5 % of
persons with exempted care were absent from the register. Event tables hold the register; how far
exempted care agrees with it is told among the findings.
"""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw
import pandas as pd

from studylib.sources.engine import Engine, Frame
from studylib.sources.snds.calendar import Period
from studylib.sources.snds.findings import Findings, line_key
from studylib.sources.snds.people import NO_DATE, PSEUDONYM, real_date, unfollowed
from studylib.sources.snds.raw import Raw

ALD_GROUNDS = (41, 43, 45)  # IMB_ETM_NAT: on the list, off the list, several diseases


def long_term_conditions(raw: Raw, known: Frame, findings: Findings, since: int) -> Frame:
    """ALD of the register: person_id, code (ICD-10), start, end (null while open), quantity, cost.

    The latest record of each person, cause and start; records of other grounds (accidents at
    work, invalidity) are set aside. ``since`` is the first day of the data.
    """
    records = raw.table("IR_IMB_R").join(
        known, left_on=PSEUDONYM, right_on=["psa", "rng_gem"], how="left"
    )
    total = raw.engine.count(records)
    _reject_records(findings, records.filter(~ald_ground()), "not_ald", total)
    kept = records.filter(ald_ground())
    for reason, lines in unfollowed(kept).items():
        _reject_records(findings, lines, reason, total)
    followed = kept.filter(nw.col("followable"))
    begun, coded = real_date("IMB_ALD_DTD"), nw.col("MED_MTF_COD")
    _reject_records(findings, followed.filter(begun.is_null()), "impossible_date", total)
    uncoded = followed.filter(~begun.is_null() & coded.is_null())
    _reject_records(findings, uncoded, "unknown_code", total)
    sound = followed.filter(~begun.is_null() & ~coded.is_null())
    mine = raw.engine.checkpoint(
        sound.with_columns(nw.col("INS_DTE").fill_null(NO_DATE)), "long_term"
    )
    latest = latest_record(mine)
    _reject_records(findings, latest.filter(~nw.col("latest")), "superseded", total)
    findings.coding(ald_numbers(raw.engine, latest.filter(nw.col("latest")), since))
    end = real_date("IMB_ALD_DTF") + 1  # the register tells the last day
    return (
        latest.filter(nw.col("latest"))
        .select(
            "person_id",
            nw.col("MED_MTF_COD").str.to_uppercase().alias("code"),
            nw.col("IMB_ALD_DTD").alias("start"),
            end.alias("end"),
            nw.lit(1.0).alias("quantity"),
            nw.lit(0.0).alias("cost"),
        )
        .unique(["person_id", "code", "start"], keep="any")
    )


def ald_ground() -> nw.Expr:
    """Records of an ALD (IMB_ETM_NAT), whatever its number: one numbered 0 is an ALD too."""
    return nw.col("IMB_ETM_NAT").is_in(list(ALD_GROUNDS)).fill_null(False)


def latest_record(records: Frame) -> Frame:
    """Adds ``latest``: a changed record is a new line with its own day of insertion."""
    same = ("person_id", "MED_MTF_COD", "IMB_ALD_DTD")
    return records.with_columns(
        (nw.col("INS_DTE") == nw.col("INS_DTE").max().over(*same)).alias("latest")
    )


def ald_numbers(engine: Engine, records: Frame, since: int) -> pd.DataFrame:
    """How the ALD number stands, by year of start: rows of ``codings``.

    Starts before the day ``since`` count in its year. A number 0 is no absence of ALD: the disease
    stays told by its ICD-10 code.
    """
    numbered = nw.when(nw.col("IMB_ALD_NUM") == 0).then(nw.lit("ald_0")).otherwise(nw.lit("ald_30"))
    days = engine.collect(
        records.group_by(nw.col("IMB_ALD_DTD").alias("day"), numbered.alias("form")).agg(
            nw.len().cast(nw.Int64()).alias("lines")
        )
    )
    year = pd.to_datetime(days["day"].clip(since, 50_000), unit="D").dt.year
    rows: pd.DataFrame = (
        days.assign(year=year).groupby(["year", "form"], as_index=False).agg({"lines": "sum"})
    )
    return rows.assign(table="IR_IMB_R", column="IMB_ALD_NUM")


def exempted_persons(raw: Raw, known: Frame, seen: Period, care: Sequence[Frame]) -> pd.DataFrame:
    """Persons by definition of ALD: flags registered and exempted, one row per person of either.

    Registered persons have a record of an ALD open in the period; exempted ones had care exempted
    for it. ``care`` has person_id and exempted; nothing says who the persons are.
    """
    mine = known.filter(nw.col("followable"))
    begun = nw.col("IMB_ALD_DTD") < seen.end
    last_day = real_date("IMB_ALD_DTF").fill_null(seen.end)
    active = raw.table("IR_IMB_R").filter(ald_ground() & begun & (last_day >= seen.start))
    registered = active.join(
        mine, left_on=PSEUDONYM, right_on=["psa", "rng_gem"], how="inner"
    ).select("person_id", nw.lit(True).alias("registered"), nw.lit(False).alias("exempted"))
    exempted = [
        frame.filter(nw.col("exempted")).select(
            "person_id", nw.lit(False).alias("registered"), nw.lit(True).alias("exempted")
        )
        for frame in care
    ]
    flags = nw.concat([registered, *exempted]).group_by("person_id")
    either = flags.agg(nw.col("registered").any(), nw.col("exempted").any())
    found: pd.DataFrame = raw.engine.collect(either.select("registered", "exempted")).astype(bool)
    return found


def _reject_records(findings: Findings, records: Frame, reason: str, total: int) -> None:
    findings.reject(
        "IR_IMB_R",
        reason,
        records.select(
            line_key(("BEN_NIR_PSA", "BEN_RNG_GEM", "MED_MTF_COD", "IMB_ALD_DTD", "INS_DTE")),
            nw.col("BEN_NIR_PSA").alias("person"),
            nw.col("IMB_ALD_DTD").alias("day"),
            nw.col("MED_MTF_COD").alias("code"),
        ),
        total,
    )
