"""The same greedy matching by asking scikit-learn's neighbours, more of them until one is free."""

import sys

import numpy as np
from sklearn.neighbors import NearestNeighbors

from benchmarks.measured import told
from benchmarks.scored_persons import scored_persons

people, score = scored_persons(int(sys.argv[1]))
chance = score.probabilities["A"].to_numpy()
logit = np.log(chance / (1 - chance))
logit /= logit.std(ddof=1)
treated = (people["arm"] == "A").to_numpy()
ids, value, pool = np.flatnonzero(treated), logit[treated], np.flatnonzero(~treated)
order = np.lexsort((ids, -value))
tree = NearestNeighbors().fit(logit[pool][:, None])
wanted = 32
near = tree.kneighbors(value[:, None], wanted)
free = np.ones(len(pool), bool)
pairs, total = 0, 0.0
for person in order:
    distances, found = near[0][person], near[1][person]
    asked = wanted
    while not free[found].any() and distances[-1] <= 0.2 and asked < len(pool):
        asked = min(asked * 4, len(pool))
        again = tree.kneighbors(value[person].reshape(1, 1), asked)
        distances, found = again[0][0], again[1][0]
    open_ = np.flatnonzero(free[found])
    if len(open_) and distances[open_[0]] <= 0.2:
        free[found[open_[0]]] = False
        pairs, total = pairs + 1, total + distances[open_[0]]
told((pairs, round(float(total), 3)))
