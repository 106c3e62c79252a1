"""Case-crossover: each case's days before the event against its own other days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from studylib.errors import EstimationError, refuse_choices, refuse_counts
from studylib.risk.conditional_logistic import compared_cases, conditional_logistic
from studylib.risk.gates.gate import Gates
from studylib.risk.received import received
from studylib.risk.sampled_designs.exposure import with_exposure

Ints = NDArray[np.int64]
Referents = Literal["before", "time_stratified"]
NAME = "Cas croisés"
WEEK = 7
NOWHERE = np.iinfo(np.int64).min // 2
MEMBER = ("set", "case", "person_id", "day", "to", "from_")


def case_crossover_sets(
    events: pd.DataFrame,
    observed: pd.DataFrame,
    *,
    case_window: int,
    referents: Referents = "before",
    number: int = 4,
    washout: int = 0,
    lag: int = 0,
) -> pd.DataFrame:
    """The windows to compare: set, case, person_id, day, from_, to (half-open), one row a window.

    The case window is the ``case_window`` days that end ``lag`` days before the event (the day of
    the event itself with no lag). With ``before``, up to ``number`` referent windows of the same
    length lie earlier, ``washout`` days apart from one another. With ``time_stratified`` they end
    as long before each other day of the same month and weekday (Levy et al., 2001; ``number`` and
    ``washout`` have no part). Windows not wholly observed, and events without any referent, are
    left out. ``events``: person_id, day; ``observed``: person_id, start, end.

    Sources: Maclure M (1991), Am J Epidemiol 133:144-153; Levy D, Lumley T, Sheppard L, Kaufman
    J, Checkoway H (2001), Epidemiology 12:186-192.

    >>> sets = case_crossover_sets(pd.DataFrame({"person_id": [1], "day": [100]}),
    ...     pd.DataFrame({"person_id": [1], "start": [0], "end": [200]}), case_window=7, number=1)
    >>> sets[["from_", "to"]].to_numpy().tolist()
    [[94, 101], [87, 94]]
    """
    wanted = Windows(case_window, referents, number, washout, lag)
    wanted.refuse()
    struck, watched = _read(events, observed)
    days = wanted.days(struck["day"].to_numpy(np.int64))
    table = pd.DataFrame(
        {
            "set": np.repeat(np.arange(len(days)), days.shape[1]),
            "case": np.tile(np.arange(days.shape[1]) == 0, len(days)),
            "person_id": np.repeat(struck["person_id"].to_numpy(), days.shape[1]),
            "day": days.ravel(),
        }
    )
    table["to"] = table["day"] - lag + 1
    table["from_"] = table["to"] - case_window
    seen = table.merge(watched[["person_id", "start", "end"]], on="person_id", how="left")
    kept = seen[(seen["from_"] >= seen["start"]) & (seen["to"] <= seen["end"])]
    with_case = kept.groupby("set")["case"].transform("any")
    several = kept.groupby("set")["case"].transform("size") > 1
    return kept[with_case & several][list(table.columns)].reset_index(drop=True)


@dataclass(frozen=True)
class Windows:
    """Which windows an event is compared over; ``case_crossover_sets`` says what each means."""

    case_window: int
    referents: Referents
    number: int
    washout: int
    lag: int

    def refuse(self) -> None:
        """EstimationError for a choice that is none."""
        refuse_choices(NAME, referents=(self.referents, get_args(Referents)))
        refuse_counts(NAME, 1, case_window=self.case_window, number=self.number)
        refuse_counts(NAME, 0, washout=self.washout, lag=self.lag)

    def days(self, day: Ints) -> Ints:
        """The last day of each window, the event's own first; far away where there is none."""
        if self.referents == "before":
            apart = self.case_window + self.washout
            return np.asarray(day[:, None] - np.arange(self.number + 1) * apart, np.int64)
        days = day[:, None] + WEEK * np.array([0, -4, -3, -2, -1, 1, 2, 3, 4])
        month = days.astype("datetime64[D]").astype("datetime64[M]")
        return np.where(month == month[:, :1], days, NOWHERE)

    def told(self) -> dict[str, object]:
        """The choices as ``method`` tells them."""
        before = self.referents == "before"
        return {
            "case_window": self.case_window,
            "referents": self.referents,
            "referent_number": self.number if before else None,
            "washout": self.washout if before else None,
            "lag": self.lag,
        }


