"""A case series: each case's own time cut where its windows, age, season or calendar change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import get_args

import numpy as np
import pandas as pd

from studylib.errors import EstimationError, refuse_choices
from studylib.risk.received import received
from studylib.risk.self_controlled import cutting, time_effects
from studylib.risk.self_controlled.arrays import Flags, Reals, Spans
from studylib.risk.self_controlled.cutting import Cut, Factor
from studylib.risk.self_controlled.inputs import NAME, Observed, Recurrence, observed
from studylib.risk.self_controlled.likelihood import Patterns
from studylib.risk.self_controlled.time_effects import Effect, Season, Spline, Steps
from studylib.risk.self_controlled.windows import Overlap, Placed, Window, merged, place

Weigh = Callable[[Spans], Reals]
PROBE = "end_of_observation"


@dataclass(frozen=True)
class Design:
    """Every choice that cuts a case's time; ``case_series`` says what each means."""

    windows: tuple[Window, ...]
    overlap: Overlap = "later"
    by_dose: bool = False
    age: Steps | Spline | None = None
    season: Season = "none"
    calendar: Steps | Spline | None = None
    control: Window | None = None
    probe_days: int = 0
    by_month: bool = False
    near_the_end: bool = False


@dataclass(frozen=True)
class CaseSeries:
    """Cases ready to be compared with themselves; see ``self_controlled_case_series``.

    ``counts`` has a row per exposure term, one for the rest (``unexposed``) and one for all
    (``total``): term, persons, events, days. ``flow`` says who was kept. ``terms`` are the columns
    of the design, the first ``exposures`` of them being exposure terms.
    """

    patterns: Patterns
    terms: tuple[str, ...]
    exposures: int
    counts: pd.DataFrame
    flow: pd.DataFrame
    design: Design
    observed: Observed = field(repr=False)
    choices: dict[str, object]
    weigh: Weigh | None = field(default=None, repr=False)


def case_series(
    cases: pd.DataFrame,
    exposures: pd.DataFrame,
    events: pd.DataFrame,
    *,
    windows: Sequence[Window],
    overlap: Overlap = "later",
    by_dose: bool = False,
    age: Steps | Spline | None = None,
    season: Season = "none",
    calendar: Steps | Spline | None = None,
    recurrence: Recurrence = "all",
    naive_period: int = 0,
    period: tuple[int, int] | None = None,
    control: Window | None = None,
) -> CaseSeries:
    """The cases' time cut into risk windows and the rest, for ``self_controlled_case_series``.

    ``cases``: person_id, start, end (observed days, half-open), one row a person, with ``birth``
    when ``age`` enters the model and ``ended_early`` (a flag: observation ended by death or
    departure, not by the study) for the checks of observation. ``exposures``: person_id, drug,
    start, end, and ``dose`` (a level, as text) with ``by_dose``. ``events``: person_id, day.
    Persons without an event, exposures of others and events outside observation play no part.

    ``overlap`` rules on days that windows of one drug share: ``later``, the window of the latest
    exposure holds the day (then the window given last); ``merge``, exposures of that drug and
    dose that overlap or touch are made one first. Windows of different drugs multiply.
    ``age``, ``season`` and ``calendar`` adjust for time. A smooth calendar beside a smooth age is
    left without its slope: within a person both run at the same pace, and only their curves can
    be told apart. ``recurrence`` ``first`` keeps the first event observed. ``naive_period`` takes
    out that many first days, with their events; ``period`` restricts to ``[start, end)``.
    ``control`` keeps, beside the windows, only that window around each exposure: the
    self-controlled risk interval design.

    Nothing is expanded to days: see ``likelihood``. EstimationError says what cannot be analysed.

    Source: Whitaker HJ, Farrington CP, Spiessens B, Musonda P (2006), Stat Med 25:1768-1797.
    """
    seen = observed(
        cases, exposures, events, naive_period=naive_period, period=period, recurrence=recurrence
    )
    design = Design(tuple(windows), overlap, by_dose, age, season, calendar, control)
    _refuse(design)
    choices: dict[str, object] = {
        "overlap": overlap,
        "age": _told(age),
        "age_cut": age.side if isinstance(age, Steps) else None,
        "season": season,
        "calendar": _told(calendar),
        "recurrence": recurrence,
        "naive_period": naive_period,
        "control": "fixed_window" if control else None,
    }
    return assembled(seen, design, choices)


def _refuse(design: Design) -> None:
    refuse_choices(
        NAME,
        overlap=(design.overlap, get_args(Overlap)),
        season=(design.season, get_args(Season)),
    )
    for name, clock in (("age", design.age), ("calendar", design.calendar)):
        if not isinstance(clock, Steps | Spline | None):
            raise EstimationError(
                f"{NAME} : {name} vaut {clock} ; accepté : Steps, Spline ou rien."
            )
    named = [(window.name, window.drug) for window in design.windows]
    twice = [name for name, drug in named if named.count((name, drug)) > 1 or
             (drug is not None and (name, None) in named)]  # fmt: skip
    if not named or twice:
        raise EstimationError(
            f"{NAME} : {f'deux fenêtres « {twice[0]} »' if twice else 'aucune fenêtre'} ; une "
            "fenêtre au moins, et un nom pour chacune."
        )


