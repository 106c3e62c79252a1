"""Cohorts: who enters, what they are exposed to, how long they are followed, what is known."""

from studylib.cohort.ages import (
    age,
    age_at,
)
from studylib.cohort.arms import (
    first_exposure,
    one_arm_only,
    persons_by_arm,
)
from studylib.cohort.attributes import (
    prescribing,
    prescribing_establishment,
)
from studylib.cohort.calendar import (
    calendar_span,
    common_period,
    require_common_period,
)
from studylib.cohort.case_time import CaseTime, case_time
from studylib.cohort.comorbidity import (
    charlson,
    quan_charlson,
)
from studylib.cohort.covariates import (
    baseline,
    flags,
    had_event,
    with_covariates,
)
from studylib.cohort.days import (
    as_date,
    day,
)
from studylib.cohort.entrants import (
    entrants,
)
from studylib.cohort.entry import (
    new_users,
)
from studylib.cohort.exposure import (
    collect_stretches,
    concurrent,
    daily_dose,
    days_covered,
    days_within,
    episodes,
    exposure_eras,
    exposure_intervals,
    load_over_time,
    merged,
    persistence,
    substance_episodes,
    treatment_changes,
)
from studylib.cohort.first_uses import first_uses
from studylib.cohort.follow_up import (
    follow_up,
    intention_to_treat,
    on_treatment,
)
from studylib.cohort.history import (
    hospital_history,
    prior_cost,
    prior_drugs,
)
from studylib.cohort.matching import (
    matched,
)
from studylib.cohort.non_users import with_non_users
from studylib.cohort.observed_time import (
    after_naive_period,
    person_days,
    require_exposed,
    within_calendar,
)
from studylib.cohort.outcome_stays import (
    outcome_stays,
)
from studylib.cohort.people import (
    Cohort,
    flag,
    history_days,
)
from studylib.cohort.person_time import (
    by_region,
    check_person_time,
    collect,
    exit_reasons,
)
from studylib.cohort.population import (
    bands,
    counted_by,
    population,
    span_of,
)
from studylib.cohort.prevalence import prevalence_by_year
from studylib.cohort.relations import (
    followed_by,
    nth_event,
    occurrences,
    overlapping,
    without,
)
from studylib.cohort.standardisation import (
    avoidable,
    standardised,
    with_share,
)
from studylib.cohort.supply import (
    administration_days,
    dispensing_days,
    pack_days,
    supplies,
)
from studylib.cohort.wide import (
    WideCovariates,
    wide_covariates,
)

__all__ = [
    "CaseTime",
    "Cohort",
    "WideCovariates",
    "administration_days",
    "after_naive_period",
    "age",
    "age_at",
    "as_date",
    "avoidable",
    "bands",
    "baseline",
    "by_region",
    "calendar_span",
    "case_time",
    "charlson",
    "check_person_time",
    "collect",
    "collect_stretches",
    "common_period",
    "concurrent",
    "counted_by",
    "daily_dose",
    "day",
    "days_covered",
    "days_within",
    "dispensing_days",
    "entrants",
    "episodes",
    "exit_reasons",
    "exposure_eras",
    "exposure_intervals",
    "first_exposure",
    "first_uses",
    "flag",
    "flags",
    "follow_up",
    "followed_by",
    "had_event",
    "history_days",
    "hospital_history",
    "intention_to_treat",
    "load_over_time",
    "matched",
    "merged",
    "new_users",
    "nth_event",
    "occurrences",
    "on_treatment",
    "one_arm_only",
    "outcome_stays",
    "overlapping",
    "pack_days",
    "persistence",
    "person_days",
    "persons_by_arm",
    "population",
    "prescribing",
    "prescribing_establishment",
    "prevalence_by_year",
    "prior_cost",
    "prior_drugs",
    "quan_charlson",
    "require_common_period",
    "require_exposed",
    "span_of",
    "standardised",
    "substance_episodes",
    "supplies",
    "treatment_changes",
    "wide_covariates",
    "with_covariates",
    "with_non_users",
    "with_share",
    "within_calendar",
    "without",
]
