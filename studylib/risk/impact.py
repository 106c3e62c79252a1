"""From a ratio to cases: what a treatment costs, or spares, the persons of a region who take it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from studylib.errors import EstimationError
from studylib.risk.gates.gate import Gates
from studylib.risk.logarithms import quantile
from studylib.risk.rows import NOTHING, estimate_row, estimates, method, refuse_person_time
from studylib.risk.schemas import IMPACT
from studylib.tables import ESTIMATES, OUTCOME_STAYS, check

RATIOS = ("hazard_ratio", "rate_ratio", "risk_ratio", "incidence_rate_ratio")


def attributable_fraction(ratio: float, low: float, high: float) -> tuple[float, float, float]:
    """The share of exposed cases that would not have occurred on the reference, with its limits.

    1 - 1/ratio (Miettinen, 1974, Am J Epidemiol 99:325); negative where the exposure spares cases,
    and then 1 - ratio of them is the share spared.

    >>> attributable_fraction(2.0, 1.25, 4.0)
    (0.5, 0.19999999999999996, 0.75)
    """
    return 1 - 1 / ratio, 1 - 1 / low, 1 - 1 / high


def attributable(
    ratios: pd.DataFrame,
    treated: pd.DataFrame,
    *,
    scenarios: Mapping[str, float] | None = None,
    level: float = 0.95,
    gates: Gates | None = None,
) -> pd.DataFrame:
    """Cases and hospital days due to one treatment rather than the other, and their prevention.

    ``ratios`` are rows of ESTIMATES, each a ratio of an arm against its reference (others are
    left aside); ``treated`` has population, arm, persons, events, days and days_squared, the sums
    over outcomes of their days in hospital and of the squares (``cohort.outcome_stays``). The cases
    are those of the side with more risk: of the arm where the ratio is above 1, of the reference
    (« reference / arm », ratio inverted) where it is below. ``scenarios`` name shares of what is
    attributable that a measure would prevent.

    An IMPACT table, a row per comparison, scenario and quantity: cases times 1 - 1/ratio. The
    interval joins those of the ratio and of how many cases there were (Zou and Donner, 2008, Stat
    Med 27:1693; cases Poisson, days compound Poisson), so that it stays true of a small region and
    holds zero about when that of the ratio holds 1. Empty where the ratio is; with ``gates``
    closed, nothing is estimated, and the outcomes of the side are not told.
    """
    quantile(level)
    given, treated = _ratios(ratios, gates), _sides(treated)
    shares = {"attributable": 1.0, **(scenarios or {})}
    wrong = {name: share for name, share in shares.items() if not 0 < share <= 1}
    if wrong:
        raise EstimationError(
            f"Impact : scénarios {wrong} ; chaque part évitable est attendue entre 0 et 1."
        )
    rows = []
    for _, each in given.iterrows():
        ratio = _harmful(each)
        arm = str(ratio["comparison"]).split(" / ")[0]
        of_arm = treated["arm"].eq(arm) & treated["population"].eq(ratio["population"])
        for _, side in treated[of_arm].iterrows():
            for name, share in shares.items():
                rows += [_row(ratio, side, name, share, what, level) for what in _QUANTITIES]
    frame = pd.DataFrame(rows, columns=IMPACT.names)
    numbers = ["share", "observed", "estimate", "ci_low", "ci_high"]
    return check(
        frame.astype(dict.fromkeys(numbers, float) | {"persons": int, "events": "Int64"}), IMPACT
    )


_QUANTITIES = ("cases", "hospital_days")


def _ratios(estimates: pd.DataFrame, gates: Gates | None) -> pd.DataFrame:
    """The rows that are ratios, released by their gates; EstimationError when one is of no arm."""
    released = check(estimates, ESTIMATES)
    released = gates.release(released) if gates is not None else released
    found = released[released["measure"].isin(RATIOS)]
    odd = [name for name in found["comparison"] if len(name.split(" / ")) != 2]
    if odd:
        raise EstimationError(
            f"Impact : comparaison « {odd[0]} » ; « groupe / référence » est attendu."
        )
    return found


def _sides(treated: pd.DataFrame) -> pd.DataFrame:
    """What each arm had, checked: a row per population and arm, nothing negative or infinite."""
    if {"population", "arm"} <= set(treated) and treated.duplicated(["population", "arm"]).any():
        raise EstimationError("Impact : un groupe figure deux fois pour la même population.")
    sides = check(treated, OUTCOME_STAYS)
    for name in ("persons", "events", "days", "days_squared"):
        values = sides[name].to_numpy(float)
        if not (np.isfinite(values) & (values >= 0)).all():
            raise EstimationError(
                f"Impact : colonne {name} ; des nombres finis, zéro ou plus, sont attendus."
            )
    return sides


def _row(
    ratio: pd.Series, side: pd.Series, scenario: str, share: float, quantity: str, level: float
) -> dict[str, object]:
    cases = quantity == "cases"
    observed = float(side["events"] if cases else side["days"])
    spread = float(side["events"] if cases else side["days_squared"])
    values = _attributable(ratio, observed, spread, share, level)
    return {
        "population": ratio["population"],
        "comparison": ratio["comparison"],
        "outcome": ratio["outcome"],
        "scenario": scenario,
        "share": share,
        "quantity": quantity,
        "observed": observed,
        "estimate": values[0],
        "ci_low": values[1],
        "ci_high": values[2],
        "persons": int(side["persons"]),
        "events": int(side["events"]),
        "method": _how(ratio, values),
    } | ({"observed": np.nan, "events": pd.NA} if _held(ratio) else {})


def _harmful(ratio: pd.Series) -> pd.Series:
    """The ratio as it stands when 1 or more, or of the reference against the arm."""
    if not 0 < ratio["estimate"] < 1 or not ratio["ci_low"] > 0:
        return ratio
    arm, reference = str(ratio["comparison"]).split(" / ")
    turned = ratio.copy()
    turned["comparison"] = f"{reference} / {arm}"
    turned["estimate"] = 1 / ratio["estimate"]
    turned["ci_low"], turned["ci_high"] = 1 / ratio["ci_high"], 1 / ratio["ci_low"]
    return turned


def _attributable(
    ratio: pd.Series, observed: float, spread: float, share: float, level: float
) -> tuple[float, float, float]:
    """Share x observed x (1 - 1/ratio), with limits that join those of both factors."""
    value, low, high = (float(ratio[name]) for name in ("estimate", "ci_low", "ci_high"))
    known = np.isfinite([value, low, high, observed]).all()
    if not (known and 0 < low < high and low <= value <= high):
        return NOTHING
    fraction, least, most = attributable_fraction(value, low, high)
    counted = fraction * quantile(level) * np.sqrt(spread)
    estimate = observed * fraction
    below = np.hypot(observed * (fraction - least), counted)
    above = np.hypot(observed * (most - fraction), counted)
    return share * estimate, share * (estimate - below), share * (estimate + above)


def population_attributable_fraction(
    follow_up: pd.DataFrame,
    ratios: pd.DataFrame,
    *,
    level: float = 0.95,
    gates: Gates | None = None,
) -> pd.DataFrame:
    """The share of all outcomes of both arms that would not have occurred on the reference.

    An ESTIMATES table, measure ``attributable_fraction``, one row per ratio: the share of outcomes
    that are the arm's, times 1 - 1/ratio (Miettinen, 1974); normal interval, both taken as
    independent (Greenland, 1987, Stat Med 6:701).
    """
    quantile(level)
    refuse_person_time(follow_up, repeated=True)
    rows = []
    for _, ratio in _ratios(ratios, None).iterrows():
        arm, reference = str(ratio["comparison"]).split(" / ")
        both = follow_up[follow_up["arm"].isin([arm, reference])]
        cases = both[both["event"].astype(bool)]
        share = float(cases["arm"].eq(arm).mean()) if cases["arm"].eq(arm).any() else np.nan
        absent = "nobody" if not both["arm"].eq(arm).any() else "no outcome"
        values = _attributable(ratio, share, share * (1 - share) / max(len(cases), 1), 1.0, level)
        rows.append(
            estimate_row(
                both,
                comparison=str(ratio["comparison"]),
                outcome=str(ratio["outcome"]),
                measure="attributable_fraction",
                method=_how(ratio, values, f"{absent} in {arm}" if np.isnan(share) else ""),
                values=values,
            )
            | {"population": ratio["population"], "analysis": ratio["analysis"]}
        )
    return estimates(rows, gates=gates)


def _held(row: pd.Series) -> list[str]:
    """What the method says of gates that withhold the estimate; nothing when it is seen."""
    pieces = str(row["method"]).split("; ")
    return [piece for piece in pieces if piece.startswith(("withheld=", "not_evaluated="))]


def _how(row: pd.Series, values: tuple[float, float, float], absent: str = "") -> str:
    """The method; without an estimate, why: what is ``absent``, the ratio's own reason, or none."""
    pieces = str(row["method"]).split("; ")
    if held := _held(row):
        return "; ".join([method("attributable"), *held])
    reasons = [piece.partition("=")[2] for piece in pieces if piece.startswith("not_estimable=")]
    told = absent or next(iter(reasons), "no ratio with two limits")
    why = told if np.isnan(values[0]) else None
    kind = str(row["measure"])
    return method("attributable", not_estimable=why, of_measure=kind, variance="joined_limits")
