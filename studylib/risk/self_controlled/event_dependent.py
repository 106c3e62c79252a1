"""The case series when the event itself may end the observation (Farrington et al., 2011)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy import optimize, special, stats

from studylib.errors import EstimationError, refuse_choices
from studylib.risk.received import received
from studylib.risk.self_controlled.arrays import Reals, Spans
from studylib.risk.self_controlled.case_series import CaseSeries, assembled
from studylib.risk.self_controlled.inputs import NAME

EndModel = Literal[
    "exponential_weibull_age",
    "exponential_weibull_interval",
    "exponential_gamma_age",
    "exponential_gamma_interval",
]
MODELS: tuple[EndModel, ...] = (
    "exponential_weibull_age",
    "exponential_weibull_interval",
    "exponential_gamma_age",
    "exponential_gamma_interval",
)
YEAR = 365.25
LOWEST, HIGHEST = (-15.0, -5.0, -3.0, -4.0, -4.0), (15.0, 5.0, 7.0, 5.0, 8.0)
"""Bounds of the parameters of a law, in the order of ``_log_law``."""
POINTS, WEIGHTS = np.polynomial.legendre.leggauss(4)


@dataclass(frozen=True)
class EndOfObservation:
    """A fitted law of the time from event to end of observation: model, parameters, AIC."""

    model: EndModel
    parameters: Reals
    aic: float

    def log_weight(self, age: Reals, gap: Reals, early: np.ndarray) -> Reals:
        """Log density of ending ``gap`` years after an event at ``age``, or of lasting longer."""
        return _log_law(self.model, self.parameters, age, gap, early)


def event_dependent_observation(
    series: CaseSeries, *, model: EndModel | Literal["lowest_aic"] = "lowest_aic"
) -> CaseSeries:
    """The series with each day weighted by the chance of the observed end, had the event been then.

    The time from event to end of observation is modelled as a mixture: a share of cases, logistic
    in age, ends soon after the event (exponential), the others as persons do (Weibull or gamma law
    of age, or of the interval). Days before an early end then count for what such an end would be
    likely after them. ``lowest_aic`` takes the best fitting of the four. The weights are then
    treated as known. Where no observation ends early the series comes back as it is. Needs
    ``birth`` and ``ended_early`` in the cases and one event a case (``recurrence="first"``);
    EstimationError otherwise.

    Source: Farrington CP, Anaya-Izquierdo K, Whitaker HJ, Hocine MN, Douglas I, Smeeth L (2011),
    J Am Stat Assoc 106:417-426. The laws follow its idea; their parameters are written afresh.
    """
    refuse_choices(NAME, model=(model, (*MODELS, "lowest_aic")))
    events = series.observed.events
    cases = received(series.observed.cases, NAME, "cases", days=["birth"], flags=["ended_early"])
    if events["row"].duplicated().any():
        raise EstimationError(
            f"{NAME} : l'observation dépendante de l'événement demande un seul événement par cas ; "
            "choisir « recurrence » : « first »."
        )
    if not cases["ended_early"].any():
        return replace(series, choices={**series.choices, "observation_end": "no_early_end"})
    birth, end = (cases[name].to_numpy(float) for name in ("birth", "end"))
    early = cases["ended_early"].to_numpy(bool)
    row, day = events["row"].to_numpy(np.int64), events["day"].to_numpy(float) + 0.5
    age, gap = (day - birth[row]) / YEAR, (end[row] - day) / YEAR
    if (age < 0).any():
        raise EstimationError(f"{NAME} : des cas naissent après leur événement ; vérifier birth.")
    tried = MODELS if model == "lowest_aic" else (model,)
    law = min((_fitted(one, age, gap, early[row]) for one in tried), key=lambda one: one.aic)

    def weigh(spans: Spans) -> Reals:
        return _weights(law, spans, birth, end, early)

    design = replace(series.design, near_the_end=True)
    choices = {**series.choices, "observation_end": law.model}
    return assembled(series.observed, design, choices, weigh)


def _fitted(model: EndModel, age: Reals, gap: Reals, early: np.ndarray) -> EndOfObservation:
    """The law by maximum likelihood."""

    def loss(parameters: Reals) -> float:
        value = _log_law(model, parameters, age, gap, early).sum()
        return float(-value / len(age)) if np.isfinite(value) else 1e6

    late = np.log(max(float(np.mean(age if model.endswith("age") else gap)) * 2, 0.1))
    start = np.array([-1.0, 0.0, np.log(10.0), 0.5, late])
    found = optimize.minimize(loss, start, method="Nelder-Mead", options={"maxiter": 600})
    found = optimize.minimize(loss, found.x, method="BFGS", options={"maxiter": 60})
    aic = 2 * found.fun * len(age) + 2 * len(start)
    return EndOfObservation(model, np.asarray(found.x), float(aic))


def _log_law(
    model: EndModel, parameters: Reals, age: Reals, gap: Reals, early: np.ndarray
) -> Reals:
    """Log density where the end is early, log survival elsewhere; years.

    Parameters: the soon-ending share at 60 and its slope by ten years (logit), the log rate of the
    soon-ending, the log shape and the log scale of the others.
    """
    share, slope, rate, shape, scale = np.clip(parameters, LOWEST, HIGHEST)
    logit = share + slope * (age - 60) / 10
    fast = np.exp(rate)
    soon = np.where(early, rate, 0.0) - fast * gap
    law = _weibull if "weibull" in model else _gamma
    log_density, log_survival = law(np.exp(shape), np.exp(scale))
    if model.endswith("age"):
        at = age + gap
        later = np.where(early, log_density(at), log_survival(at)) - log_survival(age)
    else:
        later = np.where(early, log_density(gap), log_survival(gap))
    return np.asarray(
        np.logaddexp(special.log_expit(logit) + soon, special.log_expit(-logit) + later), float
    )


Law = tuple[Callable[[Reals], Reals], Callable[[Reals], Reals]]


def _weibull(shape: float, scale: float) -> Law:
    def hazard(time: Reals) -> Reals:
        log = shape * np.log(np.maximum(time, 1e-9) / scale)
        return np.asarray(np.exp(np.minimum(log, 600.0)), float)

    def survival(time: Reals) -> Reals:
        return -hazard(time)

    def density(time: Reals) -> Reals:
        log = np.log(shape / scale) + (shape - 1) * np.log(np.maximum(time, 1e-9) / scale)
        return np.asarray(log - hazard(time), float)

    return density, survival


def _gamma(shape: float, scale: float) -> Law:
    frozen = stats.gamma(shape, scale=scale / shape)
    return (lambda time: frozen.logpdf(np.maximum(time, 1e-9))), (
        lambda time: np.maximum(frozen.logsf(time), -700.0)
    )


def _weights(
    law: EndOfObservation, spans: Spans, birth: Reals, end: Reals, early: np.ndarray
) -> Reals:
    """The weight summed over the days of each stretch, by Gauss-Legendre quadrature."""
    row = spans.row
    half = (spans.end - spans.start) / 2
    logs = np.stack(
        [
            law.log_weight(
                (spans.start + half * (1 + point) - birth[row]) / YEAR,
                (end[row] - spans.start - half * (1 + point)) / YEAR,
                early[row],
            )
            for point in POINTS
        ]
    )
    top = np.full(len(birth), -np.inf)
    np.maximum.at(top, row, logs.max(axis=0))
    return np.asarray(half * (WEIGHTS @ np.exp(logs - top[row])), float)
