"""Prescribing rules: what a rule says, and the persons it finds, in the engine."""

from studylib.usage.rules.evaluation import Findings, evaluate
from studylib.usage.rules.results import (
    any_rule,
    exposure_counts,
    rule_establishments,
    rule_regions,
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
    "evaluate",
    "exposure_counts",
    "rule_establishments",
    "rule_regions",
    "rule_strata",
    "rule_summary",
]
