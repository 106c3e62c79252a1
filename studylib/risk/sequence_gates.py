"""The gates of a sequence symmetry analysis, and what they let through."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import get_args

import numpy as np
import pandas as pd

from studylib.errors import refuse_choices
from studylib.risk.doubt.calibration import null_of
from studylib.risk.doubt.power import mdrr_sequence_symmetry
from studylib.risk.gates.checks import check_systematic_error
from studylib.risk.gates.gate import MDRR, Gates
from studylib.risk.gates.schemas import measured
from studylib.risk.gates.thresholds import Thresholds
from studylib.risk.sequence_orders import NAME
from studylib.risk.sequence_schemas import GAPS, SEQUENCES
from studylib.risk.sequence_symmetry import (
    Interval,
    SameDay,
    null_ratio,
    sequence_symmetry,
    sequences,
)
from studylib.tables import ESTIMATES, CheckResult, check, empty

TREND = "sequence_trend"
EITHER_ORDER = "either_order"


def sequence_gates(
    first_uses: pd.DataFrame,
    *,
    index: str,
    marker: str,
    window: int = 365,
    blackout: int = 0,
    same_day: SameDay = "drop",
    null_window: int = 548,
    controls: pd.DataFrame | None = None,
    thresholds: Thresholds | None = None,
    opened: Collection[str] = (),
) -> Gates:
    """What must hold before the order of a pair is looked at.

    Power, from the number of pairs whatever their order; the trend of starts; systematic error,
    where ``controls`` (the rows of ``sequence_controls``) are given. The other arguments are those
    of ``sequence_symmetry``.
    """
    refuse_choices(NAME, same_day=(same_day, get_args(SameDay)))
    limits = thresholds or Thresholds()
    subject = f"{index} → {marker}"
    counted = sequences(first_uses, index=index, marker=marker, window=window, blackout=blackout)
    ordered = counted[counted["sequence"] != "same_day"] if same_day == "drop" else counted
    null = null_ratio(first_uses, null_window=null_window, blackout=blackout)
    checks = [
        check_mdrr_sequences(
            int(ordered["persons"].sum()), null=null, subject=subject, thresholds=limits
        ),
        check_sequence_trend(null, len(first_uses), subject=subject, thresholds=limits),
    ]
    if controls is not None and len(controls):
        error = null_of(controls, fewest=limits.fewest_controls)
        checks.append(check_systematic_error(error, thresholds=limits))
    return Gates(tuple(checks), tuple(opened))


def sequence_controls(
    first_uses: Mapping[tuple[str, str], pd.DataFrame],
    *,
    window: int = 365,
    blackout: int = 0,
    same_day: SameDay = "drop",
    null_window: int = 548,
    interval: Interval = "beta_posterior",
    run_in: int | None = None,
    thresholds: Thresholds | None = None,
    opened: Collection[str] = (),
) -> pd.DataFrame:
    """The adjusted ratios of pairs that nothing links, each by its index and marker.

    An ESTIMATES table, a row a pair, made as ``sequence_symmetry`` makes those studied. A pair
    whose trend of starts closes its own gate is emptied; lack of power does not empty it.
    """
    rows = []
    for (index, marker), found in first_uses.items():
        gates = sequence_gates(
            found,
            index=index,
            marker=marker,
            window=window,
            blackout=blackout,
            same_day=same_day,
            null_window=null_window,
            thresholds=thresholds,
            opened=opened,
        )
        both = sequence_symmetry(
            found,
            index=index,
            marker=marker,
            window=window,
            blackout=blackout,
            same_day=same_day,
            null_window=null_window,
            interval=interval,
            run_in=run_in,
            gates=gates.for_pooling(),
        )
        rows.append(both[both["measure"] == "adjusted_sequence_ratio"])
    return check(pd.concat(rows, ignore_index=True), ESTIMATES) if rows else empty(ESTIMATES)


def check_mdrr_sequences(
    pairs: int, *, null: float = 1.0, subject: str = "", thresholds: Thresholds | None = None
) -> CheckResult:
    """Whether ``pairs`` persons could show a sequence ratio under ``largest_mdrr``.

    The order they began in has no part. The value shown is rounded up to a tenth, as that of other
    designs is.
    """
    limit = (thresholds or Thresholds()).largest_mdrr
    found = mdrr_sequence_symmetry(pairs, null_ratio=null)
    row = {
        "subject": subject,
        "statistic": "detectable_ratio",
        "value": np.ceil(10 * found) / 10,
        "at_most": limit,
        "persons": pairs,
    }
    passed = found < limit
    text = (
        f"la paire pourrait mettre en évidence un rapport inférieur à {_said(limit)}."
        if passed
        else f"la paire ne mettrait en évidence qu'un rapport d'au moins {_said(limit)} : trop peu "
        "de personnes ont débuté les deux."
    )
    return CheckResult(MDRR, passed, measured([row]), text)


def check_sequence_trend(
    null: float, starters: int, *, subject: str = "", thresholds: Thresholds | None = None
) -> CheckResult:
    """Whether trends of starts alone (``null_ratio``) would move the ratio by little.

    Far from 1, the adjusted ratio is mostly the correction, which is taken as known. Not evaluated
    when the null ratio is not: no starts near one another. ``starters`` are the persons it rests
    on.
    """
    low, high = (thresholds or Thresholds()).null_ratio
    known = bool(np.isfinite(null) and null > 0)
    row = {
        "subject": subject,
        "statistic": "null_ratio",
        "value": null if known else np.nan,
        "at_least": low,
        "at_most": high,
        "persons": starters,
    }
    table = measured([row])
    if not known:
        text = "trop peu de débuts proches pour mesurer leurs tendances."
        return CheckResult(TREND, None, table, text, evaluated=False)
    passed = low <= null <= high
    text = (
        f"les tendances à elles seules donneraient un rapport {'' if passed else 'non '}compris "
        f"entre {_said(low)} et {_said(high)}."
    )
    return CheckResult(TREND, passed, table, text)


def release_sequences(table: pd.DataFrame, gates: Gates) -> pd.DataFrame:
    """A SEQUENCES table as it may be seen: when closed, the two orders together in one row."""
    if not gates.closed or table.empty:
        return table
    apart = table["sequence"] == "same_day"
    keys = ["population", "comparison"]
    both = table[~apart].groupby(keys, sort=False, as_index=False)["persons"].sum()
    whole = pd.concat([both.assign(sequence=EITHER_ORDER), table[apart]], ignore_index=True)
    return check(whole[SEQUENCES.names], SEQUENCES)


def release_gaps(table: pd.DataFrame, gates: Gates) -> pd.DataFrame:
    """A GAPS table as it may be seen: none when closed, since its sides give the order back."""
    return empty(GAPS) if gates.closed else table


def _said(value: float) -> str:
    return f"{value:g}".replace(".", ",")
