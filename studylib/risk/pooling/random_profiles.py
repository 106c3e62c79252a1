"""A common mean of sites known by their profiles, each site's own ratio integrated out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import interpolate, optimize, special, stats

ProfileInterval = Literal["hartung_knapp", "profile"]
Ends = Callable[[float], tuple[float, Callable[[float], float]]]
"""From the place of a summit: the fall of the log likelihood at the limits, the p value of a
fall.
"""

_APART = 0.04  # between means tried
_FINER = 4  # times finer: steps of the integral over sites' ratios
_BEYOND = 3.0  # log units integrated beyond the grid, where profiles are continued
_TAUS = np.concatenate([[0.0], np.geomspace(0.02, 2.0, 25)])


class Around:
    """Sites whose log ratios are normal around a mean, at each of the means tried."""

    def __init__(
        self, curves: Sequence[Callable[[np.ndarray], np.ndarray]], reach: tuple[float, float]
    ) -> None:
        gaps = int(np.ceil((reach[1] - reach[0]) / _APART))
        self.means = np.linspace(*reach, 1 + gaps)
        self._exact = np.stack([one(self.means) for one in curves])
        self._step = (reach[1] - reach[0]) / gaps / _FINER
        beyond = int(np.ceil(_BEYOND / self._step))
        fine = np.arange(-beyond, _FINER * gaps + beyond + 1)
        heights = np.stack([one(reach[0] + self._step * fine) for one in curves])
        self._tops = heights.max(axis=1, keepdims=True)
        self._relative = np.exp(heights - self._tops)
        self._apart = fine[:, None] - _FINER * np.arange(1 + gaps)  # in steps: few numbers differ

    @property
    def freedom(self) -> int:
        """Sites less one."""
        return len(self._exact) - 1

    def sites(self, tau: float) -> np.ndarray:
        """The log likelihood of each site (row) at each mean, with that spread between sites."""
        if tau == 0:
            return self._exact
        steps = np.arange(self._apart.min(), self._apart.max() + 1)
        density = stats.norm.pdf(self._step * steps, scale=tau) * self._step
        averaged = self._relative @ density[self._apart - steps[0]]
        return np.asarray(np.log(np.maximum(averaged, np.finfo(float).tiny)) + self._tops)

    def likeliest(self) -> np.ndarray:
        """The log likelihood at each mean, the spread there being the likeliest one."""
        return np.asarray(np.max([self.sites(float(tau)).sum(axis=0) for tau in _TAUS], axis=0))

    def reml(self) -> float:
        """The spread of greatest restricted likelihood: the mean is integrated out."""

        def missed(tau: float) -> float:
            return -float(special.logsumexp(self.sites(tau).sum(axis=0)))

        best = int(np.argmin([missed(float(tau)) for tau in _TAUS]))
        if best == 0:
            return 0.0
        around = (max(_TAUS[best - 1], _TAUS[1]), _TAUS[min(best + 1, len(_TAUS) - 1)])
        return float(optimize.minimize_scalar(missed, bounds=around, method="bounded").x)

    def scale(self, tau: float, mean: float) -> float:
        """How far sites fall from their own summits at that mean, per degree of freedom.

        Hartung and Knapp's weighted squares when profiles are parabolas; the deviance otherwise,
        which stays finite for a site without outcome in an arm.
        """
        fallen = 0.0
        for height in self.sites(tau):
            curve = interpolate.CubicSpline(self.means, height)
            turns = curve.derivative().roots(extrapolate=False)
            summit = max(height[0], height[-1], *curve(turns[np.isfinite(turns)]), curve(mean))
            fallen += 2 * float(summit - curve(mean))
        return fallen / self.freedom


@dataclass(frozen=True)
class Scaled:
    """How wide a random-effects interval is: see ``pooled_profiles``."""

    interval: ProfileInterval
    least_scale: float

    def told(self) -> dict[str, object]:
        """These choices as ``method`` writes them."""
        own = self.interval == "hartung_knapp"
        return {
            "effects": "random_effects",
            "between_variance": "reml" if own else "ml",
            "interval": self.interval,
            "least_scale": self.least_scale if own else None,
        }

    def likelihood(self, sites: Around, level: float) -> tuple[np.ndarray, Ends]:
        """The log likelihood at ``sites.means``, and what its limits are."""
        if self.interval == "profile":
            return sites.likeliest(), chi_squared(level)
        tau = sites.reml()
        reach = float(stats.t.ppf((1 + level) / 2, sites.freedom))

        def ends(summit: float) -> tuple[float, Callable[[float], float]]:
            scale = max(sites.scale(tau, summit), self.least_scale)
            return scale * reach**2 / 2, lambda fall: _t_test(fall, scale, sites.freedom)

        return sites.sites(tau).sum(axis=0), ends


def chi_squared(level: float) -> Ends:
    """Limits where twice the log likelihood falls by a quantile of the chi-squared law."""
    drop = float(stats.chi2.ppf(level, 1)) / 2
    return lambda summit: (drop, lambda fall: float(stats.chi2.sf(2 * fall, 1)))


def _t_test(fall: float, scale: float, freedom: int) -> float:
    return float(2 * stats.t.sf(np.sqrt(2 * fall / scale), freedom)) if scale > 0 else np.nan
