"""Controls whose effect is known, because it was put there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from sklearn.linear_model import PoissonRegressor

from studylib.errors import EstimationError, refuse_counts
from studylib.risk.received import received
from studylib.risk.rows import against

NAME = "Témoin positif"
RATIOS = (1.5, 2.0, 4.0)
LARGEST = 100
"""A ratio beyond which nobody is left without an outcome to add."""


def inject(
    follow_up: pd.DataFrame,
    *,
    ratio: float,
    arm: str,
    reference: str,
    covariates: Sequence[str] = (),
    seed: int,
    fewest_events: int = 25,
    penalty: float = 0.01,
) -> pd.DataFrame:
    """The follow-up of a negative control with outcomes added in ``arm``, to reach ``ratio``.

    What was a rate ratio of 1 becomes ``ratio``. Added outcomes fall where the outcome is likely:
    a Poisson model of it on ``covariates`` (``penalty`` on standardised coefficients), scaled to
    the arm's own outcomes, gives each person's rate, and (ratio - 1) times it is added. Measured
    confounding is thus kept; what no covariate sees is not, so controls made so are optimistic. The
    first of added and observed outcome ends follow-up. EstimationError when the arm has fewer than
    ``fewest_events`` outcomes to learn from, when covariates tell the outcome itself, or for a
    ratio below 1.

    Reference
    ---------
    Schuemie MJ, Hripcsak G, Ryan PB, Madigan D, Suchard MA (2018), PNAS 115:2571-2577.
    """
    if not 1 <= ratio <= LARGEST:
        raise EstimationError(f"{NAME} : rapport {ratio} ; attendu de 1 à {LARGEST}.")
    if arm not in against(follow_up, reference):
        raise EstimationError(f"{NAME} : « {arm} » n'est pas un groupe comparé à « {reference} ».")
    refuse_counts(NAME, 1, fewest_events=fewest_events)
    read = received(
        follow_up, NAME, "suivi", days=["entry", "exit"], flags=["event"], numbers=covariates
    )
    exposed = (read["arm"] == arm).to_numpy()
    observed = int(read.loc[exposed, "event"].sum())
    if observed < fewest_events:
        raise EstimationError(
            f"{NAME} : {observed} événement(s) dans le groupe « {arm} » ; il en faut "
            f"{fewest_events} pour y apprendre où en ajouter."
        )
    days = (read["exit"] - read["entry"]).to_numpy(float)
    rate = _expected_rate(read, covariates, days, penalty)
    rate *= observed / (rate * days)[exposed].sum()
    added = np.full(len(follow_up), np.inf)
    waits = np.random.default_rng(seed).exponential(size=len(follow_up))
    if ratio > 1:
        added[exposed] = np.floor(waits[exposed] / ((ratio - 1) * rate[exposed])) + 1
    # an added outcome on the very day of the observed one changes nothing
    sooner = added < np.where(read["event"], days, days + 0.5)
    exits = np.where(sooner, read["entry"].to_numpy() + added, read["exit"].to_numpy())
    changed = follow_up.assign(
        exit=pd.Series(exits, index=follow_up.index).astype(follow_up["exit"].dtype),
        event=read["event"].to_numpy() | sooner,
    )
    if "exit_reason" in changed:
        changed["exit_reason"] = follow_up["exit_reason"].mask(sooner, "outcome")
    return changed


def injected_controls(
    follow_ups: Mapping[str, pd.DataFrame],
    *,
    arm: str,
    reference: str,
    ratios: Sequence[float] = RATIOS,
    covariates: Sequence[str] = (),
    seed: int,
    fewest_events: int = 25,
) -> dict[tuple[str, float], pd.DataFrame]:
    """Positive controls of each negative control and ratio, by (control, ratio).

    Controls with fewer than ``fewest_events`` outcomes in the arm are left out. Each has a seed of
    its own, drawn from ``seed`` and its place.
    """
    made: dict[tuple[str, float], pd.DataFrame] = {}
    for place, (name, follow_up) in enumerate(follow_ups.items()):
        against(follow_up, reference)
        if follow_up.loc[follow_up["arm"] == arm, "event"].to_numpy(bool).sum() < fewest_events:
            continue
        for step, ratio in enumerate(ratios):
            own = np.random.SeedSequence([seed, place, step]).generate_state(1)[0]
            made[name, ratio] = inject(
                follow_up,
                ratio=ratio,
                arm=arm,
                reference=reference,
                covariates=covariates,
                seed=int(own),
                fewest_events=fewest_events,
            )
    return made


def _expected_rate(
    follow_up: pd.DataFrame, covariates: Sequence[str], days: np.ndarray, penalty: float
) -> np.ndarray:
    """Outcomes per day that each person's covariates let expect, arms ignored: no effect is."""
    outcomes = follow_up["event"].to_numpy(float)
    if not covariates:
        return np.full(len(days), outcomes.sum() / days.sum())
    if not 0 <= penalty < np.inf:
        raise EstimationError(f"{NAME} : penalty vaut {penalty} ; un nombre positif ou nul.")
    named = list(covariates)
    values = follow_up[named].to_numpy(float)
    values = values / np.maximum(np.abs(values).max(axis=0), np.finfo(float).tiny)
    spread = values.std(axis=0)
    values = (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1)
    # the mean rate is near zero: in its own unit, the solver's tolerance means something
    unit = days.sum() / outcomes.sum()
    model = PoissonRegressor(alpha=penalty, max_iter=500, tol=1e-6)
    model.fit(values, outcomes / days * unit, sample_weight=days)
    rate = np.asarray(model.predict(values) / unit)
    # without a person of each kind there is nothing to separate
    if 0 < outcomes.sum() < len(outcomes) and rate[outcomes > 0].min() > rate[outcomes == 0].max():
        raise EstimationError(
            f"{NAME} : {', '.join(named)} séparent ceux qui ont l'événement des autres ; une "
            "covariable qui le contient n'en est pas une."
        )
    return rate