def _told(chosen: Steps | Spline | None) -> str:
    if chosen is None:
        return "none"
    return "groups" if isinstance(chosen, Steps) else "spline"


def assembled(
    seen: Observed, design: Design, choices: dict[str, object], weigh: Weigh | None = None
) -> CaseSeries:
    """The patterns of ``seen`` under ``design``; ``weigh`` replaces days by other weights."""
    start, end = (seen.cases[name].to_numpy(np.int64) for name in ("start", "end"))
    if not len(start):
        raise EstimationError(f"{NAME} : aucun événement dans le temps observé des cas.")
    own = Spans(np.arange(len(start)), start, end)
    placed = {drug: one.inside(own) for drug, one in _placed(seen, design).items()}
    control = [one.inside(own) for one in _controls(seen, design)]
    effects = _effects(seen, design, own)
    cut = cutting.cut(own, [*placed.values(), *control], effects, design.near_the_end)
    exposed = [_exposure(drug, one, cut) for drug, one in placed.items()]
    timed = [_timed(one, cut) for one in effects]
    kept = np.full(len(cut.keys), design.control is None)
    for one in [*exposed, *(_exposure("control", window, cut) for window in control)]:
        kept |= one.level > 0
    events = seen.events
    at = cut.holding(events["row"].to_numpy(np.int64), events["day"].to_numpy(np.int64))
    kept &= cutting.with_events(timed, at[kept[at]])
    at = at[kept[at]]
    time = (cut.spans.end - cut.spans.start).astype(float) if weigh is None else weigh(cut.spans)
    factors = [*exposed, *timed]
    return CaseSeries(
        cutting.patterns(cut.spans.row, time, kept, at, factors, len(start)),
        tuple(term for factor in factors for term in factor.terms),
        sum(len(factor.terms) for factor in exposed),
        cutting.counts(exposed, cut.spans, kept, at),
        seen.flow,
        design,
        seen,
        choices,
        weigh,
    )


def _placed(seen: Observed, design: Design) -> dict[str, Placed]:
    """The windows of each drug, and the probe of the end of observation."""
    exposures = seen.exposures
    if design.by_dose:
        exposures = received(exposures, NAME, "exposures", texts=["dose"])
    eras = exposures if design.by_dose else exposures.assign(dose="")
    found = {}
    for drug, of_drug in eras.groupby("drug", sort=True):
        windows = [one for one in design.windows if one.drug in (None, drug)]
        joined = merged(of_drug, ["row", "dose"]) if design.overlap == "merge" else of_drug
        if windows:
            found[str(drug)] = place(joined, windows, str(drug))
    if design.probe_days:
        row = np.flatnonzero(ended_early(seen))
        end = seen.cases["end"].to_numpy(np.int64)[row]
        last = Spans(row, end - design.probe_days, end)
        found[PROBE] = Placed(last, np.zeros(len(row), np.int64), (PROBE,))
    return found


def ended_early(seen: Observed) -> Flags:
    """Whose observation death or departure cut short; everybody where the cases do not say."""
    if "ended_early" not in seen.cases:
        return np.ones(len(seen.cases), bool)
    cases = received(seen.cases, NAME, "cases", flags=["ended_early"])
    return cases["ended_early"].to_numpy(bool)


def _controls(seen: Observed, design: Design) -> list[Placed]:
    """The fixed control windows of a self-controlled risk interval design."""
    if design.control is None:
        return []
    window = replace(design.control, drug=None)
    eras = seen.exposures.assign(dose="")
    return [place(of_drug, [window], str(drug)) for drug, of_drug in eras.groupby("drug")]


def _effects(seen: Observed, design: Design, own: Spans) -> list[Effect]:
    """Age, season and calendar time, those that enter the model."""
    found: list[Effect] = []
    zero = np.zeros(len(own.row), np.int64)
    if design.age is not None:
        birth = received(seen.cases, NAME, "cases", days=["birth"])["birth"].to_numpy(np.int64)
        found.append(time_effects.effect("age", design.age, birth, own, seen.events))
    if design.season != "none":
        span = (int(own.start.min()), int(own.end.max()))
        found.append(time_effects.season(design.season, len(own.row), span))
    if design.calendar is not None:
        slope = not isinstance(design.age, Spline)  # the same straight line within a person
        calendar = time_effects.effect(
            "calendar", design.calendar, zero, own, seen.events, slope=slope
        )
        found.append(calendar)
    if design.by_month:
        found.append(time_effects.months(len(own.row), (int(own.start.min()), int(own.end.max()))))
    return found


def _exposure(drug: str, one: Placed, cut: Cut) -> Factor:
    eye = np.eye(len(one.terms) + 1)[:, 1:]
    return Factor(drug, cut.painted(one), eye, one.terms, True)


def _timed(effect: Effect, cut: Cut) -> Factor:
    level = effect.level_at(cut.spans.row, cut.spans.start)
    return Factor(effect.name, level, effect.design, effect.terms, effect.grouped)
