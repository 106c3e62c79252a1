"""Risk ratios under an imperfect record of the outcome that is known within ranges."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd

from studylib.errors import EstimationError, refuse_counts
from studylib.risk.doubt.misclassification import IMPOSSIBLE, NAME
from studylib.risk.doubt.record import Recorded, true_risk
from studylib.risk.logarithms import quantile
from studylib.risk.received import FEWEST_DRAWS
from studylib.risk.rows import NOTHING, against, estimate_row, estimates, method


def probable_misclassification(
    follow_up: pd.DataFrame,
    *,
    outcome: str,
    reference: str,
    day: int,
    sensitivity: tuple[float, float],
    specificity: tuple[float, float],
    differential: bool = False,
    competing: Sequence[str] = ("death",),
    draws: int = 10_000,
    seed: int,
    level: float = 0.95,
) -> pd.DataFrame:
    """Risk ratios under a record known within ranges, one ESTIMATES-like row per arm.

    Sensitivity and specificity are uniform between their bounds, apart in each arm when
    ``differential``; observed risks by ``day`` are drawn with them (beta, Jeffreys, of the persons
    who would tell them as well were all followed until then). Draws whose correction is
    impossible are left out and counted in ``method``; beyond half of them, there is no estimate.
    """
    _refuse_ranges(sensitivity, specificity)
    refuse_counts(NAME, FEWEST_DRAWS, draws=draws)
    quantile(level)
    draw, rows, tail = np.random.default_rng(seed), [], (1 - level) / 2
    for arm in against(follow_up, reference):
        both = follow_up[follow_up["arm"].isin([arm, reference])]
        sides = [Recorded.of(both, name, day, competing) for name in (arm, reference)]
        reason, impossible, values = sides[0].reason or sides[1].reason or None, 0, NOTHING
        if reason is None:
            risks = _drawn_risks(draw, sides, (sensitivity, specificity), differential, draws)
            possible = ((risks > 0) & (risks <= 1)).all(axis=0)
            impossible = int((~possible).sum())
            found = risks[0, possible] / risks[1, possible]
            if possible.mean() > 0.5:
                middle, low, high = np.quantile(found, [0.5, tail, 1 - tail])
                values = (float(middle), float(low), float(high))
            else:
                reason = IMPOSSIBLE
        how = method(
            "probabilistic_bias_analysis",
            not_estimable=reason,
            bias="misclassified_outcome",
            day=day,
            competing=tuple(competing),
            draws=draws,
            seed=seed,
            impossible_draws=impossible or None,
        )
        row = partial(estimate_row, both, comparison=f"{arm} / {reference}", measure="risk_ratio")
        rows.append(row(method=how, outcome=outcome, values=values))
    return estimates(rows)


def _refuse_ranges(sensitivity: tuple[float, float], specificity: tuple[float, float]) -> None:
    for end in (0, 1):
        true_risk(0.5, sensitivity=sensitivity[end], specificity=specificity[end])
    for low, high in (sensitivity, specificity):
        if low > high:
            raise EstimationError(f"{NAME} : bornes {low} et {high} inversées.")


def _drawn_risks(
    draw: np.random.Generator,
    sides: Sequence[Recorded],
    ranges: tuple[tuple[float, float], tuple[float, float]],
    differential: bool,
    draws: int,
) -> np.ndarray:
    """True risks of each side, some impossible: observed risk and record drawn together."""
    risks, record = [], [draw.uniform(*each, draws) for each in ranges]
    for place, side in enumerate(sides):
        if place and differential:
            record = [draw.uniform(*each, draws) for each in ranges]
        size, share = side.effective, side.risk
        seen = draw.beta(size * share + 0.5, size * (1 - share) + 0.5, draws)
        risks.append((seen - 1 + record[1]) / (record[0] + record[1] - 1))
    return np.stack(risks)
