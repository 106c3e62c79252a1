"""The case-crossover of a study's cases, with its case-time-control where it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import numpy as np
import pandas as pd

from studylib.errors import EstimationError, refuse_choices, refuse_counts
from studylib.risk.gates.gate import Gates
from studylib.risk.received import received
from studylib.risk.rows import NOTHING, estimates, method
from studylib.risk.sampled_designs.case_crossover import (
    NAME,
    case_crossover,
    case_crossover_sets,
)
from studylib.tables import ESTIMATES, check

ExposedBy = Literal["dispensing", "supply"]
Recurrence = Literal["all", "first"]


def case_crossovers(
    cases: pd.DataFrame,
    exposures: pd.DataFrame,
    events: pd.DataFrame,
    *,
    drugs: Sequence[str],
    outcome: str,
    case_window: int,
    number: int = 4,
    washout: int = 0,
    lag: int = 0,
    recurrence: Recurrence = "first",
    exposed_by: ExposedBy = "dispensing",
    future_cases: int = 0,
    seed: int = 0,
    gates: Gates | None = None,
) -> pd.DataFrame:
    """Case-crossover of the cases that a case series reads: an ESTIMATES table, a row per drug.

    ``cases`` (person_id, start, end), ``exposures`` and ``events`` are those of
    ``cohort.case_time``. ``exposed_by`` ``dispensing`` calls a window exposed when a dispensing
    falls in it, so that a window of 30 days holds the events of the 30 days that begin with a
    dispensing; ``supply``, when a day supplied does, which reaches further back. With
    ``future_cases`` above 0, a second row per drug (analysis ``case_time_control``) divides the
    ratio by the trend of exposure among controls that ``future_case_controls`` draws. A drug that
    no case received, or cases without a referent window, make rows without estimate.

    >>> cases = pd.DataFrame({"person_id": [1, 2, 3], "start": 0, "end": 200})
    >>> use = pd.DataFrame({"person_id": [1, 2, 3], "drug": "A", "start": [95, 99, 85]})
    >>> events = pd.DataFrame({"person_id": [1, 2, 3], "day": 100})
    >>> found = case_crossovers(cases, use.assign(end=use["start"] + 9), events, drugs=["A"],
    ...                         outcome="fall", case_window=10, number=1)
    >>> found["estimate"].round(6).tolist()
    [2.0]
    """
    _refuse(drugs, recurrence, exposed_by, future_cases, seed)
    struck = received(events, NAME, "events", keys=["person_id"], days=["day"])
    exposures = received(exposures, NAME, "exposures", texts=["drug"], days=["start", "end"])
    kept = struck.sort_values(["person_id", "day"], ignore_index=True)
    kept = kept.drop_duplicates("person_id") if recurrence == "first" else kept
    used = exposures[exposures["drug"].isin(drugs)]
    used = used.assign(end=used["start"] + 1) if exposed_by == "dispensing" else used
    windows = {"case_window": case_window, "number": number, "washout": washout, "lag": lag}
    absent = [drug for drug in drugs if not (used["drug"] == drug).any()]
    found = []
    for analysis in ("case_crossover", "case_time_control")[: 2 if future_cases else 1]:
        told: dict[str, object] = {"recurrence": recurrence, "exposed_by": exposed_by}
        controls = None
        if analysis == "case_time_control":
            told |= {"future_cases": future_cases, "seed": seed}
            apart = case_window + washout
            controls = future_case_controls(kept, apart=apart, per_case=future_cases, seed=seed)
        none = _nothing_to_compare(kept, controls, cases, windows)
        without = list(drugs) if none else absent
        rows = [estimates(_without(without, outcome, none or "nobody exposed", told), gates=gates)]
        if len(without) < len(drugs):
            rows.append(
                case_crossover(
                    kept,
                    used,
                    cases,
                    outcome=outcome,
                    controls=controls,
                    referents="before",
                    upstream=told,
                    gates=gates,
                    **windows,
                )
            )
        found += [part.assign(analysis=analysis) for part in rows if len(part)]
    return check(pd.concat(found, ignore_index=True), ESTIMATES)


def _nothing_to_compare(
    events: pd.DataFrame,
    controls: pd.DataFrame | None,
    cases: pd.DataFrame,
    windows: Mapping[str, int],
) -> str | None:
    """Why neither cases nor controls can be compared with themselves, if they cannot."""
    for group, reason in ((events, "no referent window"), (controls, "no future case")):
        if group is not None and (
            group.empty or case_crossover_sets(group, cases, referents="before", **windows).empty
        ):
            return reason
    return None


def future_case_controls(
    events: pd.DataFrame, *, apart: int, per_case: int, seed: int
) -> pd.DataFrame:
    """For each event, later cases on its day: person_id, day, as ``case_crossover`` takes controls.

    ``per_case`` are drawn with replacement among the events at least ``apart`` days later, so that
    what led to their own event lies outside the windows; the last events have none. A person drawn
    twice for one day is kept once. The same ``seed`` gives the same controls whatever the order of
    ``events``.

    Source: Wang S, Linkletter C, Maclure M et al. (2011), Epidemiology 22:568-574.

    >>> later = pd.DataFrame({"person_id": [1, 2], "day": [100, 300]})
    >>> future_case_controls(later, apart=60, per_case=1, seed=0).to_numpy().tolist()
    [[2, 100]]
    """
    refuse_counts(NAME, 1, apart=apart, per_case=per_case)
    struck = received(events, NAME, "events", keys=["person_id"], days=["day"])
    ordered = struck.sort_values(["day", "person_id"], ignore_index=True)
    day, person = ordered["day"].to_numpy(np.int64), ordered["person_id"].to_numpy()
    first = np.searchsorted(day, day + apart, side="left")
    has = np.flatnonzero(first < len(day))
    share = np.random.default_rng(seed).random((len(has), per_case))
    chosen = first[has][:, None] + (share * (len(day) - first[has])[:, None]).astype(np.int64)
    drawn = pd.DataFrame(
        {"person_id": person[chosen.ravel()], "day": np.repeat(day[has], per_case)}
    )
    own = drawn.merge(ordered, on="person_id", suffixes=("", "_own"))
    near = own[(own["day_own"] > own["day"] - apart) & (own["day_own"] < own["day"] + apart)]
    free = ~pd.MultiIndex.from_frame(drawn).isin(
        pd.MultiIndex.from_frame(near[["person_id", "day"]])
    )
    return drawn[free].drop_duplicates(ignore_index=True)


def _without(
    drugs: Sequence[str], outcome: str, reason: str, told: dict[str, object]
) -> list[dict[str, object]]:
    made = method("case_crossover", not_estimable=reason, **told)
    names = ("estimate", "ci_low", "ci_high")
    return [
        {
            "analysis": "case_crossover",
            "population": "",
            "comparison": f"{drug} / unexposed",
            "outcome": outcome,
            "measure": "odds_ratio",
            **dict(zip(names, NOTHING, strict=True)),
            "p_value": np.nan,
            "persons": 0,
            "events": 0,
            "person_years": 0.0,
            "method": made,
        }
        for drug in drugs
    ]


def _refuse(
    drugs: Sequence[str], recurrence: str, exposed_by: str, future_cases: int, seed: int
) -> None:
    if isinstance(drugs, str) or not drugs:
        raise EstimationError(
            f"{NAME} : drugs vaut « {drugs} » ; une liste de noms de médicaments est attendue."
        )
    refuse_choices(
        NAME,
        recurrence=(recurrence, get_args(Recurrence)),
        exposed_by=(exposed_by, get_args(ExposedBy)),
    )
    refuse_counts(NAME, 0, future_cases=future_cases, seed=seed)
