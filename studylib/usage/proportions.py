"""Shares of persons with their interval, and by group."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from studylib import tables
from studylib.usage.schemas import GROUP_SHARES

ALL = "all"


def with_share(counts: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """``counts`` with the share events / persons and Wilson's interval: estimate, ci_low, ci_high.

    Missing where there is nobody.

    Reference: Wilson EB (1927), J Am Stat Assoc 22:209.

    >>> with_share(pd.DataFrame({"persons": [10], "events": [1]})).round(4).iloc[0].tolist()
    [10.0, 1.0, 0.1, 0.0179, 0.4042]
    """
    size = counts["persons"].to_numpy(dtype=float)
    z = float(stats.norm.ppf((1 + level) / 2))
    share = np.divide(
        counts["events"].to_numpy(dtype=float), size, out=np.full(len(size), np.nan), where=size > 0
    )
    safe = np.where(size > 0, size, np.nan)
    centre = share + z**2 / (2 * safe)
    half = z * np.sqrt(share * (1 - share) / safe + z**2 / (4 * safe**2))
    scale = 1 + z**2 / safe
    return counts.assign(
        estimate=share,
        ci_low=np.clip((centre - half) / scale, 0, 1),
        ci_high=np.clip((centre + half) / scale, 0, 1),
    )


def shares_by(strata: pd.DataFrame, by: str, *, population: str) -> pd.DataFrame:
    """Shares by ``by`` (age_band or sex), then of everybody (``all``), in ``GROUP_SHARES``.

    ``strata`` has indicator, the strata's columns, persons and events; those of one indicator are
    summed over the other columns.
    """
    if strata.empty:
        return tables.empty(GROUP_SHARES)
    groups = strata.groupby(["indicator", by], sort=True)[["persons", "events"]].sum()
    parts = groups.reset_index().rename(columns={by: "stratum"})
    whole = strata.groupby("indicator")[["persons", "events"]].sum().reset_index()
    every = pd.concat([parts, whole.assign(stratum=ALL)], ignore_index=True)
    named = with_share(every).assign(population=population)
    ordered = named.sort_values("indicator", kind="stable", ignore_index=True)
    return tables.check(ordered[GROUP_SHARES.names], GROUP_SHARES)
