"""One answer from likelihood profiles, to which sites with few outcomes still contribute.

An estimate and its error stand for a parabola; with few outcomes the likelihood is not one, and a
site without outcome in an arm has no estimate at all, though it rules much out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import numpy as np
import pandas as pd
from scipy import interpolate, optimize

from studylib.errors import EstimationError, refuse_choices, refuse_counts
from studylib.risk.logarithms import quantile
from studylib.risk.pooling.meta_analysis import Effects, refuse_scale
from studylib.risk.pooling.random_profiles import Around, ProfileInterval, Scaled, chi_squared
from studylib.risk.rows import NOTHING, estimates, method
from studylib.risk.schemas import PROFILES
from studylib.tables import check

FARTHEST = 50.0
"""A log ratio that no profile goes beyond."""
FLAT = 1e-3
"""A fall of the log likelihood over the whole grid below which nothing was learnt."""
UNEVEN, BENDING = 1e-4, 5e-3
"""What rounding may do to slopes; the least part of a bend that lies on either side of a chord."""
NARROWEST = 1e-6
"""A log ratio's interval below which sites are one number: no data tell a ratio that well."""
_KEY = ["analysis", "comparison", "outcome", "measure"]
_APART = 0.02  # between ratios tried


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
    interval: ProfileInterval = "hartung_knapp",
    least_scale: float = 0.0,
    population: str = "ensemble",
    asked: int | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """The profiles of several sites (PROFILES, one ``population`` each) pooled in ESTIMATES rows.

    Fixed effects: their sum is the profile of one ratio common to all, as if the sites' data had
    been stratified by site in one place; limits are where it falls by half a chi-squared quantile.
    Random effects: each site's ratio is normal around a common mean on the log scale, integrated
    out (Schuemie and others, 2022). Their ``interval`` is ``hartung_knapp``: the spread between
    sites has restricted maximum likelihood, and limits are where the log likelihood falls by half
    the square of a t quantile (one degree less than sites) times the gaps seen between sites, by
    ``least_scale`` at least; for parabolas it is Hartung and Knapp's interval (2001), and it holds
    the truth as often as it says with few sites. ``profile``, as published, has the likeliest
    spread and a chi-squared quantile: too narrow below a dozen sites.

    A limit beyond the grid common to the sites is 0 or infinite, an estimate beyond it is not
    estimable. ``asked`` is how many sites were: those without a profile are then counted in
    ``method``. Sites whose profile is flat say nothing; when all are, there is no estimate.
    Person-years are unknown. The profile of a weighted model is no likelihood: its width follows
    the scale of the weights. EstimationError for a profile that is no hill.

    References
    ----------
    Schuemie MJ, Chen Y, Madigan D, Suchard MA (2022), Statistical Methods in Medical Research
    31:438-450. Hartung J, Knapp G (2001), Statistics in Medicine 20:3875-3889.
    """
    refuse_choices(
        "Profils",
        effects=(effects, get_args(Effects)),
        interval=(interval, get_args(ProfileInterval)),
    )
    refuse_scale("Profils", least_scale)
    quantile(level)
    known = check(profiles, PROFILES)
    for comparison, sites in known.groupby("comparison", observed=True):
        if sites["outcome"].nunique() > 1:
            raise EstimationError(
                f"Profils de {comparison} : plusieurs événements "
                f"({', '.join(sorted(sites['outcome'].unique()))}) ; un seul se combine."
            )
    how = None if effects == "fixed" else Scaled(interval, least_scale)
    rows = [
        {
            **dict(zip(_KEY, key, strict=True)),
            "population": population,
            **_pooled(sites, how, asked, level),
        }
        for key, sites in known.groupby(_KEY, sort=False, observed=True)
    ]
    return estimates(rows)


def _pooled(
    sites: pd.DataFrame, random: Scaled | None, asked: int | None, level: float
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
    elif len(telling) < 2:
        # One profile alone is that site's estimate, which its own gates may hold.
        reason = "a single site"
    else:
        values, p_value = _summary(telling, reach, random, level)
        reason = _no_interval(*values)
    if asked is not None:
        refuse_counts("Profils", len(curves), asked=asked)
    counts = sites.groupby("population", observed=True)[["persons", "events"]].max().sum()
    return {
        **dict(zip(("estimate", "ci_low", "ci_high"), NOTHING if reason else values, strict=True)),
        "p_value": np.nan if reason else p_value,
        "persons": int(counts["persons"]),
        "events": int(counts["events"]),
        "person_years": np.nan,
        "method": method(
            "profile_pooling",
            not_estimable=reason,
            **(random.told() if random else {"effects": "fixed_effects", "interval": "profile"}),
            interpolation="cubic_hermite",
            sites=len(curves),
            excluded_sites=(asked or len(curves)) - len(curves) or None,
        ),
    }


def _no_interval(estimate: float, low: float, high: float) -> str | None:
    if np.isnan(estimate):
        return "beyond the grid"
    return None if low == 0 or np.log(high / low) > NARROWEST else "identical sites"


def _summary(
    curves: Sequence[Profile], reach: tuple[float, float], random: Scaled | None, level: float
) -> tuple[tuple[float, float, float], float]:
    """Ratio, limits and p value of the summed, or integrated, log likelihood."""
    if random:
        sites = Around(curves, reach)
        knots, (values, ends) = sites.means, random.likelihood(sites, level)
        log_likelihood = interpolate.CubicSpline(knots, values)
    else:
        knots = np.linspace(*reach, 1 + int(np.ceil((reach[1] - reach[0]) / _APART)))
        values, ends = np.sum([one(knots) for one in curves], axis=0), chi_squared(level)

        def log_likelihood(at: float) -> np.ndarray:
            return np.asarray(sum(one(at) for one in curves))

    best = int(np.argmax(values))
    if best in (0, len(knots) - 1):
        return NOTHING, float("nan")
    found = optimize.minimize_scalar(
        lambda at: -float(log_likelihood(at)),
        bounds=(knots[best - 1], knots[best + 1]),
        method="bounded",
        options={"xatol": 1e-10},
    )
    top = -float(found.fun)
    drop, p_value = ends(float(found.x))

    def gap(at: float) -> float:
        return float(log_likelihood(at)) - top + drop

    low = optimize.brentq(gap, reach[0], found.x) if gap(reach[0]) < 0 else -np.inf
    high = optimize.brentq(gap, found.x, reach[1]) if gap(reach[1]) < 0 else np.inf
    nothing_seen = reach[0] <= 0 <= reach[1]
    p = p_value(max(top - float(log_likelihood(0.0)), 0.0)) if nothing_seen else np.nan
    return (float(np.exp(found.x)), float(np.exp(low)), float(np.exp(high))), p
