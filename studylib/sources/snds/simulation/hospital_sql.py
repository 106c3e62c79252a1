"""Pieces of SQL that the columns of the hospital tables share."""

from __future__ import annotations

from studylib.sources.simulated.draws import Draws
from studylib.sources.snds.simulation.traps import Traps

Columns = dict[str, str]
STORED = {"FHO_RET": "BOOLEAN", "PMS_RET": "BOOLEAN", "SEX_RET": "INTEGER"}  # with T12


def date(expression: str) -> str:
    """SQL for a date from its day number."""
    return f"(DATE '1970-01-01' + ({expression})::INTEGER)"


def moment(draws: Draws, traps: Traps, expression: str, number: str) -> str:
    """SQL for a timestamp: midnight, or for some lines a quarter to two (T9)."""
    late = f"{draws.uniform('hosp/time', number)} < {traps.rate('T9')}"
    return f"{date(expression)}::TIMESTAMP + CASE WHEN {late} THEN INTERVAL 825 MINUTE " + (
        "ELSE INTERVAL 0 MINUTE END"
    )


def month(expression: str) -> str:
    """SQL for the two digits of a day's month."""
    return f"strftime({date(expression)}, '%m')"


def key(*, stay: bool = True) -> Columns:
    """The key of a stay, or of outpatient care."""
    number = {"RSA_NUM": "rsa_num"} if stay else {"SEQ_NUM": "seq_num"}
    return {"ETA_NUM": "eta_num", **number}


def return_codes(codes: list[str], number: str, traps: Traps) -> Columns:
    """Return codes: zero but for one of them where the link is wrong; stored in several types."""
    columns = {}
    for rank, code in enumerate(codes):
        wrong = f"(wrong_psa IS NOT NULL AND {number} % {len(codes)} = {rank})"
        stored = STORED.get(code, "VARCHAR") if "T12" in traps else "VARCHAR"
        columns[code] = wrong if stored == "BOOLEAN" else f"({wrong})::INTEGER::{stored}"
    return columns
