"""A rule's regional share held against the truth, where a simulated source knows it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from studylib import cohort
from studylib.tables import CheckResult

PLANTED = "inappropriate_region"
_NAME = "Région où un médicament inapproprié est plus prescrit"


def check_region(strata: pd.DataFrame, truth: pd.DataFrame | None, rule: str) -> CheckResult:
    """Whether a region's ratio to the others holds the planted one; only informs on real data.

    ``strata`` is ``rule_strata``'s of every region. The ratio is that of shares at equal age and
    sex; its interval adds the variances of their logarithms, taken from their own intervals.
    Table: region, ratio, ci_low, ci_high, value.
    """
    planted = truth[truth["name"] == PLANTED] if truth is not None else pd.DataFrame()
    own = strata[strata["indicator"] == rule]
    region = str(planted["exposure"].iloc[0]) if len(planted) else ""
    if region not in set(own["region"]) or own["region"].nunique() < 2:
        return CheckResult(_NAME, None, pd.DataFrame(), "sans objet, aucune vérité connue.")
    side = own["region"].where(own["region"] == region, "others")
    two = own.assign(region=side).groupby(["region", "age_band", "sex"], as_index=False)
    shares = cohort.standardised(
        two[["persons", "events"]].sum(), indicator=rule, measure="share", whole="all"
    ).set_index("population")[["estimate", "ci_low", "ci_high"]]
    here, others = (
        np.log(shares.loc[[name]].to_numpy(dtype=float)[0]) for name in (region, "others")
    )
    error = float(np.hypot(_error(here), _error(others)))
    log_ratio = float(here[0] - others[0])
    low, high = np.exp(log_ratio - 1.96 * error), np.exp(log_ratio + 1.96 * error)
    value = float(planted["value"].iloc[0])
    held = bool(low <= value <= high)
    row = {"region": region, "ratio": np.exp(log_ratio), "ci_low": low, "ci_high": high}
    told = "contient" if held else "ne contient pas"
    planted_text = f"{value:.2f}".replace(".", ",")
    text = f"l'intervalle de confiance {told} le rapport introduit ({planted_text})."
    return CheckResult(_NAME, held, pd.DataFrame([{**row, "value": value}]), text)


def _error(logs: np.ndarray) -> float:
    """Standard error of a log share, from its log and the logs of its limits."""
    return float((logs[2] - logs[1]) / (2 * 1.96))
