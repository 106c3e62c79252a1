"""Cohorts: who enters, what they are exposed to, how long they are followed, what is known."""

from studylib.cohort.covariates import baseline, had_event, with_covariates
from studylib.cohort.days import as_date, day
from studylib.cohort.entry import new_users
from studylib.cohort.exposure import episodes
from studylib.cohort.follow_up import follow_up, intention_to_treat, on_treatment
from studylib.cohort.people import Cohort, age, flag, history_days
from studylib.cohort.person_time import by_region, check_person_time, collect, exit_reasons

__all__ = [
    "Cohort",
    "age",
    "as_date",
    "baseline",
    "by_region",
    "check_person_time",
    "collect",
    "day",
    "episodes",
    "exit_reasons",
    "flag",
    "follow_up",
    "had_event",
    "history_days",
    "intention_to_treat",
    "new_users",
    "on_treatment",
    "with_covariates",
]
