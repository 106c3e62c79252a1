"""Prescribing rules: what a rule says, and the persons it finds, in the engine."""

from studylib.usage.rules.doses import dose_coverage
from studylib.usage.rules.evaluation import Findings, evaluate
from studylib.usage.rules.planted import check_region
from studylib.usage.rules.results import (
    any_rule,
    exposure_counts,
    regional_shares,
    rule_establishments,
    rule_strata,
    rule_summary,
)
from studylib.usage.rules.rule import LEVELS, Rule, RuleSet

__all__ = [
    "LEVELS",
    "Findings",
    "Rule",
    "RuleSet",
    "any_rule",
    "check_region",
    "dose_coverage",
    "evaluate",
    "exposure_counts",
    "regional_shares",
    "rule_establishments",
    "rule_strata",
    "rule_summary",
]