def case_crossover(
    events: pd.DataFrame,
    exposures: pd.DataFrame,
    observed: pd.DataFrame,
    *,
    outcome: str,
    case_window: int,
    referents: Referents = "before",
    number: int = 4,
    washout: int = 0,
    lag: int = 0,
    controls: pd.DataFrame | None = None,
    level: float = 0.95,
    upstream: Mapping[str, object] | None = None,
    gates: Gates | None = None,
) -> pd.DataFrame:
    """Odds of exposure just before the event against the same persons' other windows.

    An ESTIMATES table, measure ``odds_ratio``, one row per drug, all drugs in one model. The
    windows are those of ``case_crossover_sets``. ``controls`` (person_id, day: persons without
    the event, with a day that stands for it) makes it a case-time-control: the odds ratio of the
    cases divided by that of the controls, which is the trend of exposure (Suissa, 1995). A
    persistent treatment makes later windows more exposed: the ratio is then above 1 by itself.
    ``persons`` and ``events`` count cases, never controls: ``events`` the smaller of those exposed
    in their own window and not, so that both are masked together; all of them when closed ``gates``
    withhold the ratio. ``upstream`` names the choices that made ``events`` and ``exposures``, told
    in ``method``.
    """
    wanted = Windows(case_window, referents, number, washout, lag)
    members = _exposed(events, exposures, observed, wanted)
    drugs = [str(name) for name in members if name not in MEMBER]
    persons = members["person_id"].nunique()
    compared = [compared_cases(members, drug, gates) for drug in drugs]
    trends: list[str] = []
    if controls is not None:
        other = _exposed(controls, exposures, observed, wanted)
        members, trends = _with_trend(members, other, drugs)
    found = conditional_logistic(
        members,
        outcome=outcome,
        exposures=drugs,
        covariates=trends,
        level=level,
        estimator="case_crossover",
        choices={
            **wanted.told(),
            "trend": "none" if controls is None else "case_time_control",
            **(upstream or {}),
        },
        gates=gates,
    )
    return found.assign(persons=persons, events=compared)


def _exposed(
    events: pd.DataFrame, exposures: pd.DataFrame, observed: pd.DataFrame, wanted: Windows
) -> pd.DataFrame:
    """The windows to compare, with a column per drug."""
    sets = case_crossover_sets(events, observed, **asdict(wanted))
    if sets.empty:
        raise EstimationError(
            f"{NAME} : aucun événement n'a de fenêtre de référence observée ; raccourcir les "
            "fenêtres, ou étendre l'observation."
        )
    return with_exposure(sets, exposures)


def _with_trend(
    members: pd.DataFrame, other: pd.DataFrame, drugs: Sequence[str]
) -> tuple[pd.DataFrame, list[str]]:
    """Cases and controls together: the drugs of cases, and the trend that both have."""
    trends = [f"{drug}: trend" for drug in drugs]
    moved = other.assign(set=other["set"] + members["set"].max() + 1)
    both = pd.concat([members, moved], ignore_index=True)
    exposure = both[drugs].to_numpy()
    of_cases = np.arange(len(both)) < len(members)
    both[trends] = exposure
    both[drugs] = exposure * of_cases[:, None]
    return both, trends


def _read(events: pd.DataFrame, observed: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Events and observed time in the kinds expected."""
    struck = received(events, NAME, "events", keys=["person_id"], days=["day"])
    watched = received(observed, NAME, "observed", keys=["person_id"], days=["start", "end"])
    if struck.empty:
        raise EstimationError(f"{NAME} : aucun événement.")
    if struck.duplicated(["person_id", "day"]).any():
        raise EstimationError(
            f"{NAME} : des événements d'une même personne figurent deux fois le même jour."
        )
    if watched["person_id"].duplicated().any():
        raise EstimationError(f"{NAME} : des personnes figurent deux fois parmi les observées.")
    if not struck["person_id"].isin(watched["person_id"]).all():
        raise EstimationError(
            f"{NAME} : des événements appartiennent à des personnes non observées."
        )
    return struck, watched
