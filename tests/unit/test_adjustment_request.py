"""Every adjustment a request may name is one the library makes."""

from typing import get_args

import numpy as np
import pandas as pd
import pytest

from studylib import risk
from studylib.requests.studies.adjustment import Adjustment, OutcomeModel

FIELDS = ("method", "population", "trim", "scale", "order", "cut_on")


def choices():
    for field in FIELDS:
        for value in get_args(Adjustment.model_fields[field].annotation):
            method = {"scale": "matching", "order": "matching", "cut_on": "stratification"}
            yield {"method": method.get(field, "iptw")} | {field: value}


@pytest.mark.parametrize(
    "given", list(choices()), ids=lambda given: "-".join(map(str, given.values()))
)
def test_a_choice_of_the_request_is_a_choice_of_the_library(given):
    draw = np.random.default_rng(0)
    people = pd.DataFrame({"person_id": range(300), "age": draw.normal(70, 9, 300)})
    lean = draw.random(300) < 1 / (1 + np.exp(1.5 - (people["age"] - 70) / 20))
    persons = people.assign(
        arm=np.where(lean, "A", "B"), entry=0, exit=100, event=draw.random(300) < 0.3,
        exit_reason="end",
    )  # fmt: skip
    seed = {"seed": 1} if given.get("order") == "random" else {}
    wanted = Adjustment.model_validate(given | seed).choices()
    made = risk.comparison(persons, reference="B", covariates=["age"], **wanted)
    assert not made.reasons
    row = made.hazard_ratio(outcome="o").iloc[0]
    assert np.isfinite(row["estimate"])


def test_a_profile_takes_the_ties_of_the_request_but_exact_ones():
    found = [OutcomeModel(ties=ties).profile_ties for ties in ("efron", "breslow", "exact")]
    assert found == ["efron", "breslow", "efron"]


def test_weights_that_represent_others_than_the_treated_are_known():
    others = ({"method": "overlap"}, {"method": "matching"}, {"method": "iptw"},
              {"method": "iptw", "population": "att", "trim": "crump"})  # fmt: skip
    own = ({"method": "regression"}, {"method": "iptw", "population": "att"}, {"method": "none"})
    assert all(Adjustment.model_validate(one).represents_others for one in others)
    assert not any(Adjustment.model_validate(one).represents_others for one in own)
