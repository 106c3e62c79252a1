"""The matrix of a model: one column per term of its formula, and what was left out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from studylib.errors import EstimationError
from studylib.risk.columns import check_columns, is_number, levels_of
from studylib.risk.propensity.formula import Factor, columns, terms

INTERCEPT = "(intercept)"
LARGEST_OF_FORMULA = 1e15
"""Beyond it, powers and products of columns are no longer numbers."""
# Where the knots of a restricted cubic spline stand, by their number (Harrell, 2001, table 2.3).
_QUANTILES: Mapping[int, tuple[float, ...]] = {
    3: (0.1, 0.5, 0.9),
    4: (0.05, 0.35, 0.65, 0.95),
    5: (0.05, 0.275, 0.5, 0.725, 0.95),
    6: (0.05, 0.23, 0.41, 0.59, 0.77, 0.95),
    7: (0.025, 0.1833, 0.3417, 0.5, 0.6583, 0.8167, 0.975),
}


@dataclass(frozen=True)
class Design:
    """Columns by their names, intercept first; ``left_out`` gives columns left out, and why."""

    matrix: np.ndarray
    names: tuple[str, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)

    def reasons(self) -> dict[str, list[str]]:
        """Reason → the columns left out for it, as ``rows.method`` takes them."""
        return {
            reason: sorted(name for name in self.left_out if self.left_out[name] == reason)
            for reason in sorted(set(self.left_out.values()))
        }


def design(
    people: pd.DataFrame, formula: str, *, fewest_carriers: int = 0, fitted_on: int | None = None
) -> Design:
    """The design matrix of ``formula`` on ``people``.

    Text columns are categories; the first in order is the one of comparison. Columns that do not
    vary (``constant``), that follow from those before them (``repeated``), or that fewer than
    ``fewest_carriers`` persons have or lack (``few_carriers``, flags and categories only) are left
    out by name. Knots, categories and what is left out follow the first ``fitted_on`` rows (all by
    default); the others are predicted from. EstimationError when a column is unknown, is not
    numbers, or misses a value.
    """
    _check_columns(people, formula)
    found: dict[str, np.ndarray] = {}
    for term in terms(formula) if formula.strip() else ():
        blocks = [_columns_of(people[factor.column], factor, fitted_on) for factor in term]
        crossed = blocks[0]
        for block in blocks[1:]:
            crossed = _crossed(crossed, block)
        found |= crossed
    left_out = {
        name: why for name, x in found.items() if (why := _useless(x[:fitted_on], fewest_carriers))
    }
    kept = {name: x for name, x in found.items() if name not in left_out}
    matrix = np.column_stack([np.ones(len(people)), *kept.values()])
    names = np.array([INTERCEPT, *kept])
    free = _independent(matrix[:fitted_on])
    left_out |= dict.fromkeys(names[~free].tolist(), "repeated")
    return Design(matrix[:, free], tuple(names[free].tolist()), left_out)


def _check_columns(people: pd.DataFrame, formula: str) -> None:
    needed = columns(formula) if formula.strip() else []
    unknown = [name for name in needed if name not in people.columns]
    if unknown:
        raise EstimationError(
            f"Formule « {formula} » : colonne {', '.join(unknown)} absente ; colonnes possibles : "
            f"{', '.join(map(str, people.columns))}."
        )
    check_columns(people, needed)


def _columns_of(values: pd.Series, factor: Factor, fitted_on: int | None) -> dict[str, np.ndarray]:
    values = values.infer_objects()
    text = not is_number(values)
    if factor.kind == "categories" or (text and factor.kind == "itself"):
        levels = levels_of(values.iloc[:fitted_on], named=factor.kind == "categories")[1:]
        return {f"{factor}={level}": (values == level).to_numpy(float) for level in levels}
    if text:
        raise EstimationError(f"Formule : « {factor} » demande une colonne de nombres.")
    numbers = values.to_numpy(float)
    if not (np.abs(numbers) <= LARGEST_OF_FORMULA).all():
        raise EstimationError(
            f"Formule : « {factor.column} » contient une valeur infinie ou démesurée ; des nombres "
            f"d'au plus {LARGEST_OF_FORMULA:g} sont attendus."
        )
    if factor.kind == "spline":
        basis = restricted_cubic_spline(numbers, knots_of(numbers[:fitted_on], factor.number))
        return {f"{factor}[{i + 1}]": column for i, column in enumerate(basis.T)}
    return {str(factor): numbers**factor.number}


def knots_of(values: np.ndarray, number: int) -> np.ndarray:
    """The knots at Harrell's quantiles; EstimationError when too few different values."""
    knots = np.unique(np.quantile(values, _QUANTILES[number]))
    if len(knots) < number or not (knots[-1] - knots[0]) ** 2 > 0:
        raise EstimationError(
            f"Spline à {number} nœuds : trop peu de valeurs différentes pour les placer ; "
            "en demander moins, ou mettre la variable en catégories."
        )
    return knots


def restricted_cubic_spline(values: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """Basis of a cubic spline that is linear beyond its end knots: knots - 1 columns.

    The first column is the variable itself; the others are divided by the square of the distance
    between the end knots.

    Reference
    ---------
    Stone CJ, Koo CY (1985), Proc Stat Comp Sect ASA 45-48; Harrell FE (2001), Regression modeling
    strategies, formula 2.25.

    >>> restricted_cubic_spline(np.array([0.0, 3.0]), np.array([0.0, 1.0, 2.0])).round(6).tolist()
    [[0.0, 0.0], [3.0, 3.0]]
    """
    last, before, span = knots[-1], knots[-2], (knots[-1] - knots[0]) ** 2

    def cubed(knot: float) -> np.ndarray:
        return np.clip(values - knot, 0, None) ** 3

    bent = [
        cubed(knot)
        - cubed(before) * (last - knot) / (last - before)
        + cubed(last) * (before - knot) / (last - before)
        for knot in knots[:-2]
    ]
    return np.column_stack([values, *(column / span for column in bent)])


def _crossed(left: dict[str, np.ndarray], right: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {f"{a}:{b}": x * y for a, x in left.items() for b, y in right.items()}


def _useless(column: np.ndarray, fewest_carriers: int) -> str:
    if not len(column) or np.ptp(column) == 0:
        return "constant"
    flag = np.isin(column, (0, 1)).all()
    return (
        "few_carriers" if flag and min(column.sum(), (1 - column).sum()) < fewest_carriers else ""
    )


def _independent(matrix: np.ndarray) -> np.ndarray:
    """Which columns do not follow linearly from those before them."""
    scale = np.sqrt((matrix**2).sum(axis=0))
    triangle = np.asarray(np.linalg.qr(matrix / np.where(scale > 0, scale, 1), mode="r"))
    diagonal = np.zeros(matrix.shape[1])
    diagonal[: min(triangle.shape)] = np.abs(np.diag(triangle))
    return diagonal > 1e-9
