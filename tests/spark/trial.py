"""The trial cohort: a whole chain from event tables to collected person-time, as one function."""

import hashlib
from datetime import date

import pandas as pd

from studylib import codes, cohort
from studylib.sources import Source


def trial(source: Source) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Person-time with a covariate, the flow chart and the balance of the example cohort."""
    arms = {"AVK": codes.codelist("avk"), "AOD": codes.codelist("aod")}
    outcome = codes.codelist("major_bleeding")
    users = cohort.new_users(source, arms, inclusion=(date(2022, 1, 1), date(2023, 12, 31)))
    users = users.require("history", cohort.history_days() >= 365)
    users = users.require("adults", cohort.age() >= 18)
    users = users.require_none("no bleeding", outcome, days_before=365, positions=["DP"])
    lists = {name: codes.codelist(name) for name in ("renal_disease", "hypertension")}
    users = cohort.with_covariates(users, lists)
    balance = cohort.baseline(users, ["age", "male", *lists], reference="AVK")
    follow_up = cohort.on_treatment(users, outcome, positions=["DP"], until=date(2024, 12, 31))
    return cohort.collect(users, follow_up, list(lists)), users.flow, balance


def digest(frame: pd.DataFrame) -> str:
    """A hash of values and types, whatever the order of rows."""
    ordered = frame.sort_values(list(frame.columns[:3])).to_csv(index=False, float_format="%.12g")
    return hashlib.sha256(f"{dict(frame.dtypes)}\n{ordered}".encode()).hexdigest()
