"""Every field and every choice of a study's request is told in French on the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from studylib.report.doubt_words import GATES
from studylib.report.parameter_lines import parameter_lines, said
from studylib.report.parameter_words import ADJUSTMENT, PARAMETERS
from studylib.requests import registry
from studylib.requests.studies.adjustment import Adjustment, Method

# Choices that are French as they are written; gates have their own words, in banners.
SAME = {"omission", "exact", "normal", "DP", "DR", "DAS", *GATES}


def models(annotation: Any, seen: set[type] | None = None) -> Iterator[type[BaseModel]]:
    """Every model an annotation leads to, once."""
    seen = set() if seen is None else seen
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if annotation not in seen:
            seen.add(annotation)
            yield annotation
            for field in annotation.model_fields.values():
                yield from models(field.annotation, seen)
    else:
        for inner in get_args(annotation):
            yield from models(inner, seen)


def choices(annotation: Any) -> Iterator[str]:
    if get_origin(annotation) is Literal:
        yield from (each for each in get_args(annotation) if isinstance(each, str))
    else:
        for inner in get_args(annotation):
            yield from choices(inner)


def studies() -> list[type[BaseModel]]:
    return [study.parameters_model for study in registry.STUDIES.values()]


def test_every_field_has_a_french_name():
    unnamed = {
        f"{model.__name__}.{name}"
        for study in studies()
        for model in models(study)
        for name, field in model.model_fields.items()
        if not field.title and name not in PARAMETERS
    }
    assert not unnamed


def test_every_choice_is_told_in_french():
    untold = {
        f"{model.__name__}.{name}: {choice}"
        for study in studies()
        for model in models(study)
        for name, field in model.model_fields.items()
        for choice in choices(field.annotation)
        if said(choice, name) == choice and choice not in SAME
    }
    assert not untold


def test_an_adjustment_is_told_with_the_choices_it_uses_and_no_other():
    """An analysis by weights that spoke of a caliper would be read as a matching."""
    settings = Adjustment(method="overlap").model_dump()
    told = dict(parameter_lines({"adjustment": settings}, Adjustment))["ajustement"]
    assert "poids de recouvrement" in told
    assert "distance" not in told
    assert "remise" not in told
    matched = Adjustment(method="matching").model_dump()
    assert "distance limite : 0,2" in said(matched).replace("\u00a0", " ")


def test_every_method_of_adjustment_says_what_it_uses():
    assert set(ADJUSTMENT) == set(get_args(Method))
    assert {name for used in ADJUSTMENT.values() for name in used} <= set(Adjustment.model_fields)
