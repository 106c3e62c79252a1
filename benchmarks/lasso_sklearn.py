"""The same optimum through scikit-learn's saga, to its default tolerance."""

import sys

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from benchmarks.measured import told
from benchmarks.sparse_persons import PENALTY, sparse_persons

people, wide = sparse_persons(int(sys.argv[1]))
cells = (wide.matrix > 0).astype(float)
mean = np.asarray(cells.mean(axis=0)).ravel()
scaled = cells @ sparse.diags(1 / np.sqrt(mean * (1 - mean)))
model = LogisticRegression(l1_ratio=1, solver="saga", C=1 / (PENALTY * len(people)), max_iter=300)
treated = (people["arm"] == "A").to_numpy()
chance = model.fit(scaled.tocsr(), treated).predict_proba(scaled)[:, 1]
told(round(float(chance.std(ddof=1)), 3))
