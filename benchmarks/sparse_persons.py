"""Persons with thousands of sparse codes, for the benchmarks of propensity scores."""

import numpy as np
import pandas as pd
from scipy import sparse

from studylib.cohort import WideCovariates

CODES = 5_000
PENALTY = 0.003


def sparse_persons(number: int) -> tuple[pd.DataFrame, WideCovariates]:
    """``number`` persons by 5,000 codes, about 30 each, some of which lead to the treatment."""
    draw = np.random.default_rng(1)
    share = np.clip(np.exp(draw.normal(-5.9, 1.2, CODES)), 0.001, 0.3)
    who = [draw.integers(0, number, draw.binomial(number, p)) for p in share]
    column = np.repeat(np.arange(CODES), [len(one) for one in who])
    rows = np.concatenate(who)
    matrix = sparse.csr_matrix((np.ones(len(rows)), (rows, column)), shape=(number, CODES))
    effect = np.where(draw.random(CODES) < 0.04, draw.normal(0, 0.5, CODES), 0.0)
    lean = (matrix > 0) @ effect
    treated = draw.random(number) < 1 / (1 + np.exp(1 - lean + lean.mean()))
    people = pd.DataFrame({"person_id": np.arange(number), "arm": np.where(treated, "A", "B")})
    columns = pd.DataFrame(
        {
            "column": np.arange(CODES),
            "domain": "ATC/7",
            "code": [f"c{i}" for i in range(CODES)],
            "persons": np.asarray((matrix > 0).sum(axis=0)).ravel(),
        }
    )
    return people, WideCovariates(matrix, people[["person_id"]], columns)
