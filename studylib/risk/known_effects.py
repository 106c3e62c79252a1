"""Controls whose effect is known, estimated as the study is: what it makes of a true ratio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from studylib.risk.comparison import Comparison
from studylib.risk.doubt.positive_controls import RATIOS, injected_controls
from studylib.risk.doubt.schemas import KNOWN_RATIOS, POSITIVE_CONTROLS
from studylib.risk.gates.gate import Gates
from studylib.risk.logarithms import on_log_scale
from studylib.tables import ESTIMATES, check, empty


def positive_controls(
    study: Comparison,
    follow_ups: Mapping[str, pd.DataFrame],
    *,
    ratios: Sequence[float] = RATIOS,
    seed: int,
    fewest_events: int = 25,
    gates: Gates | None = None,
) -> pd.DataFrame:
    """The ratios of negative controls in which a known one was injected, on the persons of a study.

    A POSITIVE_CONTROLS table (ESTIMATES and ``truth``), a row per control, arm and ratio, as
    ``negative_controls`` gives those of the controls themselves; ``injected_controls`` makes them,
    on the study's covariates. Controls with fewer than ``fewest_events`` outcomes in the arm are
    left out. Emptied where ``gates`` are closed.
    """
    known = study.persons[["person_id", *study.covariates]]
    tables = []
    for arm in [name for name in study.arms if name != study.reference]:
        pair = [arm, study.reference]
        told = {
            name: one[one["arm"].isin(pair)].merge(known, on="person_id", how="inner")
            for name, one in follow_ups.items()
        }
        made = injected_controls(
            {name: one for name, one in told.items() if one["arm"].nunique() == len(pair)},
            arm=arm,
            reference=study.reference,
            ratios=ratios,
            covariates=study.covariates,
            seed=seed,
            fewest_events=fewest_events,
        )
        for (name, ratio), follow_up in made.items():
            rows = study.hazard_ratio(outcome=name, follow_up=follow_up, gates=gates)
            own = rows[rows["comparison"] == f"{arm} / {study.reference}"]
            tables.append(own.assign(truth=float(ratio)))
    if not tables:
        return empty(POSITIVE_CONTROLS)
    return check(pd.concat(tables, ignore_index=True), POSITIVE_CONTROLS)


def known_ratios(negative: pd.DataFrame, positive: pd.DataFrame) -> pd.DataFrame:
    """What a study found of each known ratio: a KNOWN_RATIOS table, by comparison and truth.

    ``negative`` (ESTIMATES) has a truth of 1; ``positive`` is a POSITIVE_CONTROLS table. Rows
    without an estimate are not counted: withheld ones tell nothing.
    """
    both = [negative[ESTIMATES.names].assign(truth=1.0), positive]
    rows = []
    for (comparison, truth), part in pd.concat(
        [each for each in both if len(each)] or [positive], ignore_index=True
    ).groupby(["comparison", "truth"], sort=True):
        values, errors = on_log_scale(part)
        seen = np.isfinite(errors)
        held = (part["ci_low"] <= truth) & (truth <= part["ci_high"])
        rows.append(
            {
                "comparison": str(comparison),
                "truth": float(str(truth)),
                "controls": int(seen.sum()),
                "mean_estimate": float(np.exp(values[seen].mean())) if seen.any() else np.nan,
                "coverage": float(held[seen].mean()) if seen.any() else np.nan,
            }
        )
    return check(pd.DataFrame(rows), KNOWN_RATIOS) if rows else empty(KNOWN_RATIOS)
