"""Exposure: episodes of treatment, what they hold, and what becomes of them."""

from studylib.cohort.exposure.adherence import (
    days_covered,
    persistence,
)
from studylib.cohort.exposure.changes import (
    treatment_changes,
)
from studylib.cohort.exposure.dose import (
    daily_dose,
)
from studylib.cohort.exposure.episodes import (
    covered,
    episodes,
)
from studylib.cohort.exposure.substances import (
    days_within,
    load_over_time,
    merged,
    substance_episodes,
)
from studylib.cohort.exposure.time_varying import (
    collect_stretches,
    exposure_eras,
    exposure_intervals,
)
from studylib.cohort.exposure.together import (
    concurrent,
)

__all__ = [
    "collect_stretches",
    "concurrent",
    "covered",
    "daily_dose",
    "days_covered",
    "days_within",
    "episodes",
    "exposure_eras",
    "exposure_intervals",
    "load_over_time",
    "merged",
    "persistence",
    "substance_episodes",
    "treatment_changes",
]
