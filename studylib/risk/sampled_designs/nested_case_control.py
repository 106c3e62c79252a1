"""Nested case-control: cases against the controls drawn among those at risk at their time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from studylib.errors import refuse_counts
from studylib.risk.conditional_logistic import conditional_logistic, row_of
from studylib.risk.cox.preparation import unusable
from studylib.risk.gates.gate import Gates
from studylib.risk.received import received
from studylib.risk.rows import NOTHING, estimates, method
from studylib.risk.sampled_designs.exposure import with_exposure
from studylib.risk.sampled_designs.incidence_density import NAME, TimeScale

NO_USE = "without_treatment"
"""The column of members exposed to none of the drugs, when one of them is the reference."""


def nested_case_control(
    sets: pd.DataFrame,
    exposures: pd.DataFrame,
    *,
    outcome: str,
    window: int,
    lag: int = 0,
    reference: str | None = None,
    covariates: Sequence[str] = (),
    fewest_carriers: int = 0,
    controls: int | None = None,
    seed: int | None = None,
    time_scale: TimeScale | None = None,
    matched_on: Sequence[str] = (),
    age_caliper: int | None = None,
    level: float = 0.95,
    gates: Gates | None = None,
) -> pd.DataFrame:
    """Odds of exposure in cases against their controls: an ESTIMATES table, ``odds_ratio``.

    ``sets`` as ``incidence_density_sets`` gives them, with ``covariates`` added if any. A member
    is exposed when an exposure meets the ``window`` days that end ``lag`` days before its day,
    that day excluded. Sampled from those at risk, the odds ratio estimates the hazard ratio. With
    a ``reference``, one of the drugs, each other is against members exposed to it alone, and
    members exposed to none have their own term. Two-valued covariates with fewer than
    ``fewest_carriers`` on a side are left out. ``events`` counts the smaller of the cases exposed
    and of those they are compared with, so that both are masked together; all cases when closed
    ``gates`` withhold the ratio. The choices of the sampling are given again to be told in
    ``method``.
    """
    moments = _moments(sets, covariates, window, lag)
    members = with_exposure(moments, exposures).drop(columns="day")
    found = members[[name for name in members if name not in moments]]
    drugs = [str(name) for name in found if name != reference]
    if reference and reference not in found:
        told = method("nested_case_control", not_estimable=f"nobody in {reference}")
        absent = [f"{name} / {reference}" for name in drugs]
        rows = [row_of(members, each, outcome, NOTHING, np.nan, told) for each in absent]
        return estimates(rows, gates=gates)
    members = members.assign(event=members["case"])
    left_out = unusable(members, covariates, fewest_carriers) if fewest_carriers else {}
    known = {name for names in left_out.values() for name in names}
    entered = [name for name in covariates if name not in known]
    if reference:
        members, entered = _against(members, found, entered)
    ratios = conditional_logistic(
        members,
        outcome=outcome,
        exposures=drugs,
        covariates=entered,
        against=reference or "unexposed",
        level=level,
        estimator="nested_case_control",
        choices={
            "window": window,
            "lag": lag,
            "controls": controls,
            "seed": seed,
            "time_scale": time_scale,
            "matched_on": matched_on,
            "age_caliper": age_caliper,
            **{why: sorted(names) for why, names in sorted(left_out.items())},
        },
        gates=gates,
    )
    if reference is None or (gates is not None and gates.closed):
        return ratios
    alone = (found[reference] == 1) & (found[drugs] == 0).all(axis=1)
    return ratios.assign(events=ratios["events"].clip(upper=int((alone & moments["case"]).sum())))


def _moments(sets: pd.DataFrame, covariates: Sequence[str], window: int, lag: int) -> pd.DataFrame:
    """The members, and the days in which each may have been exposed."""
    refuse_counts(NAME, 1, window=window)
    refuse_counts(NAME, 0, lag=lag)
    read = received(
        sets,
        NAME,
        "sets",
        keys=["set", "person_id"],
        days=["day"],
        flags=["case"],
        numbers=covariates,
    )
    return read.assign(to=read["day"] - lag, from_=read["day"] - lag - window)


def _against(
    members: pd.DataFrame, found: pd.DataFrame, covariates: Sequence[str]
) -> tuple[pd.DataFrame, list[str]]:
    """The members and covariates with a term for those exposed to none of the drugs.

    Where no case is, the term has no finite maximum: those members are left out.
    """
    none = (found == 0).all(axis=1)
    if members.loc[none, "case"].any():
        return members.assign(**{NO_USE: none.astype(float)}), [*covariates, NO_USE]
    return members[~none], list(covariates)
