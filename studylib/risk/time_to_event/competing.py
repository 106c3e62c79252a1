"""Regression with competing events: each cause's own hazard, or its share of all persons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from studylib.errors import EstimationError
from studylib.risk.columns import check_columns, check_numbers
from studylib.risk.cox.fit import SMALLEST_ERROR, NoMaximum
from studylib.risk.cox.hazard_ratio import hazard_ratio
from studylib.risk.cox.model import Ties
from studylib.risk.cox.preparation import columns_of
from studylib.risk.enough import weakness
from studylib.risk.gates.gate import Gates
from studylib.risk.logarithms import quantile
from studylib.risk.rows import NOTHING, against, estimate_row, estimates, method
from studylib.risk.time_to_event.exits import check_exits, ends_of, times_of
from studylib.risk.time_to_event.subdistribution import Subdistribution, fitted


def cause_specific_hazard_ratios(
    follow_up: pd.DataFrame,
    *,
    outcomes: Mapping[str, str],
    reference: str,
    covariates: Sequence[str] = (),
    strata: Sequence[str] = (),
    arms: Sequence[str] = (),
    weights: str | None = None,
    ties: Ties = "efron",
    level: float = 0.95,
    gates: Gates | None = None,
) -> pd.DataFrame:
    """The hazard ratio of each way to leave, the others ending the time at risk.

    ``outcomes`` names each cause: exit reason to the name shown (``{"outcome": "Hémorragie",
    "death": "Décès"}``). An ESTIMATES table, the rows of ``hazard_ratio`` for each cause. What a
    drug does to the competing event is needed to read what it does to the outcome (Latouche and
    others, 2013, J Clin Epidemiol 66:648).
    """
    check_columns(follow_up, ["exit_reason"])
    unknown = [cause for cause in outcomes if cause not in set(follow_up["exit_reason"])]
    if unknown or not outcomes:
        raise EstimationError(
            f"Risques concurrents : motif de sortie {', '.join(unknown) or 'absent'} ; motifs "
            f"présents : {', '.join(sorted(map(str, set(follow_up['exit_reason']))))}."
        )
    tables = [
        hazard_ratio(
            follow_up.assign(event=follow_up["exit_reason"].eq(cause)),
            outcome=name,
            reference=reference,
            covariates=covariates,
            strata=strata,
            arms=arms,
            weights=weights,
            ties=ties,
            level=level,
            gates=gates,
        )
        for cause, name in outcomes.items()
    ]
    return pd.concat(tables, ignore_index=True)


def subdistribution_hazard_ratio(
    follow_up: pd.DataFrame,
    *,
    outcome: str,
    reference: str,
    covariates: Sequence[str] = (),
    competing: Sequence[str] = ("death",),
    arms: Sequence[str] = (),
    fewest_carriers: int = 10,
    level: float = 0.95,
    gates: Gates | None = None,
) -> pd.DataFrame:
    """The ratio of subdistribution hazards of the outcome (Fine and Gray, 1999).

    An ESTIMATES table, measure ``subdistribution_hazard_ratio``: persons with a ``competing`` event
    stay in the risk sets with the probability of not being censored by then, given that they were
    not at their event. That is the weighted Cox model of Geskus (2011, Biometrics 67:39), Breslow
    ties, with the sandwich that takes those probabilities as known; the original estimator differs
    in the third digit. Its sign tells whose cumulative incidence is higher, not whose rate.
    """
    quantile(level)
    compared = against(follow_up, reference, arms)
    check_exits(follow_up, competing)
    check_numbers(follow_up, covariates)
    rows = []
    for arm in compared:
        both = follow_up[follow_up["arm"].isin([arm, reference])]
        values, p_value, how = _one(both, arm, reference, covariates, competing, fewest_carriers,
                                    level)  # fmt: skip
        rows.append(
            estimate_row(
                both,
                comparison=f"{arm} / {reference}",
                outcome=outcome,
                measure="subdistribution_hazard_ratio",
                method=how,
                values=values,
                p_value=p_value,
            )
        )
    return estimates(rows, gates=gates)


def _one(
    both: pd.DataFrame,
    arm: str,
    reference: str,
    covariates: Sequence[str],
    competing: Sequence[str],
    fewest_carriers: int,
    level: float,
) -> tuple[tuple[float, float, float], float, str]:
    treated = both["arm"].eq(arm).to_numpy()
    x, _, left_out = columns_of(both, treated, covariates, fewest_carriers)

    def told(reason: str | None = None) -> str:
        return method(
            "fine_gray",
            not_estimable=reason,
            ties="breslow",
            adjustment="regression" if covariates else "none",
            covariates=covariates,
            competing=competing,
            variance="sandwich",
            **{reason: sorted(names) for reason, names in sorted(left_out.items())},
        )

    event, other = ends_of(both, competing)
    for name, side in ((arm, treated), (reference, ~treated)):
        reason = None if event[side].any() else "no outcome" if side.any() else "nobody"
        reason = reason or weakness(None, int(side.sum()))
        if reason:
            return NOTHING, np.nan, told(f"{reason} in {name}")
    try:
        log_ratio, error = fitted(Subdistribution.of(times_of(both), event, other), x)
    except NoMaximum:
        return NOTHING, np.nan, told("no convergence")
    if not error > SMALLEST_ERROR:
        return NOTHING, np.nan, told("no variance")
    margin = quantile(level) * error
    with np.errstate(over="ignore"):
        low, high = np.exp(log_ratio - margin), np.exp(log_ratio + margin)
    p_value = float(2 * stats.norm.sf(abs(log_ratio) / error))
    return (float(np.exp(log_ratio)), float(low), float(high)), p_value, told()
