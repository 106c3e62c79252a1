"""What a self-controlled case series assumes, checked before its estimates are seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats

from studylib.errors import EstimationError
from studylib.risk.self_controlled.arrays import Reals
from studylib.risk.self_controlled.case_series import PROBE, CaseSeries, assembled
from studylib.risk.self_controlled.estimates import self_controlled_case_series
from studylib.risk.self_controlled.fitting import fitted
from studylib.tables import CheckResult

PRE_EXPOSURE = "pre_exposure"
COLUMNS = ["comparison", "estimate", "ci_low", "ci_high", "persons", "events"]


def check_rare_outcome(persons_with: int, persons: int, *, most: float = 0.10) -> CheckResult:
    """Whether the outcome is rare where only first events are kept.

    A share p of persons with the outcome biases the ratio by about p / 2. Table: persons, events,
    share, most.

    >>> check_rare_outcome(40, 1000).passed
    True
    """
    if persons <= 0 or not 0 <= persons_with <= persons:
        raise EstimationError(
            f"Rareté du critère : {persons_with} personnes atteintes sur {persons} ; la population "
            "compte au moins une personne et contient les cas."
        )
    share = persons_with / persons
    table = pd.DataFrame(
        [{"persons": persons, "events": persons_with, "share": share, "most": most}]
    )
    text = "le critère est rare" if share <= most else "le critère n'est pas rare"
    return CheckResult("rare_outcome", share <= most, table, text + " dans la population.")


def check_event_dependent_exposure(
    series: CaseSeries, *, window: str = PRE_EXPOSURE, low: float = 0.80, high: float = 1.25
) -> CheckResult:
    """Whether events leave later exposure alone: the ratio of the pre-exposure window is near 1.

    Passed when the 95 % interval of each drug's ratio in ``window`` meets ``[low, high]``. Table:
    comparison, estimate, ci_low, ci_high, persons, events.
    """
    return _near_one(
        series,
        "event_dependent_exposure",
        f": {window} / ",
        (low, high),
        "les événements surviennent avant l'exposition comme le reste du temps.",
        "les événements sont plus rares ou plus fréquents juste avant l'exposition : "
        "l'événement semble modifier l'exposition.",
    )


def check_event_dependent_observation(
    series: CaseSeries, *, days: int = 30, low: float = 0.5, high: float = 2.0
) -> CheckResult:
    """Whether events leave observation alone: the ratio of its last ``days`` is near 1.

    The probe stands at the end of observations that death or departure cut short (``ended_early``
    of the cases; all of them without that column). Passed when its 95 % interval meets
    ``[low, high]``; when no observation is cut short there is nothing to fear.
    """
    name = "event_dependent_observation"
    if not series.observed.cases.get("ended_early", pd.Series([True])).any():
        text = "aucune observation n'est écourtée."
        return CheckResult(name, True, pd.DataFrame(columns=COLUMNS), text)
    probed = assembled(series.observed, replace(series.design, probe_days=days), series.choices)
    return _near_one(
        probed,
        name,
        f"{PROBE} / ",
        (low, high),
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
    table = rows[COLUMNS].reset_index(drop=True)
    infinite = rows["method"].str.contains("no outcome outside", regex=False)
    known = rows["estimate"].notna() | infinite
    if rows.empty or not known.all():
        text = "le contrôle n'a pu être mené : le rapport de la fenêtre n'est pas estimable."
        return CheckResult(name, None, table, text, evaluated=False)
    far = infinite | (rows["ci_low"] > bounds[1]) | (rows["ci_high"] < bounds[0])
    return CheckResult(name, not far.any(), table, bad if far.any() else good)


def check_time_stability(
    series: CaseSeries, *, most: float = 1.1, alpha: float = 0.05
) -> CheckResult:
    """Whether events keep the same pace from month to month, once the model has adjusted.

    Observed events of each month are held against those the fitted model expects. Passed when
    they do not depart from expected by more than a factor ``most``, up or down, beyond chance:
    likelihood-ratio test of all monthly ratios lying in ``[1 / most, most]`` against free ones,
    with the chi-bar-square law of independent months (Silvapulle and Sen, 2005), one-sided
    ``alpha``. Table: period (YYYY-MM), observed, expected, ratio.
    """
    months = assembled(series.observed, replace(series.design, by_month=True), series.choices)
    model = fitted(series)
    name = "time_stability"
    columns = ["period", "observed", "expected", "ratio"]
    if not model.fit.converged:
        text = "le contrôle n'a pu être mené : le modèle n'a pas de solution finie."
        return CheckResult(name, None, pd.DataFrame(columns=columns), text, evaluated=False)
    beta = np.zeros(len(months.terms))
    beta[model.kept] = model.fit.beta
    design = months.patterns.design
    weight = np.exp(design[:, :-1] @ beta[:-1])
    total = months.patterns.time @ weight
    expected = weight * (months.patterns.time.T @ (months.patterns.of_case / total))
    number = design[:, -1].astype(int)
    table = pd.DataFrame(
        {"month": number, "observed": months.patterns.events, "expected": expected}
    )
    table = table.groupby("month", as_index=False).sum().query("expected > 0")
    month = np.datetime64("1970-01", "M") + table["month"].to_numpy()
    table = table.assign(period=month.astype(str), ratio=table["observed"] / table["expected"])
    p_value = _beyond(table["observed"].to_numpy(), table["expected"].to_numpy(), most)
    mean = float(np.average(_either_way(table["ratio"].to_numpy()), weights=table["expected"]))
    text = (
        f"d'un mois à l'autre, l'écart moyen à l'attendu est un facteur {mean:.2f}"
        f" (p = {p_value:.3f})."
    ).replace(".", ",", 2)
    return CheckResult(name, p_value > alpha, table[columns].reset_index(drop=True), text)


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
