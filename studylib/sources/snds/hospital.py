"""The PMSI MCO read into stays, diagnoses, acts, hospital drugs and establishments.

Stays that cannot be tied to a person (return codes, unknown pseudonym) are no less real: they are
in ``unlinked_stays``, for activity and spending, and never in a cohort.
"""

from __future__ import annotations

from dataclasses import dataclass

import narwhals as nw
import pandas as pd

from studylib.sources.engine import Frame
from studylib.sources.snds import finess, hospital_drugs
from studylib.sources.snds import hospital_rules as rules
from studylib.sources.snds.findings import Findings
from studylib.sources.snds.hospital_quality import (
    check_departments,
    note_absent,
    note_definitions,
    set_aside,
)
from studylib.sources.snds.hospital_stays import base_stays, with_stay_id
from studylib.sources.snds.liste_en_sus import ListeEnSus
from studylib.sources.snds.raw import Raw

# Where a diagnosis is written, the best first: a code met at several places keeps the first one.
POSITIONS = ("DP", "DR", "DAS", "DP_UM", "DR_UM")
REQUIRED = ("T_MCOaaD",)
DIAGNOSIS_COLUMNS = {
    "T_MCOaaD": {"ASS_DGN": "DAS"},
    "T_MCOaaUM": {"DGN_PAL": "DP_UM", "DGN_REL": "DR_UM"},
}
STAY_COLUMNS = ("start", "end", "ghm", "quantity", "cost", "establishment", "emergency", "died")
ANAESTHESIA = "4"


def read_hospital(
    raw: Raw, identities: Frame, findings: Findings, *, listed: ListeEnSus | None = None
) -> dict[str, Frame]:
    """The event tables of the PMSI; none when the location has no T_MCOaaB.

    ``identities`` gives the person of each pseudonym that belongs to one person only (psa,
    person_id). ``listed`` is the liste en sus with its tariffs (by default
    ``ListeEnSus.at_hand``). Keys: stays, diagnoses, procedures, hospital_drugs, establishments (the
    contracts of ``sources.schemas``; stays and unlinked stays also carry ``department``, the INSEE
    department of residence written on the stay) and unlinked_stays (stays without person_id, with
    ``reason``).
    Lines set aside go to ``findings`` with their keys. DataMissing when T_MCOaaC, T_MCOaaD or
    T_MCOaaE is absent; without T_MCOaaA there are no procedures, and without any table of drugs no
    hospital_drugs.
    """
    if not raw.has("T_MCOaaB"):
        return {}
    opened = open_stays(raw, identities)
    set_aside(raw, opened.base, findings)
    note_definitions(raw, findings)
    check_departments(raw, opened.kept, findings)
    tables = {
        "stays": read_stays(opened),
        "unlinked_stays": read_unlinked_stays(opened),
        "diagnoses": read_diagnoses(opened, findings),
        "establishments": finess.read_establishments(raw, findings, opened.senders),
    }
    if raw.has("T_MCOaaA"):
        tables["procedures"] = read_procedures(opened, findings)
    chosen = listed or ListeEnSus.at_hand()
    drugs = hospital_drugs.read_hospital_drugs(
        raw, opened.base, identities, opened.sent, findings, chosen
    )
    return tables if drugs is None else {**tables, "hospital_drugs": drugs}


@dataclass(frozen=True)
class OpenedStays:
    """What every reading of the PMSI starts from.

    ``senders`` and ``sent``: establishments by year (``finess.senders``). ``base``: every summary;
    ``kept``: those that are stays; ``linked``: those of a known person, with ``person_id``.
    """

    raw: Raw
    senders: pd.DataFrame
    sent: Frame
    base: Frame
    kept: Frame
    linked: Frame


def open_stays(raw: Raw, identities: Frame) -> OpenedStays:
    """The stays with their rules applied; nothing is written down yet."""
    senders = finess.senders(raw)
    sent = raw.engine.load(senders, "senders")
    base = base_stays(raw, identities, sent)
    kept = base.filter(nw.col("reason").is_null())
    linked = kept.filter(nw.col("link").is_null()).with_columns(
        nw.col("known_person").alias("person_id")
    )
    return OpenedStays(raw, senders, sent, base, kept, raw.engine.checkpoint(linked, "linked"))


def read_stays(opened: OpenedStays) -> Frame:
    """Event table ``stays``, with ``department``."""
    return _stays(opened.linked).select("stay_id", "person_id", *STAY_COLUMNS, "department")


def _stays(chosen: Frame) -> Frame:
    return chosen.with_columns(
        nw.lit(1.0).alias("quantity"),
        nw.col("cost").fill_null(0.0),
        nw.col("ETA_NUM").alias("establishment"),
    )


