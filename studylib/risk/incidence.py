"""Incidence rates with exact intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from studylib.errors import EstimationError
from studylib.risk.logarithms import quantile
from studylib.risk.rows import by_arm, estimate_row, estimates, method, refuse_person_time

PER = 1000


def poisson_interval(events: int, *, level: float = 0.95) -> tuple[float, float]:
    """Exact interval of a Poisson mean from ``events`` occurrences (Garwood, 1936).

    It holds for zero events, where the normal interval collapses to a point.

    >>> low, high = poisson_interval(10)
    >>> round(low, 4), round(high, 4)
    (4.7954, 18.3904)
    """
    quantile(level)
    if not 0 <= events < np.inf:
        raise EstimationError(
            f"Intervalle de Poisson : {events} événements ; zéro ou plus attendu."
        )
    tail = (1 - level) / 2
    low = stats.chi2.ppf(tail, 2 * events) / 2 if events else 0.0
    return float(low), float(stats.chi2.ppf(1 - tail, 2 * (events + 1)) / 2)


def incidence_rate(
    follow_up: pd.DataFrame, *, outcome: str, per: int = PER, level: float = 0.95
) -> pd.DataFrame:
    """Outcomes per ``per`` person-years in each arm, with the exact Poisson interval.

    An ESTIMATES table, one row per arm, measure ``incidence_rate``.

    Reference
    ---------
    Garwood F (1936), Biometrika 28:437-442.

    >>> two = pd.DataFrame({"person_id": [1, 2], "arm": ["A", "A"], "entry": [0, 0],
    ...                     "exit": [1461, 2192], "event": [True, False]})
    >>> incidence_rate(two, outcome="bleeding")["estimate"].round(1).item()
    100.0
    """
    if not 0 < per < np.inf:
        raise EstimationError(f"Taux pour {per} personnes-années ; un nombre positif est attendu.")
    refuse_person_time(follow_up, repeated=True)
    rows = []
    for arm, group in by_arm(follow_up):
        row = estimate_row(
            group,
            comparison=arm,
            measure="incidence_rate",
            method=method("incidence_rate", per=per, interval="garwood"),
            outcome=outcome,
        )
        events, years = int(group["event"].sum()), float(str(row["person_years"]))
        low, high = poisson_interval(events, level=level)
        scaled = np.array([events, low, high]) * per / years
        rows.append(row | dict(zip(("estimate", "ci_low", "ci_high"), scaled, strict=True)))
    return estimates(rows)
