"""A weighted Cox hazard ratio with robust limits through studylib."""

import sys

from benchmarks.measured import told
from benchmarks.persons import COVARIATES, persons, weights
from studylib import risk

data = persons(int(sys.argv[1]))
row = risk.hazard_ratio(
    data.assign(weight=weights(data)),
    outcome="o",
    reference="B",
    covariates=COVARIATES,
    weights="weight",
).iloc[0]
told(round(float(row["estimate"]), 5))
