"""Shares of persons by age band or sex, with their interval."""

from __future__ import annotations

import pandas as pd

from studylib import tables
from studylib.cohort.standardisation import with_share
from studylib.errors import refuse_choices
from studylib.usage.schemas import GROUP_SHARES

ALL = "all"


def shares_by(strata: pd.DataFrame, by: str, *, population: str) -> pd.DataFrame:
    """Shares by ``by`` (age_band or sex), then of everybody (``all``), in ``GROUP_SHARES``.

    ``strata`` has indicator, the strata's columns, persons and events; those of one indicator are
    summed over the other columns. Indicators keep their order. EstimationError for another ``by``.
    """
    refuse_choices("Parts par groupe", by=(by, ("age_band", "sex")))
    if strata.empty:
        return tables.empty(GROUP_SHARES)
    named = list(dict.fromkeys(strata["indicator"]))
    groups = strata.groupby(["indicator", by], sort=True)[["persons", "events"]].sum()
    parts = groups.reset_index().rename(columns={by: "stratum"})
    whole = strata.groupby("indicator")[["persons", "events"]].sum().reset_index()
    every = pd.concat([parts, whole.assign(stratum=ALL)], ignore_index=True)
    shared = with_share(every).assign(population=population)
    ordered = shared.sort_values(
        "indicator", key=lambda names: names.map(named.index), kind="stable", ignore_index=True
    )
    return tables.check(ordered[GROUP_SHARES.names], GROUP_SHARES)
