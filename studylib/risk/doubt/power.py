"""The smallest effect a study can show, from its size alone: no outcome is told by arm."""

from __future__ import annotations

import numpy as np
from scipy import optimize, stats

from studylib.errors import EstimationError

_LARGEST_LOG = 10.0


def mdrr_cohort(
    arm: float, reference: float, events: int, *, alpha: float = 0.05, power: float = 0.80
) -> tuple[float, float]:
    """Minimum detectable relative risk of a cohort, and expected error of its log hazard ratio.

    ``arm`` and ``reference`` are the sizes compared: persons, as the reference system counts them,
    or person-time, which is more honest when follow-up differs; ``events`` counts all outcomes.
    Infinite without outcomes (Schoenfeld, 1983, Biometrics 39:499-503).

    >>> [round(each, 6) for each in mdrr_cohort(1797, 830, 159)]
    [1.612711, 0.170588]
    """
    _check(alpha, power, events)
    if not (0 < arm < np.inf and 0 < reference < np.inf):
        raise EstimationError(f"MDRR : groupes de taille {arm} et {reference} ; attendu positives.")
    share = arm / (arm + reference)
    if events == 0:
        return float("inf"), float("inf")
    error = 1 / np.sqrt(events * share * (1 - share))
    reach = stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(power)
    with np.errstate(over="ignore"):  # one too large to be written is infinite
        return float(np.exp(reach * error)), float(error)


def mdrr_self_controlled(
    share_at_risk: float, events: int, *, alpha: float = 0.05, power: float = 0.80
) -> float:
    """Minimum detectable incidence rate ratio of a self-controlled case series.

    ``share_at_risk`` is the share of the cases' person-time in the risk window. Signed root
    likelihood ratio (Musonda, Farrington and Whitaker, 2006, Statistics in Medicine 25:2618-2631).
    Infinite without outcomes, when all time is at risk, and when no ratio up to e¹⁰ would do.

    >>> round(mdrr_self_controlled(0.2, 200), 3)
    1.585
    """
    _check(alpha, power, events)
    if not 0 < share_at_risk <= 1:
        raise EstimationError(
            f"MDRR : part de temps à risque {share_at_risk} ; attendu de 0 exclu à 1."
        )
    if events == 0 or share_at_risk == 1:
        return float("inf")

    def gap(log_ratio: float) -> float:
        return _power(log_ratio, share_at_risk, events, alpha) - power

    if gap(_LARGEST_LOG) < 0:
        return float("inf")
    # power is not monotone at once near zero, where it is undefined: start just above
    return float(np.exp(optimize.brentq(gap, 1e-6, _LARGEST_LOG, xtol=1e-12)))


def mdrr_sequence_symmetry(
    pairs: int, *, null_ratio: float = 1.0, alpha: float = 0.05, power: float = 0.80
) -> float:
    """Minimum detectable adjusted sequence ratio from ``pairs`` persons who began both treatments.

    Each began one or the other first; without an effect a share ``null_ratio / (1 + null_ratio)``
    began the index first. The ratio is that of the odds that a two-sided test of one proportion
    finds with ``power`` (normal approximation). Infinite without pairs or null ratio, and when no
    ratio up to e¹⁰ would do.

    >>> round(mdrr_sequence_symmetry(200), 3)
    1.49
    """
    _check(alpha, power, pairs)
    if pairs == 0 or not 1e-9 < null_ratio < 1e9:
        return float("inf")
    share = null_ratio / (1 + null_ratio)
    reach = stats.norm.ppf(1 - alpha / 2) * np.sqrt(share * (1 - share) / pairs)
    most = null_ratio * np.exp(_LARGEST_LOG)
    most = most / (1 + most)

    def gap(found: float) -> float:
        spread = np.sqrt(found * (1 - found) / pairs)
        return float(found - share - reach - stats.norm.ppf(power) * spread)

    if gap(most) < 0:
        return float("inf")
    found = optimize.brentq(gap, share, most, xtol=1e-12)
    return float(found / (1 - found) / null_ratio)


def _power(log_ratio: float, share: float, events: int, alpha: float) -> float:
    ratio = np.exp(log_ratio)
    whole = ratio * share + 1 - share
    signal = 2 * (ratio * share / whole * log_ratio - np.log(whole))
    spread = log_ratio**2 / signal * ratio * share * (1 - share) / whole**2
    z = stats.norm.ppf(1 - alpha / 2)
    return float(stats.norm.cdf((np.sqrt(events * signal) - z) / np.sqrt(spread)))


def _check(alpha: float, power: float, events: int) -> None:
    if not (0 < alpha < 1 and 0 < power < 1 and 0 <= events < np.inf):
        raise EstimationError(
            f"MDRR : alpha {alpha}, puissance {power}, événements {events} ; attendu des parts de "
            "0 à 1 exclus et un nombre positif ou nul."
        )
