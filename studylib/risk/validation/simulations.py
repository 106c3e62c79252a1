"""Every coverage simulation of the dossier, null and effect, in one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from studylib.errors import EstimationError
from studylib.risk.validation.calibrated import coverage_of_calibrated
from studylib.risk.validation.case_crossover import coverage_of_case_crossover
from studylib.risk.validation.confounded import coverage_of_confounded
from studylib.risk.validation.nested_case_control import coverage_of_nested_case_control
from studylib.risk.validation.pooled import coverage_of_pooled
from studylib.risk.validation.schemas import COVERAGE
from studylib.risk.validation.self_controlled import coverage_of_self_controlled_case_series
from studylib.risk.validation.sequence_symmetry import coverage_of_sequence_symmetry
from studylib.risk.validation.time_to_event import coverage_of_time_to_event
from studylib.tables import CheckResult, check

Simulation = Callable[..., pd.DataFrame]

SIMULATIONS: Mapping[str, tuple[Simulation, float, float]] = {
    "time_to_event": (coverage_of_time_to_event, 1.0, 0.6),
    "confounded": (coverage_of_confounded, 0.0, 0.5),
    "self_controlled": (coverage_of_self_controlled_case_series, 1.0, 2.0),
    "sequence_symmetry": (coverage_of_sequence_symmetry, 1.0, 1.8),
    "case_crossover": (coverage_of_case_crossover, 1.0, 2.0),
    "nested_case_control": (coverage_of_nested_case_control, 1.0, 2.0),
    "pooled": (coverage_of_pooled, 1.0, 1.5),
    "calibrated": (coverage_of_calibrated, 1.0, 2.0),
}
"""Each family with the effects it is simulated at: none, then one."""


def coverage(
    replicates: int, *, seed: int = 0, families: Sequence[str] = tuple(SIMULATIONS)
) -> pd.DataFrame:
    """How often each interval holds its truth over ``replicates`` seeded data sets: COVERAGE.

    Two rows per estimator, null and effect. Seeds are ``seed`` and those that follow.
    """
    unknown = [name for name in families if name not in SIMULATIONS]
    if unknown or replicates < 20:
        raise EstimationError(
            f"Simulations : {replicates} répétitions de {', '.join(unknown) or 'toutes'} ; 20 au "
            f"moins, parmi {', '.join(SIMULATIONS)}."
        )
    seeds = range(seed, seed + replicates)
    rows = [
        simulation(seeds=seeds, effect=effect)
        for name in families
        for simulation, *effects in [SIMULATIONS[name]]
        for effect in effects
    ]
    return check(pd.concat(rows, ignore_index=True), COVERAGE)


def check_coverage(table: pd.DataFrame) -> CheckResult:
    """Whether every interval of a COVERAGE table covers from 93 to 97 %, Monte Carlo error apart.

    With few replicates a share strays by chance: three of its errors are allowed for, two points
    with 1,000 replicates. What is shown to fail on purpose (« without … ») is not judged.
    """
    judged = table[~table["estimator"].str.startswith("without ")]
    wrong = judged[~judged["within"]]
    text = (
        f"les {len(judged)} intervalles simulés contiennent la vérité de 93 à 97 % du temps, à "
        "l'erreur de simulation près."
        if wrong.empty
        else f"{len(wrong)} intervalle(s) sur {len(judged)} hors de 93 à 97 % : voir le tableau."
    )
    return CheckResult("Couverture des intervalles", wrong.empty, table, text)
