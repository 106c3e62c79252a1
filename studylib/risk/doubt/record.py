"""What a record of the outcome says of the truth: sensitivity, specificity, predictive value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from studylib.errors import EstimationError
from studylib.risk.time_to_event.at_day import Choices, side_of
from studylib.risk.time_to_event.exits import check_day, check_exits
from studylib.risk.time_to_event.influence import incidence_at


def true_risk(risk: float, *, sensitivity: float, specificity: float) -> float:
    """The risk behind a risk seen through an imperfect record; NaN when it is impossible.

    (risk - (1 - Sp)) / (Se + Sp - 1): impossible when fewer outcomes were seen than the record
    invents, or more than it can (Rogan and Gladen, 1978). EstimationError when a share is not from
    0 to 1, or when Se + Sp is at most 1: such a record tells nothing.

    >>> round(true_risk(0.10, sensitivity=0.8, specificity=0.95), 4)
    0.0667
    >>> true_risk(0.02, sensitivity=0.8, specificity=0.95)
    nan
    """
    if not all(0 <= share <= 1 for share in (risk, sensitivity, specificity)):
        raise EstimationError(
            f"Classement de l'événement : risque {risk}, sensibilité {sensitivity}, spécificité "
            f"{specificity} ; attendu des parts de 0 à 1."
        )
    if sensitivity + specificity <= 1:
        raise EstimationError(
            f"Classement de l'événement : sensibilité {sensitivity} et spécificité {specificity} ; "
            "leur somme doit dépasser 1, sans quoi le codage n'apprend rien."
        )
    corrected = (risk - (1 - specificity)) / (sensitivity + specificity - 1)
    return corrected if 0 < corrected <= 1 else float("nan")


def specificity_behind(risk: float, *, sensitivity: float, predictive_value: float) -> float:
    """The specificity of a record with this positive predictive value; NaN when there is none.

    Of a ``risk`` seen, the share 1 - PPV is false, among those who truly have no outcome:
    1 - risk (1 - PPV) / (1 - risk PPV / Se) (Brenner and Gefeller, 1993, Am J Epidemiol
    138:1007-1015). EstimationError when a share is not from 0 to 1, or sensitivity is 0.

    >>> round(specificity_behind(0.05, sensitivity=0.8, predictive_value=0.9), 5)
    0.9947
    """
    shares = (risk, sensitivity, predictive_value)
    if not all(0 <= share <= 1 for share in shares) or not sensitivity > 0:
        raise EstimationError(
            f"Classement de l'événement : risque {risk}, sensibilité {sensitivity}, valeur "
            f"prédictive positive {predictive_value} ; attendu des parts de 0 à 1, et une "
            "sensibilité supérieure à 0."
        )
    true = risk * predictive_value / sensitivity
    false = risk * (1 - predictive_value)
    specificity = 1 - false / (1 - true) if true < 1 else float("nan")
    return specificity if specificity + sensitivity > 1 else float("nan")


def predictive_value(
    sides: Sequence[tuple[int, float]], records: Sequence[tuple[float, float]]
) -> float:
    """The share of the outcomes recorded in both arms that are true; NaN when impossible.

    ``sides`` are the persons of each arm and the risk recorded.
    """
    true = 0.0
    for (size, seen), (sensitivity, specificity) in zip(sides, records, strict=True):
        if np.isnan(specificity) or not size or np.isnan(seen):
            return float("nan")
        risk = true_risk(seen, sensitivity=sensitivity, specificity=specificity)
        true += size * sensitivity * risk
    recorded = sum(size * seen for size, seen in sides)
    return float(min(true / recorded, 1.0)) if recorded else float("nan")


@dataclass(frozen=True)
class Recorded:
    """What is recorded of an arm: persons, outcomes, the risk by the day and its variance."""

    size: int
    events: int
    risk: float = np.nan
    variance: float = np.nan
    reason: str = ""

    @classmethod
    def of(cls, follow_up: pd.DataFrame, arm: str, day: int, competing: Sequence[str]) -> Recorded:
        """An arm; ``reason`` says why it has no risk. EstimationError for a wrong day or exit."""
        check_day(day)
        check_exits(follow_up, competing)
        group = follow_up[(follow_up["arm"] == arm).to_numpy()]
        size, events = len(group), int(group["event"].to_numpy(bool).sum())
        found = side_of(group, arm, incidence_at, Choices(day, tuple(competing)))
        return cls(size, events, found.value, found.variance, found.reason)

    @property
    def effective(self) -> float:
        """Persons who, all followed until the day, would tell the risk as well."""
        return self.risk * (1 - self.risk) / self.variance
