"""Persons with one covariate that leads to treatment, a tenth of them treated."""

import numpy as np
import pandas as pd

from studylib import risk


def scored_persons(number: int) -> tuple[pd.DataFrame, risk.Score]:
    """``number`` persons and their propensity score."""
    draw = np.random.default_rng(1)
    x = draw.normal(size=number)
    treated = draw.random(number) < 1 / (1 + np.exp(2.7 - x))
    people = pd.DataFrame(
        {"person_id": np.arange(number), "arm": np.where(treated, "A", "B"), "x": x}
    )
    return people, risk.propensity_score(people, reference="B", formula="x")
