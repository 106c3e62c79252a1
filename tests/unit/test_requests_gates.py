"""Thresholds and openings as a request file holds them."""

import pytest
from pydantic import TypeAdapter, ValidationError

from studylib.requests.gates import GateName, GateThresholds, Opening, Openings
from studylib.risk.gates import Thresholds

ONE = {
    "gate": "balance",
    "by": "Dr Martin",
    "on": "2026-03-09",
    "reason": "Effectif complet de la région.",
}


def test_defaults_are_those_of_the_library():
    assert GateThresholds().thresholds() == Thresholds()
    assert set(GateThresholds.model_fields) == set(Thresholds.__dataclass_fields__)


def test_thresholds_are_read_from_text():
    read = GateThresholds.model_validate({"largest_smd": "0.2", "pre_exposure": ["0.5", "2.0"]})
    assert read.thresholds() == Thresholds(largest_smd=0.2, pre_exposure=(0.5, 2.0))


@pytest.mark.parametrize(
    "wrong",
    [
        {"largest_smd": "0"},
        {"smallest_equipoise": "1.5"},
        {"pre_exposure": ["1.2", "2"]},
        {"fewest_controls": "1"},
        {"largest_sdm": "0.1"},
    ],
)
def test_thresholds_that_mean_nothing_are_refused(wrong):
    with pytest.raises(ValidationError):
        GateThresholds.model_validate(wrong)


def test_an_opening_says_who_when_and_why():
    read = TypeAdapter(Openings).validate_python([ONE])
    assert read[0] == Opening.model_validate(ONE)


@pytest.mark.parametrize(
    "wrong",
    [
        [{**ONE, "reason": "urgent"}],
        [{**ONE, "gate": "equilibre"}],
        [{key: value for key, value in ONE.items() if key != "by"}],
        [ONE, ONE],
    ],
)
def test_an_opening_without_reason_or_author_is_refused(wrong):
    with pytest.raises(ValidationError):
        TypeAdapter(Openings).validate_python(wrong)


def test_every_gate_that_a_request_opens_has_a_french_name():
    from typing import get_args

    from studylib.report.doubt_words import GATES

    assert set(get_args(GateName)) <= set(GATES)
