"""Cox hazard ratio through lifelines alone, on simulated persons."""

import sys

from lifelines import CoxPHFitter

from benchmarks.measured import told
from benchmarks.persons import COVARIATES, persons

data = persons(int(sys.argv[1]))
model = data[COVARIATES].assign(
    time=data["exit"] - data["entry"], event=data["event"], treated=data["arm"] == "A"
)
told(round(float(CoxPHFitter().fit(model.astype(float), "time", "event").params_["treated"]), 6))
