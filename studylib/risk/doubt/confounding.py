"""What one unmeasured binary confounder would do to an estimate."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import pandas as pd

from studylib.errors import EstimationError, refuse_counts
from studylib.risk.doubt.schemas import CONFOUNDER, TIPPING
from studylib.risk.received import FEWEST_DRAWS, UNBOUNDED, received_ratios
from studylib.risk.rows import estimates as as_estimates
from studylib.risk.rows import method
from studylib.tables import ESTIMATES, check, empty

NAME = "Facteur de confusion"
LIMITS = ["estimate", "ci_low", "ci_high"]


def bias_factor(
    prevalence_arm: float, prevalence_reference: float, confounder_ratio: float
) -> float:
    """The ratio seen over the ratio true, for one binary confounder (Bross, 1966).

    (p₁ (g - 1) + 1) / (p₀ (g - 1) + 1): p₁ and p₀ are its prevalences in the arm and the reference,
    g its ratio with the outcome. EstimationError outside 0 to 1, or for a ratio not positive.

    References
    ----------
    Bross IDJ (1966), Journal of Chronic Diseases 19:637-647. Schlesselman JJ (1978), American
    Journal of Epidemiology 108:3-8.

    >>> round(bias_factor(0.5, 0.25, 3.0), 4)
    1.3333
    """
    shares = (prevalence_arm, prevalence_reference)
    if not all(0 <= share <= 1 for share in shares) or not 0 < confounder_ratio < np.inf:
        raise EstimationError(
            f"Facteur de confusion : prévalences {shares[0]} et {shares[1]}, rapport "
            f"{confounder_ratio} ; attendu des prévalences de 0 à 1 et un rapport supérieur à 0."
        )
    excess = confounder_ratio - 1
    return (prevalence_arm * excess + 1) / (prevalence_reference * excess + 1)


def unmeasured_confounder(
    estimates: pd.DataFrame,
    *,
    prevalences_arm: Sequence[float],
    prevalences_reference: Sequence[float],
    confounder_ratios: Sequence[float],
) -> pd.DataFrame:
    """Ratios (ESTIMATES) corrected for each confounder of an array, a CONFOUNDER table.

    One row per estimate, prevalence in the arm, in the reference, and ratio with the outcome:
    estimate and limits divided by the bias factor. Rows without an estimate are left out.
    """
    known, _, _ = received_ratios(estimates, NAME, whole=True)
    rows = [
        {
            **{str(name): value for name, value in row.items()},
            "prevalence_arm": float(arm),
            "prevalence_reference": float(base),
            "confounder_ratio": float(ratio),
            "bias_factor": (factor := bias_factor(arm, base, ratio)),
            **{name: row[name] / factor for name in LIMITS},
        }
        for _, row in known.dropna(subset=["estimate"]).iterrows()
        for arm, base, ratio in product(prevalences_arm, prevalences_reference, confounder_ratios)
    ]
    if not rows:
        return empty(CONFOUNDER)
    return check(pd.DataFrame(rows)[CONFOUNDER.names], CONFOUNDER)


def tipping_ratio(ratio: float, *, prevalence_arm: float, prevalence_reference: float) -> float:
    """The confounder's ratio with the outcome that brings ``ratio`` to 1; NaN when none can.

    Give the estimate, or the limit nearest 1, to know what would take its significance away.

    >>> round(tipping_ratio(1.3333333, prevalence_arm=0.5, prevalence_reference=0.25), 3)
    3.0
    """
    bias_factor(prevalence_arm, prevalence_reference, 1.0)
    if not ratio > 0 or not np.isfinite(ratio):
        return float("nan")
    slope = prevalence_arm - ratio * prevalence_reference
    needed = 1 + (ratio - 1) / slope if slope != 0 else float("nan")
    return float(needed) if needed > 0 else float("nan")


def tipping_points(
    estimates: pd.DataFrame,
    *,
    prevalences_arm: Sequence[float],
    prevalences_reference: Sequence[float],
) -> pd.DataFrame:
    """The smallest confounder that explains each ratio (ESTIMATES) away, a TIPPING table.

    One row per estimate and pair of prevalences: the ratio with the outcome that would bring the
    estimate to 1 (``tipping_estimate``), and its limit nearest 1 (``tipping_limit``; 1 when the
    interval holds it already). Missing where no confounder of those prevalences can. Rows without
    an estimate are left out.

    Reference
    ---------
    Lin DY, Psaty BM, Kronmal RA (1998), Biometrics 54:948-963.
    """
    known, _, _ = received_ratios(estimates, NAME, whole=True)
    rows = [
        {
            **{str(name): value for name, value in row.items()},
            "prevalence_arm": float(arm),
            "prevalence_reference": float(base),
            "tipping_estimate": tipping_ratio(
                float(row["estimate"]), prevalence_arm=arm, prevalence_reference=base
            ),
            "tipping_limit": _of_limit(row, arm, base),
        }
        for _, row in known.dropna(subset=["estimate"]).iterrows()
        for arm, base in product(prevalences_arm, prevalences_reference)
    ]
    return check(pd.DataFrame(rows)[TIPPING.names], TIPPING) if rows else empty(TIPPING)


def _of_limit(row: pd.Series, arm: float, base: float) -> float:
    """What brings the limit nearest 1 to it; 1, no confounder at all, when the interval holds 1."""
    if row["ci_low"] <= 1 <= row["ci_high"]:
        return 1.0
    limit = float(row["ci_low"] if row["estimate"] > 1 else row["ci_high"])
    return tipping_ratio(limit, prevalence_arm=arm, prevalence_reference=base)


def probable_confounder(
    estimates: pd.DataFrame,
    *,
    prevalence_arm: tuple[float, float],
    prevalence_reference: tuple[float, float],
    confounder_ratio: tuple[float, float],
    draws: int = 10_000,
    seed: int,
    level: float = 0.95,
) -> pd.DataFrame:
    """Ratios (ESTIMATES) under a confounder known within ranges (Lash, Fox and Fink, 2009).

    Prevalences are uniform between their bounds, the confounder's ratio log-uniform; chance is
    drawn with them. The estimate is the median, its limits the central ``level``. ESTIMATES rows,
    without p value; one without a finite interval is not estimable.
    """
    draw = np.random.default_rng(seed)
    ranges = (prevalence_arm, prevalence_reference, confounder_ratio)
    refuse_counts(NAME, FEWEST_DRAWS, draws=draws)
    factor = np.log(_drawn_factors(draw, ranges, draws))
    known, center, error = received_ratios(estimates, NAME, level=level, whole=True)
    rows, tail = [], (1 - level) / 2
    for place, (_, row) in enumerate(known[ESTIMATES.names].iterrows()):
        record = {str(name): value for name, value in row.items()}
        if pd.notna(row["estimate"]):
            before = str(row["method"]).split("; ")[0]
            bounded, values = np.isfinite(error[place]), np.full(3, np.nan)
            if bounded:
                found = center[place] - factor + error[place] * draw.standard_normal(draws)
                with np.errstate(over="ignore"):  # a ratio too large to be written is infinite
                    values = np.exp(np.quantile(found, [0.5, tail, 1 - tail]))
            record |= dict(zip(LIMITS, values, strict=True)) | {"p_value": np.nan}
            record["method"] = method(
                "probabilistic_bias_analysis",
                not_estimable=None if bounded else UNBOUNDED,
                of=before,
                bias="unmeasured_confounder",
                draws=draws,
                seed=seed,
            )
        rows.append(record)
    return as_estimates(rows)


def _drawn_factors(
    draw: np.random.Generator, ranges: tuple[tuple[float, float], ...], draws: int
) -> np.ndarray:
    """Bias factors of confounders drawn within the ranges of prevalences and ratio."""
    for ends in ranges:
        if not ends[0] <= ends[1]:
            raise EstimationError(
                f"Analyse probabiliste : bornes {ends[0]} et {ends[1]} inversées."
            )
    for end in (0, 1):
        bias_factor(*(each[end] for each in ranges))
    arm, base = (draw.uniform(*each, draws) for each in ranges[:2])
    low, high = (float(np.log(end)) for end in ranges[2])
    excess = np.exp(draw.uniform(low, high, draws)) - 1
    return np.asarray((arm * excess + 1) / (base * excess + 1))
