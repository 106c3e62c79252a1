"""What errors in recording the outcome would do to a comparison of risks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import pandas as pd

from studylib.errors import EstimationError
from studylib.risk.doubt.record import Recorded, predictive_value, specificity_behind, true_risk
from studylib.risk.doubt.schemas import MISCLASSIFICATION
from studylib.risk.gates.gate import Gates
from studylib.risk.logarithms import quantile
from studylib.risk.rows import NOTHING, against, method
from studylib.tables import check, empty

NAME = "Classement de l'événement"
IMPOSSIBLE = "impossible correction"


def misclassified_outcome(
    follow_up: pd.DataFrame,
    *,
    outcome: str,
    reference: str,
    day: int,
    sensitivities: Sequence[float],
    specificities: Sequence[float] = (),
    predictive_values: Sequence[float] = (),
    differential: bool = False,
    competing: Sequence[str] = ("death",),
    arms: Sequence[str] = (),
    population: str = "",
    level: float = 0.95,
    gates: Gates | None = None,
) -> pd.DataFrame:
    """Risk ratios corrected for each record of an array, a MISCLASSIFICATION table.

    Crude ratios of the risks by ``day``, those of ``risk_difference`` (Aalen and Johansen, 1978:
    arms may be followed for unequal times; ``competing`` events as there). A record is
    a sensitivity with a specificity, or with a positive predictive value over both arms (as a
    validation of codes measures it): the specificity is then ``specificity_behind`` it.
    ``differential`` lets the two arms have different sensitivities and specificities. The interval
    is that of the observed risks carried through the correction, sensitivity and specificity taken
    as known (Greenland, 1988). Impossible corrections have no estimate and say so in ``method``.
    Where ``gates`` are closed, estimates are emptied.
    """
    _one_way(specificities, predictive_values, differential)
    choices = {"day": day, "adjustment": "none", "competing": tuple(competing)}
    rows = []
    for arm in against(follow_up, reference, arms):
        sides = [Recorded.of(follow_up, name, day, competing) for name in (arm, reference)]
        records = list(product(sensitivities, specificities)) or _records(
            sides, sensitivities, predictive_values
        )
        pairs = list(product(records, records)) if differential else [(r, r) for r in records]
        for in_arm, in_reference in pairs:
            values, how = _corrected(sides, (in_arm, in_reference), level)
            rows.append(
                {
                    "analysis": "primary",
                    "population": population,
                    "comparison": f"{arm} / {reference}",
                    "outcome": outcome,
                    "measure": "risk_ratio",
                    "sensitivity_arm": float(in_arm[0]),
                    "sensitivity_reference": float(in_reference[0]),
                    "specificity_arm": float(in_arm[1]),
                    "specificity_reference": float(in_reference[1]),
                    "predictive_value": predictive_value(
                        [(side.size, side.risk) for side in sides], (in_arm, in_reference)
                    ),
                    **dict(zip(("estimate", "ci_low", "ci_high"), values, strict=True)),
                    "persons": sides[0].size + sides[1].size,
                    "events": sides[0].events + sides[1].events,
                    "method": method("misclassification", not_estimable=how, **choices),
                }
            )
    if not rows:
        return empty(MISCLASSIFICATION)
    table = pd.DataFrame(rows)[MISCLASSIFICATION.names]
    if gates is not None and gates.closed:
        # what a record implies of the true outcomes would tell those of each arm
        given = table["predictive_value"] if predictive_values else np.nan
        table = gates.release(table)[MISCLASSIFICATION.names].assign(predictive_value=given)
    return check(table, MISCLASSIFICATION)


def _one_way(
    specificities: Sequence[float], predictive_values: Sequence[float], differential: bool
) -> None:
    """EstimationError unless records are given in one way, that the choice of arms allows."""
    if bool(len(specificities)) == bool(len(predictive_values)):
        raise EstimationError(
            "Classement de l'événement : donner des spécificités ou des valeurs prédictives "
            "positives, l'une des deux."
        )
    if differential and len(predictive_values):
        raise EstimationError(
            "Classement de l'événement : une valeur prédictive positive vaut pour les deux groupes "
            "ensemble ; avec un codage différent entre groupes, donner des spécificités."
        )


def _records(
    sides: Sequence[Recorded],
    sensitivities: Sequence[float],
    predictive_values: Sequence[float],
) -> list[tuple[float, float]]:
    """Each sensitivity with the specificity that a predictive value over both arms implies."""
    known = [side for side in sides if np.isfinite(side.risk)]
    risk = sum(side.size * side.risk for side in known) / max(sum(s.size for s in known), 1)
    return [
        (one, specificity_behind(risk, sensitivity=one, predictive_value=value))
        for one, value in product(sensitivities, predictive_values)
    ]


def _corrected(
    sides: Sequence[Recorded],
    records: Sequence[tuple[float, float]],
    level: float,
) -> tuple[tuple[float, float, float], str | None]:
    """Corrected ratio and limits, or why there is none; the arm's side comes first."""
    logs, variance = [], 0.0
    for side, (sensitivity, specificity) in zip(sides, records, strict=True):
        if side.reason:
            return NOTHING, side.reason
        risk = float("nan")
        if np.isfinite(specificity):
            risk = true_risk(side.risk, sensitivity=sensitivity, specificity=specificity)
        if not np.isfinite(risk):
            return NOTHING, IMPOSSIBLE
        logs.append(float(np.log(risk)))
        variance += side.variance / (sensitivity + specificity - 1) ** 2 / risk**2
    center, width = logs[0] - logs[1], quantile(level) * np.sqrt(variance)
    values = tuple(float(np.exp(center + sign * width)) for sign in (0, -1, 1))
    return (values[0], values[1], values[2]), None
