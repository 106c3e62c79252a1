"""The penalised fits at penalties that go down, and the one that best predicts others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse

from studylib.risk.propensity.lasso import LassoProblem

Rule = Literal["best", "one_standard_error"]
PATIENCE = 3  # penalties without progress of the held-out likelihood before the path stops


@dataclass(frozen=True)
class PenaltyPath:
    """The same problem at penalties that go down, on everybody or on part of them."""

    matrix: sparse.csr_matrix
    scale: np.ndarray
    dense: np.ndarray
    outcome: np.ndarray
    number: int
    smallest: float

    def problem(self, counted: np.ndarray) -> LassoProblem:
        """The problem of those counted."""
        return LassoProblem(self.matrix, self.scale, self.dense, self.outcome, counted)

    def grid(self) -> np.ndarray:
        """The penalties, from the smallest that leaves every sparse column out."""
        heaviest = self.problem(np.ones(len(self.outcome))).heaviest_penalty()
        return heaviest * np.geomspace(1, self.smallest, self.number)

    def chosen(self, fold: np.ndarray, rule: Rule) -> float:
        """The penalty whose fits best predict the persons held out."""
        grid = self.grid()
        parts = [self.problem((fold != k).astype(float)) for k in range(fold.max() + 1)]
        curve: list[tuple[float, float]] = []  # mean over persons held out, its standard error
        for penalty in grid:
            held = []
            for k, part in enumerate(parts):
                part.solve(penalty, tolerance=1e-3)
                out = fold == k
                linear, truth = part.linear[out], self.outcome[out]
                held.append(float((truth * linear - np.logaddexp(0, linear)).mean()))
            curve.append((float(np.mean(held)), float(np.std(held, ddof=1) / np.sqrt(len(held)))))
            means = [mean for mean, _ in curve]
            if len(means) - 1 - int(np.argmax(means)) >= PATIENCE:
                break
        best = int(np.argmax([mean for mean, _ in curve]))
        if rule == "best":
            return float(grid[best])
        floor = curve[best][0] - curve[best][1]
        return float(grid[next(i for i, (mean, _) in enumerate(curve) if mean >= floor)])

    def fitted(self, penalty: float, counted: np.ndarray, tolerance: float) -> LassoProblem:
        """The fit at ``penalty``, reached from stronger ones."""
        problem = self.problem(counted)
        heaviest = problem.heaviest_penalty()
        if penalty < heaviest:
            steps = max(2, int(np.ceil(8 * np.log10(heaviest / penalty))))
            for each in np.geomspace(heaviest, penalty, steps)[1:-1]:
                problem.solve(float(each), tolerance=1e-2)
        problem.solve(penalty, tolerance=tolerance)
        return problem
