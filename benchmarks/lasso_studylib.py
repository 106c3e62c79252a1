"""L1 propensity score over 5,000 sparse columns at one penalty, through studylib."""

import sys

from benchmarks.measured import told
from benchmarks.sparse_persons import PENALTY, sparse_persons
from studylib import risk

people, wide = sparse_persons(int(sys.argv[1]))
score = risk.lasso_propensity_score(people, wide, reference="B", penalty=PENALTY)
told(round(float(score.probabilities["A"].std()), 3))
