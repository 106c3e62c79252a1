"""The same hazard ratio through studylib."""

import sys

import numpy as np

from benchmarks.measured import told
from benchmarks.persons import COVARIATES, persons
from studylib import risk

row = risk.hazard_ratio(
    persons(int(sys.argv[1])), outcome="o", reference="B", covariates=COVARIATES
).iloc[0]
told(round(float(np.log(row["estimate"])), 6))
