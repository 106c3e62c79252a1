"""The hazard ratio of exposures that come and go during follow-up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from studylib.errors import EstimationError
from studylib.risk.columns import check_columns, check_numbers
from studylib.risk.cox.fit import SMALLEST_ERROR, NoMaximum, fit, sandwich
from studylib.risk.cox.model import check_ties
from studylib.risk.cox.preparation import repeated, strata_of, unusable
from studylib.risk.cox.risk_sets import ApproximateTies, risk_sets
from studylib.risk.enough import too_few
from studylib.risk.gates.gate import Gates
from studylib.risk.logarithms import quantile
from studylib.risk.rows import DAYS_PER_YEAR, NOTHING, estimates, is_flag, method

NO_USE = "without_treatment"
"""The column of time with none of the drugs, when one of them is the reference."""


def time_varying_hazard_ratio(
    intervals: pd.DataFrame,
    *,
    outcome: str,
    exposures: Sequence[str],
    reference: str | None = None,
    covariates: Sequence[str] = (),
    strata: Sequence[str] = (),
    ties: ApproximateTies = "efron",
    fewest_carriers: int = 10,
    level: float = 0.95,
    gates: Gates | None = None,
) -> pd.DataFrame:
    """Hazard of the outcome while exposed against while not, each exposure given the others.

    ``intervals`` are stretches of follow-up as ``cohort.exposure_intervals`` makes them: person_id,
    start and end in days since entry, event, a flag per exposure, and what is adjusted for. An
    ESTIMATES table, measure ``hazard_ratio``, a row per exposure (« exposure / none »), with the
    sandwich summed by person. With a ``reference``, another flag, each exposure is against time
    with the reference alone (« exposure / reference »), and time with none has its own term. An
    exposure that earlier signs of the outcome brought about is not corrected for.

    >>> two = pd.DataFrame({"person_id": [1, 1, 2, 3], "start": [0, 2, 0, 0], "end": [2, 4, 5, 3],
    ...                     "event": [0, 1, 0, 1], "drug": [0, 1, 0, 0]})
    >>> time_varying_hazard_ratio(two, outcome="o", exposures=["drug"])["events"].item()
    2
    """
    quantile(level)
    check_ties(ties)
    flags = [*exposures, *([reference] if reference else [])]
    check_columns(intervals, ["person_id", "event", *strata])
    check_numbers(intervals, [*flags, *covariates, "start", "end"])
    _refuse(intervals, flags)
    rows = intervals.astype(dict.fromkeys([*flags, *covariates], float))
    left_out = unusable(rows, covariates, fewest_carriers)
    known = {name for names in left_out.values() for name in names}
    base = _base(rows, exposures, reference)
    absent = {name: _absent(rows, name, base, reference) for name in exposures}
    entered = [name for name in covariates if name not in known]
    entered += [name for name in exposures if not absent[name]]
    fitted = rows if not reference else _with_time_without(rows, flags)
    entered += [NO_USE] if NO_USE in fitted else []
    again = [entered[column] for column in repeated(fitted[entered].to_numpy(float))]
    if again:
        left_out["repeated"] = again
    found = _fitted(fitted, [name for name in entered if name not in again], strata, ties)
    table = []
    for name in exposures:
        reason = absent[name] or (None if name in found else "no convergence")
        if not reason and not found[name][1] > SMALLEST_ERROR:
            reason = "no variance"
        values, p_value = _values(*found[name], level) if not reason else (NOTHING, np.nan)
        how = method(
            "cox_time_varying",
            not_estimable=reason,
            ties=ties,
            adjustment="regression" if covariates else "none",
            covariates=[*covariates, *([NO_USE] if NO_USE in fitted else [])],
            strata=strata,
            variance="sandwich",
            cluster="person_id",
            **{why: sorted(names) for why, names in sorted(left_out.items())},
        )
        against = f"{name} / {reference or 'none'}"
        table.append(_row(rows, against, outcome, how, values, p_value))
    return estimates(table, gates=gates)


def _refuse(intervals: pd.DataFrame, exposures: Sequence[str]) -> None:
    """EstimationError for stretches that are empty, negative or overlap, an exposure not a flag."""
    if intervals.empty or not exposures:
        raise EstimationError(
            f"Estimation : {len(intervals)} périodes de suivi et {len(exposures)} expositions ; "
            "une au moins de chaque est attendue."
        )
    wrong = [name for name in exposures if not is_flag(intervals[name])]
    if wrong:
        raise EstimationError(
            f"Estimation : colonne {', '.join(wrong)} ; une exposition vaut vrai ou faux, 1 ou 0."
        )
    if not is_flag(intervals["event"]):
        raise EstimationError("Estimation : colonne event ; vrai ou faux attendu partout.")
    if (intervals["end"] <= intervals["start"]).any() or (intervals["start"] < 0).any():
        raise EstimationError(
            "Estimation : des périodes de suivi ont une durée nulle ou négative, ou débutent avant "
            "l'entrée."
        )
    ordered = intervals.sort_values(["person_id", "start"])
    same = ordered["person_id"].eq(ordered["person_id"].shift())
    if (same & (ordered["start"] < ordered["end"].shift())).any():
        raise EstimationError(
            "Estimation : des périodes de suivi d'une même personne se recouvrent."
        )


def _with_time_without(rows: pd.DataFrame, flags: Sequence[str]) -> pd.DataFrame:
    """The stretches with a flag of those without any of the drugs, its own term of the model.

    Without an outcome in them the term has no finite maximum: it is as if they were not there.
    """
    none = (rows[list(flags)] == 0).all(axis=1)
    if rows.loc[none, "event"].any():
        return rows.assign(**{NO_USE: none.astype(float)})
    return rows[~none]


def _base(rows: pd.DataFrame, exposures: Sequence[str], reference: str | None) -> pd.Series | None:
    """The stretches with the reference alone; None without one."""
    if not reference:
        return None
    return (rows[reference] > 0) & (rows[list(exposures)] == 0).all(axis=1)


def _absent(
    rows: pd.DataFrame, exposure: str, base: pd.Series | None, reference: str | None
) -> str | None:
    """Why the effect of an exposure cannot be estimated, or None."""
    used = rows[exposure] > 0
    if not used.any() or used.all():
        return f"nobody in {exposure}" if not used.any() else f"everybody in {exposure}"
    if too_few(rows.loc[used, "person_id"].nunique()):
        return f"too few persons in {exposure}"
    if base is not None and not base.any():
        return f"nobody in {reference}"
    if not rows.loc[used, "event"].any():
        return f"no outcome in {exposure}"
    others = ~used if base is None else base
    return None if rows.loc[others, "event"].any() else f"no outcome in {reference or 'none'}"


def _fitted(
    rows: pd.DataFrame, columns: Sequence[str], strata: Sequence[str], ties: ApproximateTies
) -> Mapping[str, tuple[float, float]]:
    """The log ratio of each column with its robust error; empty when there is no maximum."""
    if not columns:
        return {}
    groups = strata_of(rows, strata) if strata else None
    sets = risk_sets(
        rows["start"].to_numpy(float),
        rows["end"].to_numpy(float),
        rows["event"].to_numpy(bool),
        strata=groups,
        ties=ties,
    )
    x = rows[list(columns)].to_numpy(float)
    try:
        model = fit(sets, x)
    except NoMaximum:
        return {}
    persons = pd.factorize(rows["person_id"])[0]
    errors = np.sqrt(np.diag(sandwich(sets, x, model, cluster=persons)))
    pairs = zip(model.coefficients.tolist(), errors.tolist(), strict=True)
    return dict(zip(columns, pairs, strict=True))


def _values(
    log_ratio: float, error: float, level: float
) -> tuple[tuple[float, float, float], float]:
    margin = quantile(level) * error
    with np.errstate(over="ignore"):
        estimate, low, high = (float(np.exp(log_ratio + side * margin)) for side in (0, -1, 1))
    return (estimate, low, high), float(2 * stats.norm.sf(abs(log_ratio) / error))


def _row(
    rows: pd.DataFrame,
    comparison: str,
    outcome: str,
    how: str,
    values: tuple[float, float, float],
    p_value: float,
) -> dict[str, object]:
    return {
        "analysis": "primary",
        "population": "",
        "comparison": comparison,
        "outcome": outcome,
        "measure": "hazard_ratio",
        "estimate": values[0],
        "ci_low": values[1],
        "ci_high": values[2],
        "p_value": p_value,
        "persons": int(rows["person_id"].nunique()),
        "events": int(rows["event"].sum()),
        "person_years": float((rows["end"] - rows["start"]).sum()) / DAYS_PER_YEAR,
        "method": how,
    }
