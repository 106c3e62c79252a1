"""Coverage of hazard ratios, rates, cumulative incidences and mean times."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import pandas as pd
from scipy import integrate, optimize

from studylib.risk.comparing import comparison
from studylib.risk.cox import hazard_ratio
from studylib.risk.incidence import incidence_rate
from studylib.risk.time_to_event import (
    cumulative_incidence,
    mean_time_difference,
    risk_difference,
    subdistribution_hazard_ratio,
)
from studylib.risk.validation.coverage import covered

PERSONS, HORIZON = 600, 365
RATE, DEATHS = 0.001, 0.0006  # a day, in the reference arm
DAY = 300
FRAIL, FRAILER = 0.3, 2.5
"""The share of frail persons, and how many times more outcomes they have."""
TREATED_FRAIL, TREATED = 0.3, 0.6
"""The shares of arm A among the frail and the others, where the confounder confounds."""


def simulate(seed: int, effect: float, *, confounded: bool) -> pd.DataFrame:
    """Follow-up whose hazard ratio is ``effect`` given a confounder; a death competes.

    Exponential hazards; ``FRAIL`` of the persons are frail: more outcomes, and less of arm A where
    ``confounded``. Times are kept as they are drawn.
    """
    draw = np.random.default_rng(seed)
    frail = draw.random(PERSONS) < FRAIL
    treated = draw.random(PERSONS) < np.where(frail & confounded, TREATED_FRAIL, TREATED)
    hazard = RATE * np.where(frail, FRAILER, 1.0) ** confounded * np.where(treated, effect, 1.0)
    outcome, death = draw.exponential(1 / hazard), draw.exponential(1 / DEATHS, PERSONS)
    time = np.minimum(np.minimum(outcome, death), HORIZON)
    reason = np.where(
        outcome <= time, "outcome", np.where(death <= time, "death", "end_of_follow_up")
    )
    return pd.DataFrame(
        {
            "person_id": np.arange(PERSONS),
            "arm": np.where(treated, "A", "B"),
            "entry": 0.0,
            "exit": time,
            "event": reason == "outcome",
            "exit_reason": reason,
            "frail": frail.astype(float),
        }
    )


def marginal_hazard_ratio(effect: float, *, frail: float, treated: float) -> float:
    """What a weighted Cox model tends to where the ratio given frailty is ``effect``.

    In the population that weights represent, a share ``frail`` of both arms is frail, and a share
    ``treated`` of everybody is in arm A. The limit is the zero of the expected score (Struthers and
    Kalbfleisch, 1986); it is nearer to 1 than ``effect``, for the frail leave sooner.

    >>> [round(marginal_hazard_ratio(0.6, frail=share, treated=0.5), 3) for share in (0.3, 0.0)]
    [0.612, 0.6]
    """
    hazards = RATE * np.array([FRAILER, 1.0])
    shares = np.array([frail, 1 - frail])

    def score(beta: float, day: float) -> float:
        events, at_risk = [], []
        for ratio, share in ((effect, treated), (1.0, 1 - treated)):
            left = share * shares * np.exp(-(ratio * hazards + DEATHS) * day)
            at_risk.append(left.sum())
            events.append((left * ratio * hazards).sum())
        expected = at_risk[0] * np.exp(beta) / (at_risk[0] * np.exp(beta) + at_risk[1])
        return float(events[0] - sum(events) * expected)

    def total(beta: float) -> float:
        return float(integrate.quad(lambda day: score(beta, day), 0, HORIZON)[0])

    return float(np.exp(optimize.brentq(total, -3, 3, xtol=1e-10)))


def incidence_by(day: float, hazard: float) -> float:
    """The probability of the outcome by ``day`` under a constant hazard, death competing."""
    both = hazard + DEATHS
    return hazard / both * float(1 - np.exp(-both * day))


def mean_time_by(day: float, hazard: float) -> float:
    """The mean time free of outcome and death until ``day``."""
    both = hazard + DEATHS
    return float(1 - np.exp(-both * day)) / both


def simulate_subdistribution(seed: int, effect: float) -> pd.DataFrame:
    """Persons whose subdistribution hazards are proportional (Fine and Gray, 1999, section 4)."""
    draw = np.random.default_rng(seed)
    treated = draw.random(PERSONS) < 0.5
    factor = np.where(treated, effect, 1.0)
    first = draw.random(PERSONS) < 1 - 0.5**factor
    inside = (1 - draw.random(PERSONS) * (1 - 0.5**factor)) ** (1 / factor)
    time = np.where(
        first, -np.log(1 - (1 - inside) / 0.5), draw.exponential(1 / np.where(treated, 1.5, 1.0))
    )
    end = draw.uniform(0.2, 3, PERSONS)
    reason = np.where(time <= end, np.where(first, "outcome", "death"), "end_of_follow_up")
    return pd.DataFrame(
        {
            "person_id": np.arange(PERSONS),
            "arm": np.where(treated, "A", "B"),
            "entry": 0,
            "exit": np.ceil(1000 * np.minimum(time, end)).astype(int),
            "event": reason == "outcome",
            "exit_reason": reason,
        }
    )


Found = Mapping[str, pd.DataFrame]
WAYS = ("iptw", "overlap", "matching")


def represented(way: str) -> dict[str, float]:
    """Whom the weights of ``way`` represent: the share of frail persons, and that of arm A.

    With a confounder of two values: everybody for IPTW; e (1 - e) persons for overlap weights; as
    many pairs as the smaller arm of each value has persons for one-to-one matching.
    """
    chances, shares = np.array([TREATED_FRAIL, TREATED]), np.array([FRAIL, 1 - FRAIL])
    if way == "iptw":
        return {"frail": FRAIL, "treated": float(chances @ shares)}
    kept = chances * (1 - chances) if way == "overlap" else np.minimum(chances, 1 - chances)
    return {"frail": float(kept[0] * shares[0] / (kept @ shares)), "treated": 0.5}


def _confounded(seed: int, effect: float) -> Found:
    people = simulate(seed, effect, confounded=True)
    found = {
        "cox, regression": hazard_ratio(
            people, outcome="o", reference="B", covariates=["frail"], fewest_carriers=1
        )
    }
    for way in WAYS:
        made = comparison(people, reference="B", covariates=["frail"], adjustment=way)
        found[f"cox, {way}"] = made.hazard_ratio(outcome="o")
    return found


def _unconfounded(seed: int, effect: float) -> Found:
    people = simulate(seed, effect, confounded=False)
    curve = cumulative_incidence(people, days=[DAY]).set_index("arm")
    return {
        "cox, crude": hazard_ratio(people, outcome="o", reference="B"),
        "cox, crude, profile likelihood": hazard_ratio(
            people, outcome="o", reference="B", interval="profile"
        ),
        "incidence_rate, garwood": incidence_rate(people, outcome="o").iloc[[0]],
        "aalen_johansen": curve.loc[["A"]],
        "risk_difference": risk_difference(people, outcome="o", reference="B", day=DAY).iloc[[0]],
        "mean_time_difference": mean_time_difference(people, outcome="o", reference="B", day=DAY),
    }


def _subdistribution(seed: int, effect: float) -> Found:
    people = simulate_subdistribution(seed, effect)
    return {"fine_gray": subdistribution_hazard_ratio(people, outcome="o", reference="B")}


def truths(effect: float) -> dict[str, float]:
    """The truth of each estimator where the hazard ratio is ``effect``."""
    hazard = RATE * effect
    weighted = {f"cox, {way}": marginal_hazard_ratio(effect, **represented(way)) for way in WAYS}
    return {
        **weighted,
        "incidence_rate, garwood": hazard * 365.25 * 1000,
        "aalen_johansen": incidence_by(DAY, hazard),
        "risk_difference": incidence_by(DAY, hazard) - incidence_by(DAY, RATE),
        "mean_time_difference": mean_time_by(DAY, hazard) - mean_time_by(DAY, RATE),
    }


_WAYS: tuple[Callable[[int, float], Found], ...] = (_confounded, _unconfounded, _subdistribution)


def coverage_of_time_to_event(*, seeds: Iterable[int], effect: float) -> pd.DataFrame:
    """Coverage of each time-to-event estimator, ``effect`` a hazard ratio: COVERAGE rows."""
    found: dict[str, list[pd.DataFrame]] = {}
    for seed in seeds:
        for way in _WAYS:
            for name, rows in way(seed, effect).items():
                found.setdefault(name, []).append(rows)
    known, scenario = truths(effect), "null" if effect == 1 else "effect"
    return pd.concat(
        [
            covered(name, scenario, known.get(name, effect), pd.concat(r))
            for name, r in found.items()
        ],
        ignore_index=True,
    )
