"""Boxes, units and reimbursed amounts of a fine line of drugs (ER_PHA_F)."""

from __future__ import annotations

import narwhals as nw


def unit_dose() -> nw.Expr:
    """Drugs dispensed by the unit (PHA_DEC_TOP D)."""
    return (nw.col("PHA_DEC_TOP") == "D").fill_null(False)


def boxes_given() -> nw.Expr:
    """Signed boxes of a line; units stand for them where the line tells units only."""
    return nw.coalesce("PHA_ACT_QSN", nw.when(unit_dose()).then(nw.col("PHA_DEC_QSU")))


def box_amount() -> nw.Expr:
    """Reimbursed amount of a line of boxes: of the fine line, not of the whole prestation."""
    return nw.col("PHA_ACT_QSN") * nw.col("PHA_ACT_PRU") * nw.col("RGO_REM_TAU") / 100


def unit_amount() -> nw.Expr:
    """Reimbursed amount of a line of units, at the price of a unit."""
    return nw.col("PHA_DEC_QSU") * nw.col("PHA_DEC_PRU") * nw.col("RGO_REM_TAU") / 100
