"""The trial cohort and its follow-up, through the library."""

import os
import sys
from datetime import date
from pathlib import Path

import narwhals as nw

from benchmarks.measured import told
from benchmarks.outcome import CONDITIONS, digest
from studylib import codes, cohort
from studylib.codes import Codelist
from studylib.sources import Engine, EngineSettings
from studylib.sources.event_folder import open_folder

conditions = {
    f"condition_{prefix}": Codelist(
        f"condition_{prefix.lower()}", "CIM-10", (prefix,), "2026-01-01", "benchmark", prefix
    )
    for prefix in CONDITIONS
}
kind = os.environ.get("BENCHMARK_ENGINE", "duckdb")
settings = EngineSettings(kind="spark", master="local[2]") if kind == "spark" else None
source = open_folder("simulated", Path(sys.argv[1]), engine=Engine.start(settings))
arms = {"AVK": codes.codelist("avk"), "AOD": codes.codelist("aod")}
users = cohort.new_users(source, arms, inclusion=(date(2022, 1, 1), date(2023, 12, 31)))
users = users.require("history", cohort.history_days() >= 365)
users = users.require("adults", cohort.age() >= 18)
outcome = codes.codelist("major_bleeding")
users = users.require_none("no bleeding", outcome, days_before=365, positions=["DP"])
found = cohort.flags(users, conditions, days_before=365, positions=["DP", "DR", "DAS"])
score = sum((nw.col(name).cast(nw.Int64()) for name in conditions), start=nw.lit(0))
users = users.with_measures(
    found.select("person_id", score.alias("score")), cohort.prior_drugs(users, days_before=365)
)
follow_up = cohort.on_treatment(users, outcome, positions=["DP"], until=date(2024, 12, 31))
told(digest(cohort.collect(users, follow_up, ["score", "drugs", "spent"])))
