"""Which side of the line of no effect is more of what, and with whom."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

import pandas as pd

from studylib.report import labels as words

_OF_EVENTS = {
    "hazard_ratio",
    "rate_ratio",
    "risk_ratio",
    "odds_ratio",
    "incidence_rate_ratio",
    "subdistribution_hazard_ratio",
    "rate_difference",
    "risk_difference",
}
_OF_ORDER = {"crude_sequence_ratio", "adjusted_sequence_ratio"}
_LONGEST = 24  # letters of an arm's name; a longer one is in the rows' names already


def sides(frame: pd.DataFrame, labels: Mapping[str, str] | None = None) -> tuple[str, str]:
    r"""What the left and the right of the line mean for these ESTIMATES rows, wrapped.

    Both are empty when the measures do not compare the frequency of an outcome.

    >>> sides(pd.DataFrame({"measure": ["hazard_ratio"], "comparison": ["AOD / AVK"]}))
    ("← moins d'événements\navec AOD", "plus d'événements →\navec AOD")
    """
    measures = {str(name) for name in frame["measure"]}
    if measures and measures <= _OF_ORDER:
        return "← marqueur\nplus souvent d'abord", "médicament étudié →\nplus souvent d'abord"
    if not measures or not measures <= _OF_EVENTS:
        return "", ""
    less, more = "← moins d'événements", "plus d'événements →"
    arm = _compared(frame, labels)
    return (f"{less}\navec {arm}", f"{more}\navec {arm}") if arm else (less, more)


def _compared(frame: pd.DataFrame, labels: Mapping[str, str] | None) -> str:
    """The arm set against a reference in every row; empty when there are several."""
    compared = {str(text) for text in frame["comparison"]}
    arm, slash, _ = compared.pop().partition(" / ") if len(compared) == 1 else ("", "", "")
    name = words.value(arm, labels) if slash else ""
    return "" if len(textwrap.wrap(name, _LONGEST)) > 1 else name
