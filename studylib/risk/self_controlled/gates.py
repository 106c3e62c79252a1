"""The gates of a case series, in one call."""

from __future__ import annotations

from collections.abc import Collection

from studylib.risk.gates.checks import check_mdrr_self_controlled
from studylib.risk.gates.gate import Gates
from studylib.risk.gates.thresholds import Thresholds
from studylib.risk.self_controlled.case_series import CaseSeries
from studylib.risk.self_controlled.checks import (
    PRE_EXPOSURE,
    check_event_dependent_exposure,
    check_event_dependent_observation,
    check_rare_outcome,
    check_time_stability,
)
from studylib.tables import CheckResult


def case_series_gates(
    series: CaseSeries,
    *,
    observed_persons: int,
    thresholds: Thresholds | None = None,
    opened: Collection[str] = (),
) -> Gates:
    """What must hold before the ratios of ``series`` are seen.

    Power of each window; the pre-exposure window (named ``pre_exposure``), not evaluated without
    one, for nothing then says whether the event delays exposure; the end of observation, unless the
    series already corrects for it; rarity among the ``observed_persons`` where only first events
    count; stability from month to month.
    """
    days = dict(zip(series.counts["term"], series.counts["days"], strict=True))
    total = series.counts.set_index("term").loc["total"]
    windows = [
        term
        for term in series.terms[: series.exposures]
        if not term.endswith(f": {PRE_EXPOSURE}") and days[term] > 0
    ]
    checks: list[CheckResult] = [
        check_mdrr_self_controlled(
            float(days[term] / total["days"]),
            int(total["events"]),
            subject=f"{term} / unexposed",
            thresholds=thresholds,
        )
        for term in windows
    ]
    checks.append(check_event_dependent_exposure(series, thresholds=thresholds))
    if series.weigh is None:
        checks.append(check_event_dependent_observation(series, thresholds=thresholds))
    if series.choices.get("recurrence") == "first":
        cases = int(total["persons"])
        checks.append(check_rare_outcome(cases, observed_persons, thresholds=thresholds))
    checks.append(check_time_stability(series, thresholds=thresholds))
    return Gates(tuple(checks), tuple(opened))
