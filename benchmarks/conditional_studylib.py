"""Conditional logistic regression of sets of five, ten covariates."""

import sys

import numpy as np

from benchmarks.measured import told
from studylib.risk.conditional_logistic import fit_conditional_logistic

sets, draw = int(sys.argv[1]), np.random.default_rng(1)
x = draw.normal(size=(sets, 5, 10))
chance = np.exp(x @ np.linspace(-0.5, 0.5, 10)).cumsum(axis=1)
case = np.zeros((sets, 5), bool)
case[np.arange(sets), (chance < draw.random((sets, 1)) * chance[:, -1:]).sum(axis=1)] = True
fit = fit_conditional_logistic(x.reshape(-1, 10), case.ravel(), np.repeat(np.arange(sets), 5))
told([round(float(value), 5) for value in fit.coefficients])
