"""Answers known beforehand beside those of the library."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from studylib.risk.validation.schemas import AGREEMENT
from studylib.tables import CheckResult, check


@dataclass(frozen=True)
class Known:
    """One answer known beforehand, and what the library gives."""

    case: str
    quantity: str
    truth: float
    estimate: float
    tolerance: float
    source: str


def agreement(answers: Iterable[Known]) -> pd.DataFrame:
    """An AGREEMENT table, a row per answer.

    >>> table = agreement([Known("pile", "mean", 2.0, 2.0, 1e-9, "by hand")])
    >>> bool(table["met"].item())
    True
    """
    rows = [
        {
            **vars(answer),
            "truth": float(answer.truth),
            "estimate": float(answer.estimate),
            "met": abs(answer.estimate - answer.truth) <= answer.tolerance * abs(answer.truth),
        }
        for answer in answers
    ]
    return check(pd.DataFrame(rows, columns=AGREEMENT.names).astype({"met": bool}), AGREEMENT)


def check_agreement(table: pd.DataFrame, what: str) -> CheckResult:
    """Whether every answer is met."""
    missed = table.loc[~table["met"], ["case", "quantity"]].agg(", ".join, axis=1)
    text = (
        f"les {len(table)} valeurs sont retrouvées dans leur tolérance."
        if missed.empty
        else f"{len(missed)} valeur(s) sur {len(table)} ne sont pas retrouvées : "
        f"{' ; '.join(missed)}."
    )
    return CheckResult(what, missed.empty, table, text)
