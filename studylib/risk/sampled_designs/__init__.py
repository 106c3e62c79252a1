"""Designs that compare cases with sampled moments or sampled persons."""

from studylib.risk.sampled_designs.case_crossover import case_crossover, case_crossover_sets
from studylib.risk.sampled_designs.exposure import exposed_in
from studylib.risk.sampled_designs.incidence_density import (
    controls_found,
    incidence_density_sets,
)
from studylib.risk.sampled_designs.nested_case_control import nested_case_control
from studylib.risk.sampled_designs.of_cases import case_crossovers, future_case_controls

__all__ = [
    "case_crossover",
    "case_crossover_sets",
    "case_crossovers",
    "controls_found",
    "exposed_in",
    "future_case_controls",
    "incidence_density_sets",
    "nested_case_control",
]
