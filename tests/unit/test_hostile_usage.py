"""Polypharmacy, load, rules and admissions, asked what they cannot answer."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from drawn_use import YEAR, listed
from hostile import answer

from studylib import usage
from studylib.risk import admissions
from studylib.usage import rules
from studylib.usage.load import Scale
from studylib.usage.rules import Rule, RuleSet

IN_USE = {"history_days": 365, "grace_days": 0, "carry_over": True}
RULE = Rule("r", "r", "c", "inappropriate", "tests", listed("N05BA"))
RULES = RuleSet("drawn", "drawn", "2026-01-01", "", "", (RULE,))
SCALE = Scale("s", "s", "1", "tests", pd.DataFrame({"code": ["N05BA"], "score": [1]}))
DOSES = pd.DataFrame({"cip13": ["3400999900010"], "unit": ["DDD"], "dose": [14.0]})


def polypharmacy(**choices):
    known = {"period": YEAR, "atc_level": 5, "excluded": ["S"], "quarters": 3, **IN_USE}
    return usage.polypharmacy(None, None, **{**known, "presence": "in_use", **choices})


def load(**choices):
    known = {"period": YEAR, "at_least": 3, "minimum_days": 30, **IN_USE}
    return usage.drug_load(None, None, SCALE, **{**known, **choices})


def run(given=RULES, **choices):
    return rules.evaluate(None, None, given, **{"period": YEAR, **IN_USE, **choices})


def stays(**choices):
    known = {"coded": [listed("T36", system="CIM-10")], "carry_days": 0, "antithrombotics": []}
    codes = {
        "intentional": listed("X61", system="CIM-10"),
        "bleeding": listed("K922", system="CIM-10"),
    }
    return admissions.drug_related_stays(None, period=YEAR, **{**known, **codes, **choices})


def by(levels=("coded_cause",), by="level"):
    return admissions.admissions_by(None, by, population="x", regions=["11"], levels=levels)


FINDINGS = rules.Findings(None, RULES, (0, 1), None, None, pd.DataFrame(), {}, {})
REFUSED = {
    "a period that ends before it begins": lambda: polypharmacy(period=YEAR[::-1]),
    "a level of ATC": lambda: polypharmacy(atc_level=3),
    "a presence": lambda: polypharmacy(presence="zz"),
    "a code for a list": lambda: polypharmacy(excluded="S01"),
    "a code of nothing, which begins every code": lambda: polypharmacy(excluded=[""]),
    "no quarter": lambda: polypharmacy(quarters=0),
    "part quarters": lambda: polypharmacy(quarters=2.5),
    "a history in the future": lambda: polypharmacy(history_days=-1),
    "an infinite grace": lambda: polypharmacy(grace_days=np.inf),
    "no threshold": lambda: usage.polypharmacy_strata(None, None, thresholds=()),
    "thresholds upside down": lambda: usage.polypharmacy_strata(None, None, thresholds=(10, 5)),
    "no load to reach": lambda: load(at_least=0),
    "part days of load": lambda: load(minimum_days=0.5),
    "a missing history": lambda: load(history_days=np.nan),
    "a score that is text": lambda: replace(SCALE, scores=SCALE.scores.assign(score="3")),
    "a score below 0": lambda: replace(SCALE, scores=SCALE.scores.assign(score=-1)),
    "a code scored twice": lambda: replace(SCALE, scores=pd.concat([SCALE.scores] * 2)),
    "a scale without codes": lambda: replace(SCALE, scores=SCALE.scores[["score"]]),
    "a group": lambda: usage.shares_by(pd.DataFrame(), "region", population="x"),
    "a level of rule": lambda: replace(RULE, level="zz"),
    "an exposure": lambda: replace(RULE, exposure="zz"),
    "a sex": lambda: replace(RULE, sex="X"),
    "ages upside down": lambda: replace(RULE, age_from=75, age_to=65),
    "a negative age": lambda: replace(RULE, age_from=-1),
    "no day": lambda: replace(RULE, minimum_days=0),
    "no lookback": lambda: replace(RULE, lookback_days=0),
    "a dose of nothing": lambda: replace(RULE, dose_above=0.0),
    "a missing dose": lambda: replace(RULE, dose_above=np.nan),
    "a unit of dose": lambda: replace(RULE, dose_unit="g"),
    "a rule twice": lambda: run(replace(RULES, rules=(RULE, RULE))),
    "a negative grace": lambda: run(grace_days=-1),
    "doses without unit": lambda: run(doses=DOSES[["cip13", "dose"]]),
    "a pack of two doses": lambda: run(doses=pd.concat([DOSES, DOSES])),
    "a pack numbered as a number": lambda: run(doses=DOSES.assign(cip13=3400999900010)),
    "a dose in text": lambda: run(doses=DOSES.assign(dose="14")),
    "a dose that is missing": lambda: run(doses=DOSES.assign(dose=np.nan)),
    "a dose that is infinite": lambda: run(doses=DOSES.assign(dose=np.inf)),
    "rules of a level": lambda: rules.any_rule(FINDINGS, indicator="i", levels=["zz"]),
    "establishments of a level": lambda: rules.rule_establishments(FINDINGS, levels=["zz"]),
    "a supply carried back": lambda: stays(carry_days=-1),
    "part days carried": lambda: stays(carry_days=0.5),
    "no list of codes": lambda: stays(coded=[]),
    "stays by": lambda: by(by="region"),
    "stays of a level": lambda: by(levels=("zz",)),
    "stays of a moment": lambda: admissions.admission_strata(None, None, moments=("zz",)),
    "places of a level": lambda: admissions.establishments(None, levels=("zz",)),
    "a class of drugs": lambda: admissions.coded_bleedings(None, names={}, drug_class="zz"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_answered_is_refused(name):
    assert isinstance(answer(REFUSED[name]), str)


@pytest.mark.parametrize("level", [0, 1, 95, np.nan])
def test_a_level_outside_0_to_1_has_no_interval(level):
    strata = pd.DataFrame(
        {"indicator": "r", "region": ["11", "84"], "age_band": "75+", "sex": "F",
         "persons": 100, "events": [10, 20], "person_years": 100.0}
    )  # fmt: skip
    assert isinstance(answer(lambda: rules.regional_shares(strata, whole="all", level=level)), str)
    assert answer(lambda: rules.regional_shares(strata, whole="all"))["estimate"].notna().all()
