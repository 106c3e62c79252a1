"""Gates that any comparison has: power, systematic error, person-time, drift of prevalence.

Each is a CheckResult whose table has the columns of ``measured``. None looks at outcomes by arm.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from studylib.errors import EstimationError
from studylib.risk.doubt.null import EmpiricalNull, ease
from studylib.risk.doubt.power import mdrr_cohort, mdrr_self_controlled
from studylib.risk.gates.gate import MDRR
from studylib.risk.gates.schemas import measured
from studylib.risk.gates.thresholds import Thresholds
from studylib.risk.logarithms import quantile
from studylib.risk.received import received
from studylib.risk.rows import DAYS_PER_YEAR, against
from studylib.tables import CheckResult

DRIFT = "Dérive de prévalence"
MOST = 1e10  # more persons than there are


def check_mdrr(
    follow_up: pd.DataFrame,
    *,
    reference: str,
    arms: Sequence[str] = (),
    alpha: float = 0.05,
    power: float = 0.80,
    thresholds: Thresholds | None = None,
) -> CheckResult:
    """Whether the cohort could show a ratio under ``largest_mdrr``; passes when each arm could.

    From the total of outcomes and each arm's share of the person-time. An arm with nobody has an
    infinite minimum.
    """
    limit = (thresholds or Thresholds()).largest_mdrr
    others = against(follow_up, reference, arms)
    years = _years_by_arm(follow_up)
    rows = []
    for arm in others:
        both = follow_up[follow_up["arm"].isin([arm, reference])]
        sizes = [years.get(name, 0.0) for name in (arm, reference)]
        events = int(both["event"].to_numpy(bool).sum())
        found = np.inf
        if min(sizes) > 0:
            found, _ = mdrr_cohort(sizes[0], sizes[1], events, alpha=alpha, power=power)
        rows.append(
            {
                "subject": f"{arm} / {reference}",
                "statistic": "detectable_ratio",
                "value": found,
                "at_most": limit,
                "persons": len(both),
                "events": events,
            }
        )
    return _of_mdrr(rows, limit)


def check_mdrr_self_controlled(
    share_at_risk: float,
    events: int,
    *,
    subject: str = "",
    alpha: float = 0.05,
    power: float = 0.80,
    thresholds: Thresholds | None = None,
) -> CheckResult:
    """The same for a self-controlled series of ``events`` outcomes."""
    limit = (thresholds or Thresholds()).largest_mdrr
    found = mdrr_self_controlled(share_at_risk, events, alpha=alpha, power=power)
    row = {
        "subject": subject,
        "statistic": "detectable_ratio",
        "value": found,
        "at_most": limit,
        "events": events,
    }
    return _of_mdrr([row], limit)


def _of_mdrr(rows: list[dict[str, object]], limit: float) -> CheckResult:
    """The verdict, on exact values; those shown are rounded up to a tenth.

    With more digits the total of outcomes could be worked back, where a page hides it to protect
    the smaller arm.
    """
    passed = all(float(str(row["value"])) < limit for row in rows)
    rows = [{**row, "value": np.ceil(10 * float(str(row["value"]))) / 10} for row in rows]
    text = (
        f"l'étude pourrait mettre en évidence un rapport inférieur à {_said(limit)}."
        if passed
        else f"l'étude ne mettrait en évidence qu'un rapport d'au moins {_said(limit)} : trop peu "
        "d'événements, ou un groupe trop petit."
    )
    return CheckResult(MDRR, passed, measured(rows), text)


def check_systematic_error(
    null: EmpiricalNull, *, thresholds: Thresholds | None = None
) -> CheckResult:
    """Whether negative controls err by less than ``largest_ease`` on average, in log units.

    Not evaluated, which is not passed, when too few controls are usable. The interval of EASE is
    shown; the verdict is on the point.
    """
    limit = (thresholds or Thresholds()).largest_ease
    value, low, high = ease(null)
    row = {"statistic": "ease", "value": value, "ci_low": low, "ci_high": high, "at_most": limit}
    left_out = f", écartés : {null.excluded}" if null.excluded else ""
    used = f"témoins négatifs utilisables : {null.controls}{left_out}"
    if not null.fitted:
        text = f"trop peu de témoins pour mesurer l'erreur systématique : {used}."
        return CheckResult("systematic_error", None, measured([row]), text, evaluated=False)
    passed = bool(value < limit)
    words = "inférieure" if passed else "supérieure"
    warning = " ; moins de vingt témoins, mesure instable" if null.unstable else ""
    text = f"erreur systématique attendue {words} à {_said(limit)} ({used}{warning})."
    return CheckResult("systematic_error", passed, measured([row]), text)


def check_person_time(
    follow_up: pd.DataFrame,
    *,
    reference: str,
    arms: Sequence[str] = (),
    thresholds: Thresholds | None = None,
) -> CheckResult:
    """Whether each arm, beside the reference, holds enough of their person-time."""
    limit = (thresholds or Thresholds()).smallest_person_time_share
    others = against(follow_up, reference, arms)
    years = _years_by_arm(follow_up)
    rows = []
    for arm in others:
        pair = [years.get(name, 0.0) for name in (arm, reference)]
        rows.append(
            {
                "subject": f"{arm} / {reference}",
                "statistic": "person_time_share",
                "value": min(pair) / sum(pair),
                "at_least": limit,
                "persons": int(follow_up["arm"].isin([arm, reference]).sum()),
            }
        )
    passed = all(float(str(row["value"])) >= limit for row in rows)
    size = f"{_said(100 * limit)} %"
    text = (
        f"chaque groupe a au moins {size} du temps de suivi."
        if passed
        else f"un groupe a moins de {size} du temps de suivi."
    )
    return CheckResult("person_time", passed, measured(rows), text)


def check_prevalence_drift(
    years: pd.DataFrame, *, thresholds: Thresholds | None = None, level: float = 0.95
) -> CheckResult:
    """Whether the share of persons with a code list stays level from year to year.

    ``years`` has year, persons (with a code of the list) and observed (persons observed). Each year
    is held against the others together; it fails when its interval is wholly beyond
    ``largest_drift``, or its inverse. With few persons the interval is wide and the gate passes:
    read it beside the verdict. Not evaluated with fewer than two years that have persons.
    """
    limit = (thresholds or Thresholds()).largest_drift
    read = _years(years)
    counts = read[read["persons"] > 0]
    if len(counts) < 2:
        text = "moins de deux années ont des personnes repérées : dérive non mesurable."
        return CheckResult("prevalence_drift", None, measured([]), text, evaluated=False)
    persons, observed = (counts[name].to_numpy(float) for name in ("persons", "observed"))
    others = persons.sum() - persons
    ratio = (persons / observed) / (others / (observed.sum() - observed))
    width = np.exp(quantile(level) * np.sqrt(1 / persons + 1 / others))
    low, high = ratio / width, ratio * width
    fails = (low > limit) | (high < 1 / limit)
    rows = pd.DataFrame(
        {
            "subject": counts["year"].astype(str).to_numpy(),
            "statistic": "prevalence_ratio",
            "value": ratio,
            "ci_low": low,
            "ci_high": high,
            "at_least": 1 / limit,
            "at_most": limit,
            "persons": counts["persons"].to_numpy(),
        }
    )
    drifting = ", ".join(rows.loc[fails, "subject"])
    text = (
        f"la prévalence s'écarte des autres années en {drifting}."
        if fails.any()
        else "la prévalence est stable d'une année à l'autre."
    )
    table = measured([{str(k): v for k, v in row.items()} for _, row in rows.iterrows()])
    return CheckResult("prevalence_drift", not fails.any(), table, text)


def _years(years: pd.DataFrame) -> pd.DataFrame:
    """Persons found and observed each year."""
    read = received(years, DRIFT, "years", keys=["year"], numbers=["persons", "observed"])
    part = (read["persons"] >= 0) & (read["persons"] <= read["observed"]) & (read["observed"] > 0)
    whole = (read[["persons", "observed"]] % 1 == 0).all(axis=None)
    if (
        not (part.all() and whole and (read["observed"] < MOST).all())
        or read["year"].duplicated().any()
    ):
        raise EstimationError(
            f"{DRIFT} : une ligne par année est attendue, avec les personnes repérées parmi les "
            "personnes observées, qui sont une au moins."
        )
    return read


def _years_by_arm(follow_up: pd.DataFrame) -> dict[str, float]:
    days = (follow_up["exit"] - follow_up["entry"]).groupby(follow_up["arm"], observed=True).sum()
    return {str(arm): float(total) / DAYS_PER_YEAR for arm, total in days.items()}


def _said(value: float) -> str:
    return f"{value:g}".replace(".", ",")
