"""Case-crossover: each case's days before the event against its own other days."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd

from studylib.errors import EstimationError
from studylib.risk.conditional_logistic import conditional_logistic
from studylib.risk.gates.gate import Gates
from studylib.risk.sampled_designs.exposure import exposed_in

Referents = Literal["before", "time_stratified"]
NAME = "Cas croisés"
WEEK = 7


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
    _refuse(events, observed, case_window, number, washout, lag)
    day = events["day"].to_numpy(np.int64)
    if referents == "before":
        shifts = -np.arange(number + 1) * (case_window + washout)
        days = day[:, None] + shifts[None, :]
    else:
        shifts = WEEK * np.array([0, -4, -3, -2, -1, 1, 2, 3, 4])
        days = day[:, None] + shifts[None, :]
        month = days.astype("datetime64[D]").astype("datetime64[M]")
        days = np.where(month == month[:, :1], days, np.iinfo(np.int64).min // 2)
    table = pd.DataFrame(
        {
            "set": np.repeat(np.arange(len(day)), days.shape[1]),
            "case": np.tile(np.arange(days.shape[1]) == 0, len(day)),
            "person_id": np.repeat(events["person_id"].to_numpy(), days.shape[1]),
            "day": days.ravel(),
        }
    )
    table["to"] = table["day"] - lag + 1
    table["from_"] = table["to"] - case_window
    seen = table.merge(observed[["person_id", "start", "end"]], on="person_id", how="left")
    kept = seen[(seen["from_"] >= seen["start"]) & (seen["to"] <= seen["end"])]
    with_case = kept.groupby("set")["case"].transform("any")
    several = kept.groupby("set")["case"].transform("size") > 1
    return kept[with_case & several][list(table.columns)].reset_index(drop=True)


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
    ``persons`` and ``events`` count cases, never controls. ``upstream`` names the choices that made
    ``events`` and ``exposures``, told in ``method``.
    """
    choices: dict[str, object] = {
        "case_window": case_window,
        "referents": referents,
        "referent_number": number if referents == "before" else None,
        "washout": washout if referents == "before" else None,
        "lag": lag,
        "trend": "case_time_control" if controls is not None else "none",
        **(upstream or {}),
    }
    wanted = {"case_window": case_window, "number": number, "washout": washout, "lag": lag}
    sets = case_crossover_sets(events, observed, referents=referents, **wanted)
    drugs = sorted(exposures["drug"].astype(str).unique())
    if sets.empty or not drugs:
        raise EstimationError(
            f"{NAME} : aucun événement n'a de fenêtre de référence observée, ou aucune exposition."
        )
    members = sets.join(exposed_in(sets, exposures))
    trends: list[str] = []
    if controls is not None:
        other = case_crossover_sets(controls, observed, referents=referents, **wanted)
        other = other.join(exposed_in(other, exposures)).reindex(columns=members.columns)
        trends = [f"trend of {drug}" for drug in drugs]
        both = pd.concat([members, other.assign(set=other["set"] + sets["set"].max() + 1)])
        of_cases = np.arange(len(both)) < len(members)
        exposure = both[drugs].fillna(0)
        members = both.assign(
            **{name: exposure[drug] for name, drug in zip(trends, drugs, strict=True)},
            **{drug: exposure[drug] * of_cases for drug in drugs},
        )
    found = conditional_logistic(
        members,
        outcome=outcome,
        exposures=drugs,
        covariates=trends,
        level=level,
        estimator="case_crossover",
        choices=choices,
        gates=gates,
    )
    return found.assign(persons=sets["person_id"].nunique(), events=int(sets["case"].sum()))


def _refuse(
    events: pd.DataFrame,
    observed: pd.DataFrame,
    case_window: int,
    number: int,
    washout: int,
    lag: int,
) -> None:
    if case_window < 1 or number < 1 or washout < 0 or lag < 0:
        raise EstimationError(
            f"{NAME} : fenêtre de {case_window} jours, {number} fenêtres de référence, écart de "
            f"{washout} et décalage de {lag} jours ; il faut au moins un jour, une fenêtre, et des "
            "écarts positifs ou nuls."
        )
    if events.empty:
        raise EstimationError(f"{NAME} : aucun événement.")
    if events.duplicated(["person_id", "day"]).any():
        raise EstimationError(
            f"{NAME} : des événements d'une même personne figurent deux fois le même jour."
        )
    if observed["person_id"].duplicated().any():
        raise EstimationError(f"{NAME} : des personnes figurent deux fois parmi les observées.")
    if not events["person_id"].isin(observed["person_id"]).all():
        raise EstimationError(
            f"{NAME} : des événements appartiennent à des personnes non observées."
        )
