"""The same sparse covariates in pandas and scipy."""

import sys

import pandas as pd
from scipy import sparse

from benchmarks.measured import told
from benchmarks.records import PERSONS

records = pd.read_parquet(f"{sys.argv[1]}/records.parquet", columns=["person_id", "atc"])
cells = records.groupby(["person_id", "atc"], as_index=False).size()
codes = cells["atc"].astype("category")
matrix = sparse.csr_matrix(
    (cells["size"], (cells["person_id"], codes.cat.codes)),
    shape=(PERSONS, len(codes.cat.categories)),
)
told((*matrix.shape, matrix.nnz, int(matrix.sum())))
