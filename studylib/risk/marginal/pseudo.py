"""The outcome by a day of each person, as if nobody had been censored."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from studylib.errors import EstimationError
from studylib.risk.rows import refuse_person_time
from studylib.risk.time_to_event.exits import check_day, check_exits, ends_of, times_of
from studylib.risk.time_to_event.influence import At, incidence_at, occupation


class NotFollowed(EstimationError):
    """Nobody of an ``arm`` is followed until the day."""

    def __init__(self, day: int, arm: str) -> None:
        super().__init__(
            f"Risque au jour {day} : personne n'est suivi jusqu'à ce jour dans le groupe {arm}."
        )
        self.arm = arm


def pseudo_risk(
    follow_up: pd.DataFrame, *, day: int, competing: Sequence[str] = ("death",)
) -> pd.Series:
    """Pseudo-observations of the outcome by ``day``, in the order of the rows.

    In each arm, the cumulative incidence (Aalen-Johansen, ``competing`` exits taken into account)
    plus n times the person's influence on it: 1 or 0 where nobody is censored before the day, and
    otherwise values whose mean is the arm's incidence. They may be averaged, weighted and regressed
    on covariates as an outcome seen on everybody. Censoring is taken to be by chance within the
    arm. EstimationError when nobody of an arm is followed until the day.

    Reference
    ---------
    Andersen PK, Syriopoulou E, Parner ET (2017), Stat Med 36:2669-2681; Parner ET, Andersen PK,
    Overgaard M (2023), Lifetime Data Anal 29:654-671 (infinitesimal jackknife).

    >>> three = pd.DataFrame({"person_id": [1, 2, 3], "arm": "A", "entry": 0, "exit": [2, 5, 9],
    ...                       "event": [True, True, False], "exit_reason": ["outcome"] * 3})
    >>> pseudo_risk(three, day=4).round(6).tolist()
    [1.0, 0.0, 0.0]
    """
    return pseudo_values(follow_up, incidence_at, day=day, competing=competing, name="pseudo_risk")


def pseudo_values(
    follow_up: pd.DataFrame, at: At, *, day: int, competing: Sequence[str], name: str
) -> pd.Series:
    """Pseudo-observations of what ``at`` estimates in an arm by ``day``, as in ``pseudo_risk``."""
    check_day(day)
    refuse_person_time(follow_up)
    check_exits(follow_up, competing)
    values, arms = np.empty(len(follow_up)), follow_up["arm"].to_numpy(object)
    for arm in sorted(set(arms)):
        rows = np.flatnonzero(arms == arm)
        group = follow_up.iloc[rows]
        time, (event, other) = times_of(group), ends_of(group, competing)
        if time.max() < day:
            raise NotFollowed(day, arm)
        total, influence = at(occupation(time, event, other), day)
        values[rows] = total + len(rows) * influence
    return pd.Series(values, index=follow_up.index, name=name)
