"""What a reading notes of care in town for the quality of the data: volumes, codes, links."""

from __future__ import annotations

import narwhals as nw
import pandas as pd

from studylib.sources.engine import Frame
from studylib.sources.snds import residence
from studylib.sources.snds.findings import Findings, line_key
from studylib.sources.snds.lines import OUT_OF_FLOW
from studylib.sources.snds.raw import Raw
from studylib.sources.snds.town import FEES, NO_PRESTATION

FEES_TABLE = "ER_PRS_F (fees)"  # the name of dispensing fees among the volumes
EXEMPTED_CARE = "ER_PRS_F (EXO_MTF 41-46)"


def note_volumes(raw: Raw, findings: Findings) -> None:
    """Volumes of ER_PRS_F by month of care and of flow, fees apart; departments unheard of."""
    columns = ["EXE_SOI_DTD", "FLX_DIS_DTD", "PRS_NAT_REF", "BSE_REM_MNT", "BEN_RES_DPT"]
    lines = raw.table("ER_PRS_F", columns)
    fee = nw.col("PRS_NAT_REF").is_in(list(FEES)).fill_null(False)
    cells = raw.engine.collect(
        lines.group_by(
            nw.when(fee).then(nw.lit(FEES_TABLE)).otherwise(nw.lit("ER_PRS_F")).alias("table"),
            nw.col("EXE_SOI_DTD").alias("care_day"),
            nw.col("FLX_DIS_DTD").alias("flow_day"),
        ).agg(
            nw.len().cast(nw.Int64()).alias("lines"),
            nw.col("BSE_REM_MNT").sum().alias("amount"),
        )
    )
    findings.volume(cells.dropna(subset=["care_day"]))
    homes = raw.engine.collect(
        lines.group_by(nw.col("BEN_RES_DPT").alias("home")).agg(
            nw.len().cast(nw.Int64()).alias("lines"), nw.col("BSE_REM_MNT").sum().alias("amount")
        )
    )
    unknown = residence.unknown_spellings(homes).rename(columns={"home": "code"})
    findings.unknown(unknown.assign(table="ER_PRS_F", column="BEN_RES_DPT", system="department"))


def note_packs(raw: Raw, findings: Findings, lines: Frame, dispensings: Frame) -> None:
    """Volumes of drugs; packs without ATC or unknown, with their euros; how packs are written.

    ``lines`` are the fine lines, kept or not, ``dispensings`` the events made of them. Volumes
    hold care after the cut-off too, as those of ER_PRS_F do.
    """
    cells = raw.engine.collect(
        lines.filter(nw.col("reason").is_null() | (nw.col("reason") == OUT_OF_FLOW))
        .group_by(nw.col("day").alias("care_day"), nw.col("FLX_DIS_DTD").alias("flow_day"))
        .agg(
            nw.len().cast(nw.Int64()).alias("lines"),
            nw.col("cents").sum().alias("amount"),
            nw.col("cents").is_null().cast(nw.Int64()).sum().alias("unpriced"),
        )
    )
    findings.link(
        "ER_PHA_F", "PHA_ACT_PRU", int(cells["lines"].sum()), int(cells["unpriced"].sum())
    )
    findings.volume(cells.assign(table="ER_PHA_F", amount=cells["amount"].astype(float) / 100))
    alone = raw.engine.collect(
        dispensings.filter(nw.col("atc") == "")
        .group_by("cip13", "in_referential")
        .agg(nw.len().cast(nw.Int64()).alias("lines"), nw.col("cost").sum().alias("amount"))
    )
    system = alone["in_referential"].map({True: "ATC", False: "CIP13"}).astype(object)
    findings.unknown(
        alone.rename(columns={"cip13": "code"}).assign(
            table="ER_PHA_F", column="PHA_PRS_C13", system=system
        )
    )
    lone = raw.engine.count(lines.filter(nw.col("reason") == NO_PRESTATION))
    findings.link("ER_PHA_F", "ER_PRS_F", raw.engine.count(lines), lone)
    whole = raw.engine.count(dispensings)
    known = alone.loc[~alone["in_referential"].astype(bool), "lines"].sum()
    findings.link("ER_PHA_F", "IR_PHA_R", whole, int(known))
    findings.coding(_pack_forms(raw, lines))


def _pack_forms(raw: Raw, lines: Frame) -> pd.DataFrame:
    form = nw.when(nw.col("cip7")).then(nw.lit("CIP7")).otherwise(nw.lit("CIP13"))
    cells = raw.engine.collect(
        lines.filter(~nw.col("day").is_null())
        .group_by(form.alias("form"), "day")
        .agg(nw.len().cast(nw.Int64()).alias("lines"))
    )
    year = pd.to_datetime(cells["day"].clip(-60_000, 50_000), unit="D").dt.year
    rows: pd.DataFrame = (
        cells.assign(year=year).groupby(["year", "form"], as_index=False).agg({"lines": "sum"})
    )
    return rows.assign(table="ER_PHA_F", column="PHA_PRS_C13")


def note_exemptions(findings: Findings, both: pd.DataFrame) -> None:
    """The two definitions of ALD compared, from ``conditions.exempted_persons``."""
    registered, exempted = both["registered"], both["exempted"]
    only_registered, only_exempted = (registered & ~exempted).sum(), (exempted & ~registered).sum()
    findings.link("IR_IMB_R", EXEMPTED_CARE, int(registered.sum()), int(only_registered))
    findings.link(EXEMPTED_CARE, "IR_IMB_R", int(exempted.sum()), int(only_exempted))


def note_set_aside(raw: Raw, findings: Findings, known: Frame) -> None:
    """Pseudonyms of the referential whose person is in no event table, each with its reason.

    ``known`` is ``assembly.Reading.known``.
    """
    counts = raw.engine.collect(known.group_by("reason").agg(nw.len().alias("lines")))
    for reason in sorted(counts["reason"].dropna()):
        aside = known.filter(nw.col("reason") == reason).select(
            line_key(("psa", "rng_gem")), nw.col("psa").alias("person")
        )
        findings.reject("IR_BEN_R", reason, aside, int(counts["lines"].sum()))


def note_persons(raw: Raw, findings: Findings, persons: Frame) -> None:
    """Persons whose sex or year of birth varies, and those without any known department."""
    counts = raw.engine.collect(
        persons.select(
            nw.len().alias("persons"),
            nw.col("varying").cast(nw.Int64()).sum().alias("varying"),
            (nw.col("region") == residence.UNKNOWN).cast(nw.Int64()).sum().alias("nowhere"),
        )
    ).fillna(0)
    total, varying, nowhere = (int(counts[name].iloc[0]) for name in counts)
    findings.link("persons", "IR_BEN_R (BEN_SEX_COD, BEN_NAI_ANN)", total, varying)
    findings.link("persons", "departments", total, nowhere)
