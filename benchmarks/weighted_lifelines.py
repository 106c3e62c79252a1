"""The same weighted hazard ratio with robust limits through lifelines: time grows as its square."""

import sys
import warnings

import numpy as np
from lifelines import CoxPHFitter

from benchmarks.measured import told
from benchmarks.persons import COVARIATES, persons, weights

data = persons(int(sys.argv[1]))
model = data[COVARIATES].assign(
    time=data["exit"] - data["entry"],
    event=data["event"],
    treated=data["arm"] == "A",
    weight=weights(data),
)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    fitted = CoxPHFitter().fit(
        model.astype(float), "time", "event", weights_col="weight", robust=True
    )
told(round(float(np.exp(fitted.params_["treated"])), 5))
