"""Designs that compare cases with sampled moments or sampled persons."""

from studylib.risk.sampled_designs.case_crossover import case_crossover, case_crossover_sets
from studylib.risk.sampled_designs.exposure import exposed_in
from studylib.risk.sampled_designs.nested_case_control import (
    controls_found,
    incidence_density_sets,
    nested_case_control,
)

__all__ = [
    "case_crossover",
    "case_crossover_sets",
    "controls_found",
    "exposed_in",
    "incidence_density_sets",
    "nested_case_control",
]
