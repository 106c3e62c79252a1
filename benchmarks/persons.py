"""Persons with whole-day times for estimation benchmarks."""

import numpy as np
import pandas as pd

COVARIATES = [f"x{i}" for i in range(10)]


def persons(number: int) -> pd.DataFrame:
    """Follow-up of ``number`` persons with ten covariates, about 38 % of them with the outcome."""
    draw = np.random.default_rng(1)
    covariates = pd.DataFrame(draw.normal(size=(number, len(COVARIATES))), columns=COVARIATES)
    treated = draw.random(number) < 0.5
    hazard = 0.0005 * np.exp(0.3 * covariates.sum(axis=1) / 3 - 0.3 * treated)
    time = np.minimum(np.ceil(draw.exponential(1 / hazard)), 1095).astype(int)
    event = time < 1095
    return covariates.assign(
        person_id=np.arange(number),
        arm=np.where(treated, "A", "B"),
        entry=0,
        exit=time,
        event=event,
        exit_reason=np.where(event, "outcome", "end_of_follow_up"),
    )


def weights(data: pd.DataFrame) -> np.ndarray:
    """A weight a person, between one and two."""
    return 1 + np.random.default_rng(len(data)).random(len(data))
