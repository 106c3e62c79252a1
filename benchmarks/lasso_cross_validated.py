"""The L1 propensity score with its penalty chosen by five-fold cross-validation."""

import sys

from benchmarks.measured import told
from benchmarks.sparse_persons import sparse_persons
from studylib import risk

people, wide = sparse_persons(int(sys.argv[1]))
score = risk.lasso_propensity_score(people, wide, reference="B", seed=1)
told(round(float(score.probabilities["A"].std()), 3))
