"""Logistic regression with an L1 penalty over thousands of sparse columns.

Proximal Newton on the columns that matter: the quadratic approximation is solved exactly on an
active set, which grows by the columns that break the optimality conditions. The curvature is kept
from one penalty to the next and computed anew only when it no longer serves, so that most steps
cost two products with the sparse matrix. A solution is accepted on its optimality conditions over
all columns, never on a count of iterations.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from studylib.errors import EstimationError
from studylib.risk.propensity.quadratic import penalised_quadratic

_STEPS = 300
_ADDED = 200  # columns let in at once


class LassoProblem:
    """Sparse columns (penalised), dense columns (not penalised, intercept first), and 0/1 outcomes.

    ``counted`` weighs persons: 0 leaves a person out of the fit, as cross-validation needs, without
    a copy of the matrix.
    """

    def __init__(
        self,
        columns: sparse.csr_matrix,
        scale: np.ndarray,
        dense: np.ndarray,
        outcome: np.ndarray,
        counted: np.ndarray,
    ) -> None:
        self.columns, self.dense, self.scale = columns, dense, scale
        self.transposed = columns.T.tocsr()
        self.outcome, self.counted, self.total = outcome, counted, float(counted.sum())
        self.free = np.zeros(dense.shape[1])
        self.penalised = np.zeros(columns.shape[1])
        self.active = np.zeros(0, int)
        self.gram = np.zeros((0, 0))
        self.curvature = np.zeros(0)
        self.violation = np.inf

    @property
    def linear(self) -> np.ndarray:
        """The linear predictor of everybody, counted or not."""
        return np.asarray(self.columns @ (self.penalised / self.scale) + self.dense @ self.free)

    def heaviest_penalty(self) -> float:
        """The smallest penalty at which no sparse column enters."""
        self.solve(np.inf, tolerance=1e-6)
        return float(np.abs(self._slopes(self.linear)[1]).max())

    def solve(self, penalty: float, *, tolerance: float) -> None:
        """Goes to the optimum at ``penalty``; EstimationError when it is not reached.

        Slopes of columns at zero must be within the penalty, those of the others equal to it, and
        those of dense columns zero, all to ``tolerance`` times the penalty.
        """
        unit = penalty if np.isfinite(penalty) else 1.0
        linear = self.linear
        value = self._objective(linear, penalty)
        previous = np.inf
        for _ in range(_STEPS):
            free_slope, slope = self._slopes(linear)
            off = self._violations(free_slope, slope, penalty)
            self.violation = float(off.max(initial=0.0)) / unit
            if self.violation <= tolerance:
                return
            stale = self.violation > 0.5 * previous
            previous = self.violation
            self._let_in(slope, penalty, linear, refresh=stale)
            linear, moved = self._step(free_slope, slope, penalty, linear, value)
            if not moved:
                self._refresh(linear)
                linear, moved = self._step(free_slope, slope, penalty, linear, value)
                if not moved:
                    break
            value = self._objective(linear, penalty)
        if self.violation > tolerance:
            raise EstimationError(
                "Score de propension pénalisé : l'optimum n'est pas atteint (écart relatif aux "
                f"conditions d'optimalité {self.violation:.1e}) ; vérifier que des covariables ne "
                "séparent pas les groupes, ou fixer une pénalité plus forte."
            )

    def _slopes(self, linear: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Derivatives of the mean log likelihood: of dense columns, then of sparse ones."""
        residual = self.counted * (self.outcome - _chance(linear)) / self.total
        return np.asarray(self.dense.T @ residual), np.asarray(
            self.transposed @ residual
        ) / self.scale

    def _objective(self, linear: np.ndarray, penalty: float) -> float:
        likelihood = self.counted @ (self.outcome * linear - np.logaddexp(0, linear)) / self.total
        size = np.abs(self.penalised).sum()
        return float(-likelihood + (penalty * size if size else 0.0))

    def _violations(self, free_slope: np.ndarray, slope: np.ndarray, penalty: float) -> np.ndarray:
        if not np.isfinite(penalty):
            return np.asarray(np.abs(free_slope))
        zero = self.penalised == 0
        off = np.where(
            zero, np.abs(slope) - penalty, np.abs(slope - penalty * np.sign(self.penalised))
        )
        return np.asarray(np.r_[np.clip(off, 0, None), np.abs(free_slope)])

    def _let_in(
        self, slope: np.ndarray, penalty: float, linear: np.ndarray, *, refresh: bool
    ) -> None:
        """Adds to the active set the columns whose slope exceeds the penalty."""
        excess = np.abs(slope) - penalty
        excess[self.active] = 0
        wanted = np.flatnonzero(excess > 0)
        if len(wanted) > _ADDED:
            wanted = wanted[np.argsort(-excess[wanted], kind="stable")[:_ADDED]]
        if refresh or not len(self.gram):
            self.active = np.r_[self.active, wanted]
            self._refresh(linear)
        elif len(wanted):
            old, self.active = self._block(self.active), np.r_[self.active, wanted]
            new = (self.transposed[wanted].multiply((1 / self.scale[wanted])[:, None])).tocsr()
            weighed = sparse.csr_matrix(new.multiply(self.curvature))
            across = np.vstack([self.dense.T @ weighed.T.toarray(), (old @ weighed.T).toarray()])
            own = (new @ weighed.T).toarray()
            self.gram = np.block([[self.gram, across], [across.T, own]])

    def _block(self, which: np.ndarray) -> sparse.csr_matrix:
        """Scaled columns as rows."""
        return (self.transposed[which].multiply((1 / self.scale[which])[:, None])).tocsr()

    def _refresh(self, linear: np.ndarray) -> None:
        """The curvature where we stand, on the active columns still in use."""
        chance = _chance(linear)
        self.curvature = self.counted * np.clip(chance * (1 - chance), 1e-6, None) / self.total
        block = self._block(self.active)
        weighed = sparse.csr_matrix(block.multiply(self.curvature))
        across = np.asarray(weighed @ self.dense)
        own = (block @ weighed.T).toarray()
        dense = (self.dense * self.curvature[:, None]).T @ self.dense
        self.gram = np.block([[dense, across.T], [across, own]])

    def _step(
        self,
        free_slope: np.ndarray,
        slope: np.ndarray,
        penalty: float,
        linear: np.ndarray,
        value: float,
    ) -> tuple[np.ndarray, bool]:
        """The minimum of the approximation, halved until the objective falls."""
        here = np.r_[self.free, self.penalised[self.active]]
        downhill = np.r_[free_slope, slope[self.active]]
        cost = np.zeros(len(here))
        cost[len(self.free) :] = penalty
        goal = penalised_quadratic(self.gram, self.gram @ here + downhill, cost, here)
        free, kept = self.free, self.penalised.copy()
        size = 1.0
        for _ in range(12):
            point = goal if size == 1.0 else here + size * (goal - here)
            self.free = point[: len(free)]
            self.penalised = kept.copy()
            self.penalised[self.active] = point[len(free) :]
            moved = self.linear
            if self._objective(moved, penalty) <= value + 1e-12:
                return moved, True
            size /= 2
        self.free, self.penalised = free, kept
        return linear, False


def _chance(linear: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-np.clip(linear, -500, 500))))
