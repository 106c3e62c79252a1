"""The cases, exposures and events of a case series, refused when they cannot be right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from studylib.errors import EstimationError, is_whole, refuse_choices, refuse_counts
from studylib.risk.received import received
from studylib.tables import FLOW, check

NAME = "Série de cas"
Recurrence = Literal["all", "first"]


def spans(table: pd.DataFrame, what: str) -> None:
    """EstimationError when a stretch of time ends before it begins, or holds no day."""
    wrong = int((table["end"] <= table["start"]).sum())
    if wrong:
        raise EstimationError(
            f"{NAME} : {wrong} ligne(s) de la table « {what} » se terminent avant leur début ou "
            "ne durent aucun jour ; les intervalles vont du premier jour au lendemain du dernier."
        )


@dataclass(frozen=True)
class Observed:
    """Cases with their observed time, and the events and exposures that fall there.

    ``cases`` has person_id, start, end and what came with them, one row a case in order;
    ``events`` row and day; ``exposures`` row, drug, dose, start, end. ``flow`` is a FLOW table
    with the days observed and the events counted at each step.
    """

    cases: pd.DataFrame
    events: pd.DataFrame
    exposures: pd.DataFrame
    flow: pd.DataFrame


def observed(
    cases: pd.DataFrame,
    exposures: pd.DataFrame,
    events: pd.DataFrame,
    *,
    naive_period: int,
    period: tuple[int, int] | None,
    recurrence: Recurrence,
) -> Observed:
    """The time and the events of the cases once restricted, step by step."""
    refuse_choices(NAME, recurrence=(recurrence, get_args(Recurrence)))
    refuse_counts(NAME, 0, naive_period=naive_period)
    _refuse_period(period)
    kept = received(cases, NAME, "cases", keys=["person_id"], days=["start", "end"])
    events = received(events, NAME, "events", keys=["person_id"], days=["day"])
    exposures = received(
        exposures, NAME, "exposures", keys=["person_id"], texts=["drug"], days=["start", "end"]
    )
    _refuse(kept, exposures, events)
    day = _inside(kept, events[["person_id", "day"]].sort_values(["person_id", "day"]))
    if recurrence == "first":
        day = day.drop_duplicates("person_id")
    steps = [_step("persons_with_event", kept, day)]
    if naive_period:
        kept = kept.assign(start=kept["start"] + naive_period)
        kept, day = _restricted(kept, day)
        steps.append(_step("naive_period", kept, day))
    if period is not None:
        kept = kept.assign(
            start=kept["start"].clip(lower=period[0]), end=kept["end"].clip(upper=period[1])
        )
        kept, day = _restricted(kept, day)
        steps.append(_step("study_period", kept, day))
    kept = kept[kept["person_id"].isin(day["person_id"])].reset_index(drop=True)
    steps.append(_step("with_event", kept, day))
    place = pd.Index(kept["person_id"])
    exposed = exposures.assign(row=place.get_indexer(pd.Index(exposures["person_id"])))
    return Observed(
        kept,
        day.assign(row=place.get_indexer(pd.Index(day["person_id"])))[["row", "day"]],
        exposed[exposed["row"] >= 0].reset_index(drop=True),
        _flow(steps),
    )


def _refuse_period(period: tuple[int, int] | None) -> None:
    if period is None or (
        len(period) == 2 and all(map(is_whole, period)) and period[0] < period[1]
    ):
        return
    raise EstimationError(
        f"{NAME} : period vaut {period} ; un premier jour et le lendemain du dernier, "
        "entiers et dans cet ordre, sont attendus."
    )


def _refuse(cases: pd.DataFrame, exposures: pd.DataFrame, events: pd.DataFrame) -> None:
    spans(cases, "cases")
    spans(exposures, "exposures")
    if cases["person_id"].duplicated().any():
        raise EstimationError(
            f"{NAME} : des personnes figurent deux fois parmi les cas ; garder pour chacune la "
            "période d'observation étudiée."
        )
    if events.duplicated(["person_id", "day"]).any():
        raise EstimationError(
            f"{NAME} : des événements d'une même personne figurent deux fois le même jour ; "
            "n'en garder qu'un."
        )
    if not events["person_id"].isin(cases["person_id"]).all():
        raise EstimationError(
            f"{NAME} : des événements appartiennent à des personnes absentes de la table « cases »."
        )
    if events.empty:
        raise EstimationError(f"{NAME} : aucun événement, donc aucun cas à comparer à lui-même.")


def _inside(cases: pd.DataFrame, day: pd.DataFrame) -> pd.DataFrame:
    """The events that fall in the observed time of their person."""
    both = day.merge(cases[["person_id", "start", "end"]], on="person_id")
    return both.loc[both["day"].between(both["start"], both["end"] - 1), ["person_id", "day"]]


def _restricted(cases: pd.DataFrame, day: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    kept = cases[cases["end"] > cases["start"]]
    return kept, _inside(kept, day)


def _step(name: str, cases: pd.DataFrame, day: pd.DataFrame) -> dict[str, object]:
    return {
        "step": name,
        "persons": len(cases),
        "days": int((cases["end"] - cases["start"]).sum()),
        "events": len(day),
    }


def _flow(steps: list[dict[str, object]]) -> pd.DataFrame:
    table = pd.DataFrame(steps)
    lost = -table["persons"].diff().fillna(0)
    return check(table.assign(excluded=lost.astype(np.int64)), FLOW)
