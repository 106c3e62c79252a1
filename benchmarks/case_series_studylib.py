"""A self-controlled case series with age groups and season, from cases to ratios."""

import sys

import numpy as np
import pandas as pd

from benchmarks.measured import told
from studylib.risk import self_controlled as sccs

count, draw = int(sys.argv[1]), np.random.default_rng(1)
EXPOSED, YEAR = 3, 365.25
start = draw.integers(14_000, 15_000, count)
end = start + draw.integers(1000, 2200, count)
row = np.repeat(np.arange(count), EXPOSED)
first = start[row] + (draw.random(len(row)) * (end - start)[row]).astype(int)
cases = pd.DataFrame(
    {
        "person_id": np.arange(count),
        "start": start,
        "end": end,
        "birth": start - draw.integers(0, 80 * 365, count),
    }
)
use = pd.DataFrame(
    {
        "person_id": row,
        "drug": "A",
        "start": first,
        "end": first + draw.integers(5, 60, len(row)),
    }
)
day = start + (draw.random(count) * (end - start)).astype(int)
series = sccs.case_series(
    cases,
    use,
    pd.DataFrame({"person_id": np.arange(count), "day": day}),
    windows=[
        sccs.Window("pre_exposure", -30, -1, last_from="start"),
        sccs.Window("exposed", 0, 30),
    ],
    age=sccs.Steps(tuple(round(years * YEAR) for years in range(10, 80, 10))),
    season="months",
)
ratios = sccs.self_controlled_case_series(series, outcome="o")
told([round(float(value), 5) for value in ratios["estimate"]])
