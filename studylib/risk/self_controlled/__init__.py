"""Self-controlled case series: each case compared with itself at other times."""

from studylib.risk.self_controlled.case_series import CaseSeries, case_series
from studylib.risk.self_controlled.checks import (
    check_event_dependent_exposure,
    check_event_dependent_observation,
    check_rare_outcome,
    check_time_stability,
)
from studylib.risk.self_controlled.estimates import (
    self_controlled_case_series,
    time_ratios,
    window_counts,
)
from studylib.risk.self_controlled.event_dependent import event_dependent_observation
from studylib.risk.self_controlled.gates import case_series_gates
from studylib.risk.self_controlled.profiles import likelihood_profile, profile_events
from studylib.risk.self_controlled.schemas import PROFILE_EVENTS, WINDOWS
from studylib.risk.self_controlled.time_effects import Spline, Steps
from studylib.risk.self_controlled.windows import Window

__all__ = [
    "PROFILE_EVENTS",
    "WINDOWS",
    "CaseSeries",
    "Spline",
    "Steps",
    "Window",
    "case_series",
    "case_series_gates",
    "check_event_dependent_exposure",
    "check_event_dependent_observation",
    "check_rare_outcome",
    "check_time_stability",
    "event_dependent_observation",
    "likelihood_profile",
    "profile_events",
    "self_controlled_case_series",
    "time_ratios",
    "window_counts",
]
