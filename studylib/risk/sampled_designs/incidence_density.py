"""Incidence-density sampling: at each case's time, controls drawn among those still at risk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from studylib.errors import EstimationError, refuse_choices, refuse_counts
from studylib.risk.received import received
from studylib.risk.sampled_designs.schemas import CONTROLS_FOUND
from studylib.tables import check

TimeScale = Literal["time_since_entry", "calendar_date"]
Ints = NDArray[np.int64]
NAME = "Cas-témoins niché"
TRIES = 40
"""Draws per control wanted before the candidates of a case are gone through one by one."""


def incidence_density_sets(
    follow_up: pd.DataFrame,
    *,
    controls: int,
    seed: int,
    time_scale: TimeScale = "time_since_entry",
    matched_on: Sequence[str] = (),
    age_caliper: int | None = None,
) -> pd.DataFrame:
    """Sets of a case and up to ``controls`` persons at risk at its time: set, case, person_id, day.

    ``follow_up``: person_id, entry, exit, event (its day is the one before ``exit``), the columns
    of ``matched_on`` (equal within a set) and ``birth`` (days) with ``age_caliper``, the largest
    difference of birth dates. At risk means followed that day (``calendar_date``), or that long
    after entry (``time_since_entry``); ``day`` is the date that time is for each. Controls are
    drawn without replacement within a set, with replacement across sets; a control may become a
    case later and a case be a control before: the odds ratio then estimates the hazard ratio.
    Rows are in the order of cases' dates, then persons; the same ``seed`` gives the same sets.

    Source: Lubin JH, Gail MH (1984), Biometrics 40:63-75.
    """
    refuse_choices(NAME, time_scale=(time_scale, get_args(TimeScale)))
    people = _people(follow_up, controls, matched_on, age_caliper)
    birth = np.zeros(len(people), np.int64)
    if age_caliper is not None:
        birth = people["birth"].to_numpy(np.int64)
    pool = _Pool(people, list(matched_on), birth, time_scale)
    day = people["exit"].to_numpy(np.int64) - 1
    cases = np.flatnonzero(people["event"].to_numpy(bool))
    cases = cases[np.lexsort((cases, day[cases]))]
    chosen = pool.drawn(cases, controls, age_caliper or 0, np.random.default_rng(seed))
    found = chosen >= 0
    of_set, column = np.nonzero(found)
    control = chosen[of_set, column]
    member = np.concatenate([cases, control])
    sets = np.concatenate([np.arange(len(cases)), of_set])
    time = pool.time_of(cases)[sets]
    zero = pool.zero[member]
    table = pd.DataFrame(
        {
            "set": sets,
            "case": np.arange(len(member)) < len(cases),
            "person_id": people["person_id"].to_numpy()[member],
            "day": zero + time,
        }
    )
    order = np.lexsort((table["person_id"], ~table["case"], table["set"]))
    return table.iloc[order].reset_index(drop=True)


class _Pool:
    """Persons in order of what they are matched on, and who is at risk when."""

    def __init__(
        self, people: pd.DataFrame, matched_on: list[str], birth: Ints, time_scale: TimeScale
    ) -> None:
        stratum = (
            people.groupby(matched_on, sort=True, observed=True).ngroup().to_numpy(np.int64)
            if matched_on
            else np.zeros(len(people), np.int64)
        )
        self.entry, self.exit = (people[n].to_numpy(np.int64) for n in ("entry", "exit"))
        self.zero = self.entry if time_scale == "time_since_entry" else np.zeros_like(self.entry)
        self.first, self.width = int(birth.min()), int(birth.max() - birth.min()) + 1
        self.stratum, self.birth = stratum, birth
        key = stratum * self.width + (birth - self.first)
        self.order = np.argsort(key, kind="stable")
        self.key = key[self.order]

    def time_of(self, cases: Ints) -> Ints:
        """When each case's event is, on the time scale."""
        return np.asarray(self.exit[cases] - 1 - self.zero[cases], np.int64)

    def candidates(self, cases: Ints, caliper: int) -> tuple[Ints, Ints]:
        """Where the persons matched to each case begin and end in the order."""
        base, offset = self.stratum[cases] * self.width, self.birth[cases] - self.first
        low = np.maximum(offset - caliper, 0)
        high = np.minimum(offset + caliper, self.width - 1)
        return (
            np.searchsorted(self.key, base + low, side="left"),
            np.searchsorted(self.key, base + high, side="right"),
        )

    def at_risk(self, person: Ints, time: Ints) -> NDArray[np.bool_]:
        """Whether each person is followed at that time."""
        date = time + self.zero[person]
        return np.asarray((self.entry[person] <= date) & (date < self.exit[person]), bool)

    def drawn(
        self, cases: Ints, controls: int, caliper: int, draw: np.random.Generator
    ) -> NDArray[np.int64]:
        """Positions of the controls of each case, -1 where there is none left to draw."""
        low, high = self.candidates(cases, caliper)
        time = self.time_of(cases)
        chosen = np.full((len(cases), controls), -1, np.int64)
        count = np.zeros(len(cases), np.int64)
        for _ in range(TRIES * controls):
            short = np.flatnonzero(count < controls)
            if not len(short):
                break
            place = low[short] + np.floor(draw.random(len(short)) * (high - low)[short]).astype(int)
            person = self.order[place]
            taken = (chosen[short] == person[:, None]).any(axis=1) | (person == cases[short])
            good = ~taken & self.at_risk(person, time[short])
            kept = short[good]
            chosen[kept, count[kept]] = person[good]
            count[kept] += 1
        for case in np.flatnonzero(count < controls):  # the few whose candidates are nearly spent
            left = self.order[low[case] : high[case]]
            left = left[self.at_risk(left, np.full(len(left), time[case]))]
            left = left[~np.isin(left, chosen[case]) & (left != cases[case])]
            some = draw.permutation(left)[: controls - count[case]]
            chosen[case, count[case] : count[case] + len(some)] = some
        return chosen


def controls_found(sets: pd.DataFrame) -> pd.DataFrame:
    """How many sets have how many controls: a CONTROLS_FOUND table."""
    read = received(sets, NAME, "sets", keys=["set"], flags=["case"])
    found = (~read["case"]).groupby(read["set"], observed=True).sum()
    counts = found.value_counts().sort_index()
    table = pd.DataFrame({"controls": counts.index.astype(int), "events": counts.to_numpy()})
    return check(table, CONTROLS_FOUND)


def _people(
    follow_up: pd.DataFrame, controls: int, matched_on: Sequence[str], age_caliper: int | None
) -> pd.DataFrame:
    """The persons followed, in order, their columns in the kinds expected."""
    refuse_counts(NAME, 1, controls=controls)
    births = [] if age_caliper is None else ["birth"]
    if births:
        refuse_counts(NAME, 0, age_caliper=age_caliper)
    people = received(
        follow_up,
        NAME,
        "suivi",
        keys=["person_id", *matched_on],
        days=["entry", "exit", *births],
        flags=["event"],
    )
    if people["person_id"].duplicated().any():
        raise EstimationError(f"{NAME} : des personnes figurent deux fois dans le suivi.")
    if (people["exit"] <= people["entry"]).any():
        raise EstimationError(f"{NAME} : des personnes ont un temps de suivi nul ou négatif.")
    if not people["event"].any():
        raise EstimationError(f"{NAME} : aucun cas.")
    return people.sort_values("person_id", ignore_index=True)
