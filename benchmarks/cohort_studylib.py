"""The example study's cohort and follow-up, through the library."""

import sys
from datetime import date
from pathlib import Path

from benchmarks.measured import told
from benchmarks.outcome import digest
from studylib import codes, cohort
from studylib.sources.event_folder import open_folder

source = open_folder("simulated", Path(sys.argv[1]))
arms = {"AVK": codes.codelist("avk"), "AOD": codes.codelist("aod")}
users = cohort.new_users(source, arms, inclusion=(date(2022, 1, 1), date(2023, 12, 31)))
users = users.require("history", cohort.history_days() >= 365)
users = users.require("adults", cohort.age() >= 18)
outcome = codes.codelist("major_bleeding")
users = users.require_none("no bleeding", outcome, days_before=365, positions=["DP"])
users = cohort.with_covariates(users, {"renal_disease": codes.codelist("renal_disease")})
follow_up = cohort.on_treatment(users, outcome, positions=["DP"], until=date(2024, 12, 31))
told(digest(cohort.collect(users, follow_up, ["renal_disease"])))
