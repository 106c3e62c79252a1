"""The gates of one compared population, in the order that keeps estimates unseen."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pandas as pd

from studylib.risk.comparison import Comparison
from studylib.risk.doubt.calibration import null_of
from studylib.risk.gates.checks import check_systematic_error
from studylib.risk.gates.gate import Gates
from studylib.risk.gates.thresholds import Thresholds
from studylib.tables import ESTIMATES, check, empty


def negative_controls(
    study: Comparison,
    follow_ups: Mapping[str, pd.DataFrame],
    *,
    thresholds: Thresholds | None = None,
    opened: Collection[str] = (),
) -> pd.DataFrame:
    """The ratios of outcomes that no arm causes, each on the persons of ``study``.

    An ESTIMATES table, a row per control and arm, ``outcome`` the name of the control. They are
    emptied where the gates that look at no outcome are closed, so that a design that fails does not
    widen the calibration of others; lack of power of the study itself does not close them.
    """
    design = Gates(study.checks(thresholds), tuple(opened)).for_pooling()
    rows = [
        study.hazard_ratio(outcome=name, follow_up=follow_up, gates=design)
        for name, follow_up in follow_ups.items()
    ]
    return check(pd.concat(rows, ignore_index=True), ESTIMATES) if rows else empty(ESTIMATES)


def study_gates(
    study: Comparison,
    controls: pd.DataFrame,
    *,
    thresholds: Thresholds | None = None,
    opened: Collection[str] = (),
) -> Gates:
    """The gates of a comparison: its design, then its systematic error where there are controls.

    ``controls`` are the rows of ``negative_controls``; without any, systematic error is not among
    the gates, and the report says that none was asked for.
    """
    limits = thresholds or Thresholds()
    checks = list(study.checks(limits))
    if len(controls):
        null = null_of(controls, fewest=limits.fewest_controls)
        checks.append(check_systematic_error(null, thresholds=limits))
    return Gates(tuple(checks), tuple(opened))
