"""People adjusted in every way, from a table that may have a fault."""

import numpy as np
import pandas as pd
from scipy import sparse

from studylib import risk
from studylib.cohort import WideCovariates


def score(data):
    return risk.propensity_score(data, reference="B", formula="age + male")


def weighed(data, method, **choices):
    return risk.adjusted(data, score(data), method=method, **choices)


def compared(data, **choices):
    return risk.comparison(
        data, reference="B", covariates=["age", "male"], stratified_by=["region"], **choices
    )


def wide(data, change=lambda cells: cells, columns=6):
    cells = np.random.default_rng(2).integers(0, 3, (len(data), columns)).astype(float)
    named = pd.DataFrame(
        {"column": range(columns), "domain": "atc", "code": [f"C{k}" for k in range(columns)],
         "persons": 9}
    )  # fmt: skip
    rows = data.get(["person_id"], pd.DataFrame({"person_id": []})).reset_index(drop=True)
    return WideCovariates(sparse.csr_matrix(change(cells)), rows, named)


def lasso(data, change=lambda cells: cells, columns=6, **choices):
    return risk.lasso_propensity_score(
        data, wide(data, change, columns), reference="B", highest_correlation=None,
        **{"seed": 1, "penalties": 6, **choices},
    )  # fmt: skip
