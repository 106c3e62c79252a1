"""What errors in recording the outcome would do to a comparison of risks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import product

import numpy as np
import pandas as pd

from studylib.errors import EstimationError, refuse_counts
from studylib.risk.doubt.record import predictive_value, specificity_behind, true_risk
from studylib.risk.doubt.schemas import MISCLASSIFICATION
from studylib.risk.gates.gate import Gates
from studylib.risk.logarithms import quantile
from studylib.risk.received import FEWEST_DRAWS
from studylib.risk.rows import NOTHING, against, estimate_row, estimates, method
from studylib.tables import check, empty

NAME = "Classement de l'événement"
IMPOSSIBLE = "impossible correction"


def misclassified_outcome(
    follow_up: pd.DataFrame,
    *,
    outcome: str,
    reference: str,
    sensitivities: Sequence[float],
    specificities: Sequence[float] = (),
    predictive_values: Sequence[float] = (),
    differential: bool = False,
    arms: Sequence[str] = (),
    population: str = "",
    level: float = 0.95,
    gates: Gates | None = None,
) -> pd.DataFrame:
    """Risk ratios corrected for each record of an array, a MISCLASSIFICATION table.

    Crude ratios of the risks over the whole follow-up, which ought to be of one length. A record is
    a sensitivity with a specificity, or with a positive predictive value over both arms (as a
    validation of codes measures it): the specificity is then ``specificity_behind`` it.
    ``differential`` lets the two arms have different sensitivities and specificities. The interval
    is that of the observed risks carried through the correction, sensitivity and specificity taken
    as known (Greenland, 1988). Impossible corrections have no estimate and say so in ``method``.
    Where ``gates`` are closed, estimates are emptied.
    """
    _one_way(specificities, predictive_values, differential)
    rows = []
    for arm in against(follow_up, reference, arms):
        sides = [_side(follow_up, name) for name in (arm, reference)]
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
                    "predictive_value": predictive_value(sides, (in_arm, in_reference)),
                    **dict(zip(("estimate", "ci_low", "ci_high"), values, strict=True)),
                    "persons": sides[0][0] + sides[1][0],
                    "events": sides[0][1] + sides[1][1],
                    "method": how,
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
    sides: Sequence[tuple[int, int]],
    sensitivities: Sequence[float],
    predictive_values: Sequence[float],
) -> list[tuple[float, float]]:
    """Each sensitivity with the specificity that a predictive value over both arms implies."""
    risk = sum(events for _, events in sides) / sum(size for size, _ in sides)
    return [
        (one, specificity_behind(risk, sensitivity=one, predictive_value=value))
        for one, value in product(sensitivities, predictive_values)
    ]


def _side(follow_up: pd.DataFrame, arm: str) -> tuple[int, int]:
    """Persons and outcomes of an arm."""
    events = follow_up.loc[(follow_up["arm"] == arm).to_numpy(), "event"]
    return len(events), int(events.to_numpy(bool).sum())


def _corrected(
    sides: Sequence[tuple[int, int]],
    records: Sequence[tuple[float, float]],
    level: float,
) -> tuple[tuple[float, float, float], str]:
    """Corrected ratio and limits, and how; the arm's side comes first."""
    logs, variance = [], 0.0
    told = partial(method, "misclassification", adjustment="none")
    for (size, events), (sensitivity, specificity) in zip(sides, records, strict=True):
        if not size:
            return NOTHING, told(not_estimable="nobody")
        seen, risk = events / size, float("nan")
        if np.isfinite(specificity):
            risk = true_risk(seen, sensitivity=sensitivity, specificity=specificity)
        if not np.isfinite(risk):
            return NOTHING, told(not_estimable=IMPOSSIBLE)
        logs.append(float(np.log(risk)))
        variance += seen * (1 - seen) / size / (sensitivity + specificity - 1) ** 2 / risk**2
    if not variance:  # everybody has the outcome, or the record says so
        return NOTHING, told(not_estimable="no variance")
    center, width = logs[0] - logs[1], quantile(level) * np.sqrt(variance)
    values = tuple(float(np.exp(center + sign * width)) for sign in (0, -1, 1))
    return (values[0], values[1], values[2]), told()


def probable_misclassification(
    follow_up: pd.DataFrame,
    *,
    outcome: str,
    reference: str,
    sensitivity: tuple[float, float],
    specificity: tuple[float, float],
    differential: bool = False,
    draws: int = 10_000,
    seed: int,
    level: float = 0.95,
) -> pd.DataFrame:
    """Risk ratios under a record known within ranges, one ESTIMATES-like row per arm.

    Sensitivity and specificity are uniform between their bounds, apart in each arm when
    ``differential``; observed risks are drawn with them (beta, Jeffreys). Draws whose correction is
    impossible are left out and counted in ``method``; beyond half of them, there is no estimate.
    """
    _refuse_ranges(sensitivity, specificity)
    refuse_counts(NAME, FEWEST_DRAWS, draws=draws)
    quantile(level)
    draw, rows, tail = np.random.default_rng(seed), [], (1 - level) / 2
    for arm in against(follow_up, reference):
        both = follow_up[follow_up["arm"].isin([arm, reference])]
        sides = [_side(follow_up, name) for name in (arm, reference)]
        risks = _drawn_risks(draw, sides, (sensitivity, specificity), differential, draws)
        possible = ((risks > 0) & (risks <= 1)).all(axis=0)
        enough = possible.mean() > 0.5
        found = risks[0, possible] / risks[1, possible]
        values = np.quantile(found, [0.5, tail, 1 - tail]) if enough else [np.nan] * 3
        how = method(
            "probabilistic_bias_analysis",
            not_estimable=None if enough else IMPOSSIBLE,
            bias="misclassified_outcome",
            draws=draws,
            seed=seed,
            impossible_draws=int((~possible).sum()) or None,
        )
        row = partial(estimate_row, both, comparison=f"{arm} / {reference}", measure="risk_ratio")
        shown = (float(values[0]), float(values[1]), float(values[2]))
        rows.append(row(method=how, outcome=outcome, values=shown))
    return estimates(rows)


def _refuse_ranges(sensitivity: tuple[float, float], specificity: tuple[float, float]) -> None:
    for end in (0, 1):
        true_risk(0.5, sensitivity=sensitivity[end], specificity=specificity[end])
    for low, high in (sensitivity, specificity):
        if low > high:
            raise EstimationError(f"{NAME} : bornes {low} et {high} inversées.")


def _drawn_risks(
    draw: np.random.Generator,
    sides: Sequence[tuple[int, int]],
    ranges: tuple[tuple[float, float], tuple[float, float]],
    differential: bool,
    draws: int,
) -> np.ndarray:
    """True risks of each side, some impossible: observed risk and record drawn together."""
    risks, record = [], [draw.uniform(*each, draws) for each in ranges]
    for place, (size, events) in enumerate(sides):
        if place and differential:
            record = [draw.uniform(*each, draws) for each in ranges]
        seen = draw.beta(events + 0.5, size - events + 0.5, draws)
        risks.append((seen - 1 + record[1]) / (record[0] + record[1] - 1))
    return np.stack(risks)
