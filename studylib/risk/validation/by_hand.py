"""Cases worked by hand on ten persons at most, with the arithmetic beside the answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from studylib.risk.cox import hazard_ratio, time_varying_hazard_ratio
from studylib.risk.impact import attributable_fraction
from studylib.risk.incidence import incidence_rate
from studylib.risk.time_to_event import (
    cumulative_incidence,
    mean_time_difference,
    risk_difference,
    survival,
)
from studylib.risk.validation.agreement import Known, agreement

O, D, C = "outcome", "death", "end_of_follow_up"  # noqa: E741 - one letter, one way to leave
EXACT = 1e-8


def hand_worked_cases() -> pd.DataFrame:
    """Answers worked by hand beside those of the library: an AGREEMENT table."""
    return agreement([*_curves(), *_ratios(), *_risks()])


def _persons(days: Sequence[int], ends: Sequence[str], arm: str, first: int = 1) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "person_id": range(first, first + len(days)),
            "arm": arm,
            "entry": 0,
            "exit": list(days),
            "event": [end == O for end in ends],
            "exit_reason": list(ends),
        }
    )


def _curves() -> Iterator[Known]:
    ten = _persons([1, 2, 3, 3, 5, 6, 7, 8, 8, 10], [O, C, D, O, O, C, D, O, C, C], "A")
    free = survival(ten, days=[8])["estimate"].iloc[0]
    yield Known("Kaplan-Meier, dix personnes", "jour 8", 0.4375, free, EXACT,
                "9/10 × 7/8 × 5/6 × 2/3")  # fmt: skip
    had = cumulative_incidence(ten, days=[8])["estimate"].iloc[0]
    yield Known("Aalen-Johansen, dix personnes", "jour 8", 0.465625, had, EXACT,
                "1/10 + 0,9/8 + 0,675/6 + 0,421875/3")  # fmt: skip
    rate = incidence_rate(_persons([1461, 2192], [O, C], "A"), outcome="o")["estimate"].iloc[0]
    yield Known("Incidence, deux personnes", "pour 1 000 personnes-années",
                1000 / (3653 / 365.25), rate, EXACT, "1 cas en 3 653 jours")  # fmt: skip


def _ratios() -> Iterator[Known]:
    four = pd.concat(
        [_persons([4, 1], [C, O], "A"), _persons([3, 2], [O, O], "B", 3)], ignore_index=True
    )
    found = hazard_ratio(four, outcome="o", reference="B")["estimate"].iloc[0]
    yield Known("Cox, quatre personnes", "rapport", (5**0.5 - 1) / 2, found, EXACT,
                "θ/(2θ+2) × 1/(θ+2) × 1/(θ+1) est maximal quand θ² + θ − 1 = 0")  # fmt: skip
    three = pd.DataFrame(
        {
            "person_id": [1, 2, 2, 3, 3],
            "start": [0, 0, 3, 0, 3],
            "end": [2, 3, 4, 3, 6],
            "event": [True, False, True, False, True],
            "drug": [0, 0, 1, 1, 0],
        }
    )
    # Three persons have no robust interval: the same three in each of four strata do.
    strata = [three.assign(stratum=k, person_id=10 * k + three["person_id"]) for k in range(4)]
    rows = time_varying_hazard_ratio(
        pd.concat(strata), outcome="o", exposures=["drug"], strata=["stratum"]
    )
    yield Known("Cox, exposition variable, quatre fois trois personnes", "rapport", 2**0.5,
                rows["estimate"].iloc[0], EXACT,
                "1/(2+θ) × θ/(θ+1) est maximal quand θ² = 2")  # fmt: skip
    share, _, _ = attributable_fraction(2.0, 1.25, 4.0)
    yield Known("Fraction attribuable", "rapport de 2", 0.5, share, EXACT, "1 − 1/2")


def _risks() -> Iterator[Known]:
    eight = pd.concat(
        [
            _persons([1, 3, 9, 9], [O, O, C, C], "A"),
            _persons([2, 9, 9, 9], [O, C, C, C], "B", 5),
        ],
        ignore_index=True,
    )
    found = risk_difference(eight, outcome="o", reference="B", day=5).set_index("measure")
    told = {
        "risk_difference": ("différence", 0.25, "2/4 − 1/4"),
        "number_needed": ("personnes à traiter", 4.0, "1/0,25"),
        "risk_ratio": ("rapport", 2.0, "(2/4)/(1/4)"),
    }
    values = found["estimate"].to_dict()
    for measure, (name, truth, how) in told.items():
        yield Known("Risque au jour 5, huit personnes", name, truth, values[measure], EXACT, how)
    half = found["ci_high"].to_dict()["risk_difference"] - 0.25
    yield Known("Risque au jour 5, huit personnes", "demi-intervalle de la différence",
                1.959963984540054 * float(np.sqrt(0.0625 + 0.046875)), half, EXACT,
                "1,96 × √(0,5²/4 + 0,25 × 0,75/4)")  # fmt: skip
    times = mean_time_difference(eight, outcome="o", reference="B", day=5)["estimate"].iloc[0]
    yield Known("Temps moyen restreint, huit personnes", "différence, jours", -0.75, times, EXACT,
                "(1 + 3 + 5 + 5)/4 − (2 + 5 + 5 + 5)/4")  # fmt: skip
