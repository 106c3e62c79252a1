"""One answer from likelihood profiles, to which sites with few outcomes still contribute.

An estimate and its error stand for a parabola; with few outcomes the likelihood is not one, and a
site without outcome in an arm has no estimate at all, though it rules much out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import numpy as np
import pandas as pd
from scipy import interpolate, optimize, stats

from studylib.errors import EstimationError, refuse_choices, refuse_counts
from studylib.risk.logarithms import quantile
from studylib.risk.pooling.meta_analysis import Effects
from studylib.risk.rows import NOTHING, estimates, method
from studylib.risk.schemas import PROFILES
from studylib.tables import check

FARTHEST = 50.0
"""A log ratio that no profile goes beyond."""
FLAT = 1e-3
"""A fall of the log likelihood over the whole grid below which nothing was learnt."""
UNEVEN, BENDING = 1e-4, 5e-3
"""What rounding may do to slopes; the least part of a bend that lies on either side of a chord."""
_KEY = ["analysis", "comparison", "outcome", "measure"]
_APART = 0.02  # between means tried
_STEP = 0.005  # of the integral over sites' ratios
_BEYOND = 3.0  # log units integrated beyond the grid, where profiles are continued
_TAUS = np.concatenate([[0.0], np.geomspace(0.02, 2.0, 40)])


class Profile:
    """A log likelihood known on a grid with its slopes: cubic between points (Hermite), straight
    beyond them.

    >>> half = Profile([-1.0, 0.0, 1.0], [-0.5, 0.0, -0.5], [1.0, 0.0, -1.0])
    >>> [float(half(x)) for x in (0.5, 2.0)]
    [-0.125, -1.5]
    """

    def __init__(
        self, points: Sequence[float], values: Sequence[float], slopes: Sequence[float]
    ) -> None:
        x, y, slope = (np.asarray(each, dtype=float) for each in (points, values, slopes))
        order = np.argsort(x)
        self.x, self.y, self.slope = x[order], y[order], slope[order]
        if len(x) < 2 or (np.diff(self.x) <= 0).any():
            raise EstimationError("Profil de vraisemblance : il faut deux points distincts.")
        if not np.isfinite([*self.x, *self.y, *self.slope]).all():
            raise EstimationError("Profil de vraisemblance : une valeur manque ou est infinie.")
        if np.abs(self.x).max() > FARTHEST:
            raise EstimationError(
                "Profil de vraisemblance : des logarithmes de rapport sont au-delà de "
                f"{FARTHEST:g}, dans un sens ou dans l'autre."
            )
        self._refuse_shape()
        self._inside = interpolate.CubicHermiteSpline(self.x, self.y, self.slope)

    def _refuse_shape(self) -> None:
        """A profile likelihood is a hill: between two points its mean slope is between theirs."""
        between, bend = np.diff(self.y) / np.diff(self.x), -np.diff(self.slope)
        slack = UNEVEN * (1 + np.abs(between).max())
        least = BENDING * bend - slack
        before, after = self.slope[:-1] - between, between - self.slope[1:]
        if ((bend < -slack) | (before < least) | (after < least)).any():
            raise EstimationError(
                "Profil de vraisemblance : courbe creuse, ou pentes contraires aux valeurs ; "
                "vérifier les colonnes log_likelihood et gradient."
            )

    @property
    def flat(self) -> bool:
        """Whether it tells no ratio from another."""
        return bool(np.ptp(self.y) < FLAT)

    def __call__(self, at: float | np.ndarray) -> np.ndarray:
        """The log likelihood there."""
        place = np.asarray(at, dtype=float)
        below, above = place - self.x[0], place - self.x[-1]
        inside = self._inside(np.clip(place, self.x[0], self.x[-1]))
        straight = np.minimum(below, 0) * self.slope[0] + np.maximum(above, 0) * self.slope[-1]
        return np.asarray(inside + straight)


def pooled_profiles(
    profiles: pd.DataFrame,
    *,
    effects: Effects,
    population: str = "ensemble",
    asked: int | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """The profiles of several sites (PROFILES, one ``population`` each) pooled in ESTIMATES rows.

    Fixed effects: their sum is the profile of one ratio common to all, as if the sites' data had
    been stratified by site in one place. Random effects: each site's ratio is normal around a
    common mean on the log scale, integrated out; mean and spread have maximum likelihood. Limits
    are where the profile falls by half a chi-squared quantile; a limit beyond the grid common to
    the sites is 0 or infinite, an estimate beyond it is not estimable. With fewer than five sites a
    random-effects interval is too narrow. ``asked`` is how many sites were: those without a profile
    are then counted in ``method``. Sites whose profile is flat say nothing; when all are, there is
    no estimate. Person-years are unknown. The profile of a weighted model is no likelihood: its
    width follows the scale of the weights. EstimationError for a profile that is no hill.

    Reference
    ---------
    Schuemie MJ, Chen Y, Madigan D, Suchard MA (2022), Statistical Methods in Medical Research
    31:438-450.
    """
    refuse_choices("Profils", effects=(effects, get_args(Effects)))
    quantile(level)
    known = check(profiles, PROFILES)
    for comparison, sites in known.groupby("comparison", observed=True):
        if sites["outcome"].nunique() > 1:
            raise EstimationError(
                f"Profils de {comparison} : plusieurs événements "
                f"({', '.join(sorted(sites['outcome'].unique()))}) ; un seul se combine."
            )
    rows = [
        {
            **dict(zip(_KEY, key, strict=True)),
            "population": population,
            **_pooled(sites, effects, asked, level),
        }
        for key, sites in known.groupby(_KEY, sort=False, observed=True)
    ]
    return estimates(rows)


def _pooled(
    sites: pd.DataFrame, effects: str, asked: int | None, level: float
) -> dict[str, object]:
    """Estimate, limits, p value, counts and method of one question put to several sites."""
    curves = [
        Profile(*(one[name].tolist() for name in ("log_ratio", "log_likelihood", "gradient")))
        for _, one in sites.groupby("population", sort=False, observed=True)
    ]
    reach = max(one.x[0] for one in curves), min(one.x[-1] for one in curves)
    if reach[0] >= reach[1]:
        raise EstimationError(
            "Profils de vraisemblance : les grilles des sites n'ont rien en commun."
        )
    telling = [one for one in curves if not one.flat]
    reason, values, p_value = None, NOTHING, np.nan
    if not telling:
        reason = "flat profile"
    elif len(curves) < 2:  # one profile alone is that site's estimate, which its gates may hold
        reason = "a single site"
    else:
        values, p_value = _summary(telling, reach, effects, level)
        reason = None if values[1] < values[2] else "beyond the grid"
    if asked is not None:
        refuse_counts("Profils", len(curves), asked=asked)
    counts = sites.groupby("population", observed=True)[["persons", "events"]].max().sum()
    return {
        **dict(zip(("estimate", "ci_low", "ci_high"), values, strict=True)),
        "p_value": p_value,
        "persons": int(counts["persons"]),
        "events": int(counts["events"]),
        "person_years": np.nan,
        "method": method(
            "profile_pooling",
            not_estimable=reason,
            effects="random_effects" if effects == "random" else "fixed_effects",
            interval="profile",
            interpolation="cubic_hermite",
            sites=len(curves),
            excluded_sites=(asked or len(curves)) - len(curves) or None,
        ),
    }


def _summary(
    curves: Sequence[Profile], reach: tuple[float, float], effects: str, level: float
) -> tuple[tuple[float, float, float], float]:
    """Ratio, limits and p value of the summed, or integrated, log likelihood."""
    knots = np.linspace(*reach, 1 + int(np.ceil((reach[1] - reach[0]) / _APART)))
    if effects == "fixed":

        def log_likelihood(at: float) -> float:
            return float(sum(one(at) for one in curves))

        values = np.sum([one(knots) for one in curves], axis=0)
    else:
        values = _integrated(curves, knots)
        smooth = interpolate.CubicSpline(knots, values)

        def log_likelihood(at: float) -> float:
            return float(smooth(at))

    best = int(np.argmax(values))
    if best in (0, len(knots) - 1):
        return NOTHING, float("nan")
    found = optimize.minimize_scalar(
        lambda at: -log_likelihood(at),
        bounds=(knots[best - 1], knots[best + 1]),
        method="bounded",
        options={"xatol": 1e-10},
    )
    top, drop = -float(found.fun), stats.chi2.ppf(level, 1) / 2

    def gap(at: float) -> float:
        return float(log_likelihood(at) - top + drop)

    low = optimize.brentq(gap, reach[0], found.x) if gap(reach[0]) < 0 else -np.inf
    high = optimize.brentq(gap, found.x, reach[1]) if gap(reach[1]) < 0 else np.inf
    nothing_seen = reach[0] <= 0 <= reach[1]
    p_value = stats.chi2.sf(2 * (top - log_likelihood(0.0)), 1) if nothing_seen else np.nan
    return (float(np.exp(found.x)), float(np.exp(low)), float(np.exp(high))), float(p_value)


def _integrated(curves: Sequence[Profile], means: np.ndarray) -> np.ndarray:
    """At each mean, the log likelihood of the sites, the spread between them maximised."""
    fine = np.arange(means[0] - _BEYOND, means[-1] + _BEYOND, _STEP)
    heights = np.stack([one(fine) for one in curves])
    tops = heights.max(axis=1)
    relative = np.exp(heights - tops[:, None])
    best = np.sum([one(means) for one in curves], axis=0)
    for tau in _TAUS[1:]:
        kernel = np.exp(-0.5 * ((fine[:, None] - means[None, :]) / tau) ** 2)
        kernel /= tau * np.sqrt(2 * np.pi)
        averaged = np.maximum(relative @ kernel * _STEP, np.finfo(float).tiny)
        best = np.maximum(best, (np.log(averaged) + tops[:, None]).sum(axis=0))
    return np.asarray(best)