def read_unlinked_stays(opened: OpenedStays) -> Frame:
    """Kept stays without a person; without exact days, they are put on the month of their exit."""
    left = opened.kept.filter(~nw.col("link").is_null()).with_columns(
        nw.coalesce("start", "first_day").alias("start"),
        nw.coalesce("end", nw.col("first_day") + 1).alias("end"),
    )
    named = nw.col("link").alias("reason")
    return _stays(left).select("stay_id", *STAY_COLUMNS, "department", named)


def read_diagnoses(opened: OpenedStays, findings: Findings) -> Frame:
    """Event table ``diagnoses``: B, D and UM, one line per stay and code, best position kept.

    DataMissing without T_MCOaaD; the absence of T_MCOaaUM is told in ``codings``.
    """
    raw, linked = opened.raw, opened.linked
    parts = [_position(linked, "DGN_PAL", "DP"), _position(linked, "DGN_REL", "DR")]
    for table, columns in DIAGNOSIS_COLUMNS.items():
        if table in REQUIRED or raw.has(table):
            lines = with_stay_id(raw.table(table, ["ETA_NUM", "RSA_NUM", *columns]), opened.sent)
            _count_orphans(opened, table, lines, findings)
            parts += [_position(lines, column, name) for column, name in columns.items()]
        else:
            note_absent(raw, table, list(columns), findings)
    written = nw.concat(parts).filter(nw.col("code") != "")
    best = raw.engine.checkpoint(best_position(written), "diagnoses_best")
    position = nw.lit(None, nw.String())
    for rank, name in enumerate(POSITIONS):
        position = nw.when(nw.col("rank") == rank).then(nw.lit(name)).otherwise(position)
    stays = linked.select("stay_id", "person_id", "start", "end")
    return raw.engine.checkpoint(
        best.join(stays, on="stay_id", how="inner").select(
            "stay_id",
            "person_id",
            "code",
            position.alias("position"),
            "start",
            "end",
            nw.lit(1.0).alias("quantity"),
            nw.lit(0.0).alias("cost"),
        ),
        "diagnoses",
    )


def best_position(lines: Frame) -> Frame:
    """One line per stay and code, at its best place: the same code is often written twice."""
    return lines.group_by("stay_id", "code").agg(nw.col("rank").min())


def _position(lines: Frame, column: str, name: str) -> Frame:
    rank = nw.lit(POSITIONS.index(name), nw.Int64()).alias("rank")
    return lines.select("stay_id", rules.diagnosis(column).alias("code"), rank).filter(
        ~nw.col("code").is_null() & ~nw.col("stay_id").is_null()
    )


def _count_orphans(opened: OpenedStays, table: str, lines: Frame, findings: Findings) -> None:
    """Lines of a table whose stay is in no T_MCOaaB."""
    engine = opened.raw.engine
    orphans = lines.join(opened.base.select("stay_id"), on="stay_id", how="anti")
    findings.link(table, "T_MCOaaB", engine.count(lines), engine.count(orphans))


def read_procedures(opened: OpenedStays, findings: Findings) -> Frame:
    """Event table ``procedures``: one line per stay, act and day.

    The day is the entry plus ENT_DAT_DEL (text before 2014); the anaesthetist's line of an act
    (activity 4) is that same act.
    """
    names = ["ETA_NUM", "RSA_NUM", "CDC_ACT", "ACV_ACT", "ENT_DAT_DEL", "NBR_EXE_ACT"]
    raw, linked = opened.raw, opened.linked
    lines = with_stay_id(raw.table("T_MCOaaA", names), opened.sent)
    _count_orphans(opened, "T_MCOaaA", lines, findings)
    done = lines.filter(
        ~nw.col("CDC_ACT").is_null() & (nw.col("ACV_ACT") != ANAESTHESIA).fill_null(True)
    ).select(
        "stay_id",
        nw.col("CDC_ACT").alias("code"),
        delay("ENT_DAT_DEL").alias("delay"),
        nw.col("NBR_EXE_ACT").fill_null(1).cast(nw.Float64()).alias("quantity"),
    )
    stays = linked.select("stay_id", "person_id", nw.col("start").alias("entry"))
    dated = done.join(stays, on="stay_id", how="inner").with_columns(
        (nw.col("entry") + nw.col("delay")).alias("start")
    )
    acts = dated.group_by("stay_id", "person_id", "code", "start").agg(nw.col("quantity").max())
    return raw.engine.checkpoint(
        acts.select(
            "stay_id",
            "person_id",
            "code",
            "start",
            (nw.col("start") + 1).alias("end"),
            "quantity",
            nw.lit(0.0).alias("cost"),
        ),
        "procedures",
    )


def delay(column: str) -> nw.Expr:
    """Days from entry, written as a number or as text with blanks and zeros; 0 when missing."""
    digits = nw.col(column).cast(nw.String()).str.replace_all("[^0-9]", "")
    return nw.when(digits != "").then(digits).otherwise(nw.lit("0")).cast(nw.Int64())
