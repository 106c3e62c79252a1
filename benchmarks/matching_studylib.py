"""Nearest-neighbour matching without replacement through studylib."""

import sys

from benchmarks.measured import told
from benchmarks.scored_persons import scored_persons
from studylib import risk

people, score = scored_persons(int(sys.argv[1]))
sets = risk.match_sets(score)
told((len(sets) // 2, round(float(sets["distance"].sum()), 3)))
