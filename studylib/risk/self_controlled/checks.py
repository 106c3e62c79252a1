"""What a self-controlled case series assumes, checked before its estimates are seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats

from studylib.errors import EstimationError, refuse_counts
from studylib.risk.gates.schemas import measured
from studylib.risk.gates.thresholds import Thresholds
from studylib.risk.self_controlled.arrays import Reals
from studylib.risk.self_controlled.case_series import PROBE, CaseSeries, assembled, ended_early
from studylib.risk.self_controlled.estimates import self_controlled_case_series
from studylib.risk.self_controlled.fitting import fitted
from studylib.risk.self_controlled.inputs import NAME
from studylib.tables import CheckResult

PRE_EXPOSURE = "pre_exposure"


def check_rare_outcome(
    persons_with: int, persons: int, *, thresholds: Thresholds | None = None
) -> CheckResult:
    """Whether the outcome is rare, where only first events are kept.

    A share p of persons with the outcome biases the ratio by about p / 2 (Farrington, 1995).

    >>> check_rare_outcome(40, 1000).passed
    True
    """
    if not (0 <= persons_with <= persons and 0 < persons < np.inf):
        raise EstimationError(
            f"Rareté du critère : {persons_with} personnes atteintes sur {persons} ; la population "
            "compte au moins une personne et contient les cas."
        )
    limit = (thresholds or Thresholds()).largest_outcome_share
    share = persons_with / persons
    row = {"statistic": "outcome_share", "value": share, "at_most": limit}
    table = measured([row | {"persons": persons, "events": persons_with}])
    text = "le critère est rare" if share <= limit else "le critère n'est pas rare"
    return CheckResult("rare_outcome", share <= limit, table, text + " dans la population.")


def check_event_dependent_exposure(
    series: CaseSeries, *, window: str = PRE_EXPOSURE, thresholds: Thresholds | None = None
) -> CheckResult:
    """Whether events leave later exposure alone: the ratio of the pre-exposure window is near 1.

    Passed when the 95 % interval (profile) of each drug's ratio in ``window`` meets the bounds
    ``pre_exposure`` of the thresholds; not evaluated when the series has no such window.
    """
    return _near_one(
        series,
        "event_dependent_exposure",
        f": {window} / ",
        (thresholds or Thresholds()).pre_exposure,
        "les événements ne sont ni plus rares ni plus fréquents juste avant l'exposition.",
        "les événements sont plus rares ou plus fréquents juste avant l'exposition : "
        "l'événement semble modifier l'exposition.",
    )


def check_event_dependent_observation(
    series: CaseSeries, *, days: int = 30, thresholds: Thresholds | None = None
) -> CheckResult:
    """Whether events leave observation alone: the ratio of its last ``days`` is near 1.

    The probe stands at the end of observations that death or departure cut short (``ended_early``
    of the cases; all of them without that column). Passed when its 95 % interval (profile) meets
    the bounds ``end_of_observation``; when no observation is cut short there is nothing to fear.
    """
    name = "event_dependent_observation"
    refuse_counts(NAME, 1, days=days)
    if not ended_early(series.observed).any():
        return CheckResult(name, True, measured([]), "aucune observation n'est écourtée.")
    design = replace(series.design, probe_days=days)
    probed = assembled(series.observed, design, series.choices, series.weigh)
    return _near_one(
        probed,
        name,
        f"{PROBE} / ",
        (thresholds or Thresholds()).end_of_observation,
        f"les {days} derniers jours d'observation ne portent pas plus d'événements que les autres.",
        f"les {days} derniers jours d'observation portent plus ou moins d'événements que les "
        "autres : l'événement semble écourter l'observation.",
    )


def _near_one(
    series: CaseSeries, name: str, part: str, bounds: tuple[float, float], good: str, bad: str
) -> CheckResult:
    """Whether the intervals of the terms named so meet the bounds."""
    rows = self_controlled_case_series(series, outcome="", interval="profile")
    rows = rows[rows["comparison"].str.contains(part, regex=False)]
    table = measured(
        {
            "subject": row["comparison"],
            "statistic": "incidence_rate_ratio",
            "value": row["estimate"],
            "ci_low": row["ci_low"],
            "ci_high": row["ci_high"],
            "at_least": bounds[0],
            "at_most": bounds[1],
            "persons": row["persons"],
            "events": row["events"],
        }
        for _, row in rows.iterrows()
    )
    infinite = rows["method"].str.contains("no outcome outside", regex=False)
    if rows.empty or not (rows["estimate"].notna() | infinite).all():
        text = "le contrôle n'a pu être mené : le rapport de la fenêtre n'est pas estimable."
        return CheckResult(name, None, table, text, evaluated=False)
    far = infinite | (rows["ci_low"] > bounds[1]) | (rows["ci_high"] < bounds[0])
    return CheckResult(name, not far.any(), table, bad if far.any() else good)


def check_time_stability(
    series: CaseSeries, *, alpha: float = 0.05, thresholds: Thresholds | None = None
) -> CheckResult:
    """Whether events keep the same pace from month to month, once the model has adjusted.

    Observed events of each month are held against those the fitted model expects. Passed when
    they do not depart from expected by more than ``largest_time_instability``, up or down, beyond
    chance: likelihood-ratio test of monthly ratios all within it and its inverse against free
    ones, with the chi-bar-square law of independent months (Silvapulle and Sen, 2005), one-sided
    ``alpha``. ``observed_by_month`` gives the months.
    """
    if not 0 < alpha < 1:
        raise EstimationError(f"{NAME} : alpha vaut {alpha} ; entre 0 et 1 exclus.")
    limit = (thresholds or Thresholds()).largest_time_instability
    name = "time_stability"
    table = observed_by_month(series)
    if table is None or table.empty:
        text = "le contrôle n'a pu être mené : le modèle n'a pas de solution finie."
        return CheckResult(name, None, measured([]), text, evaluated=False)
    observed, expected = (table[column].to_numpy(float) for column in ("observed", "expected"))
    p_value = _beyond(observed, expected, limit)
    mean = float(np.average(_either_way(observed / expected), weights=expected))
    text = f"d'un mois à l'autre, l'écart moyen à l'attendu est un facteur {mean:.2f}"
    text = f"{text} (p = {p_value:.3f}).".replace(".", ",", 2)
    row = {"statistic": "chance_of_instability", "value": p_value, "at_least": alpha}
    return CheckResult(
        name, p_value > alpha, measured([row | {"events": int(sum(observed))}]), text
    )


def observed_by_month(series: CaseSeries) -> pd.DataFrame | None:
    """Events of each month and those the model expects: period (YYYY-MM), observed, expected.

    None when the model has no finite answer.
    """
    monthly = replace(series.design, by_month=True)
    months = assembled(series.observed, monthly, series.choices, series.weigh)
    model = fitted(series)
    if not model.fit.converged:
        return None
    beta = np.zeros(len(months.terms) - 1)
    beta[model.kept] = model.fit.beta
    design, patterns = months.patterns.design, months.patterns
    weight = np.exp(design[:, :-1] @ beta)
    due = weight * (patterns.time.T @ (patterns.of_case / (patterns.time @ weight)))
    table = pd.DataFrame({"month": design[:, -1], "observed": patterns.events, "expected": due})
    table = table.groupby("month", as_index=False).sum().query("expected > 0")
    month = np.datetime64("1970-01", "M") + table["month"].to_numpy().astype(int)
    return table.assign(period=month.astype(str))[["period", "observed", "expected"]]


def _either_way(ratio: Reals) -> Reals:
    """Each ratio, or its inverse when that is larger; a month without event counts as its own."""
    safe = np.where(ratio > 0, ratio, 1.0)
    return np.maximum(safe, 1 / safe)


def _beyond(observed: Reals, expected: Reals, most: float) -> float:
    """The p value of monthly ratios all within ``[1 / most, most]``."""
    ratio = observed / expected
    held = np.clip(ratio, 1 / most, most)
    rise = np.zeros(len(ratio))
    some = observed > 0
    rise[some] = observed[some] * np.log(ratio[some] / held[some])
    statistic = 2 * float((rise - (ratio - held) * expected).sum())
    if statistic <= 1e-12:
        return 1.0
    free = np.arange(1, len(ratio) + 1)
    weights = stats.binom.pmf(free, len(ratio), 0.5)
    return float(weights @ stats.chi2.sf(statistic, free))
