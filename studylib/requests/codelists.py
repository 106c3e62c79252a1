"""Which code lists a request names, whatever its kind of study."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from studylib.requests.coded import CodelistName
from studylib.requests.models import StudyRequest


def codelists_of(request: StudyRequest[Any]) -> list[str]:
    """Names of the code lists a request uses, each once, in the order it names them."""
    return list(dict.fromkeys(_named(request, type(request), ())))


def _named(value: Any, kind: Any, marks: tuple[Any, ...]) -> Iterator[str]:
    """Names found in a value, by what its annotation says of it."""
    if any(isinstance(mark, CodelistName) for mark in marks) and isinstance(value, str):
        yield value
    elif get_origin(kind) is Annotated:
        inner, *more = get_args(kind)
        yield from _named(value, inner, tuple(more))
    elif isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            yield from _named(getattr(value, name), field.annotation, tuple(field.metadata))
    elif get_origin(kind) in (Union, UnionType):
        for choice in get_args(kind):
            yield from _named(value, choice, ())
    elif isinstance(value, Mapping):
        key, inside = (get_args(kind) or (str, Any))[:2]
        for name, held in value.items():
            yield from _named(name, key, ())
            yield from _named(held, inside, ())
    elif isinstance(value, (tuple, list)):
        inside = (get_args(kind) or (Any,))[0]
        for held in value:
            yield from _named(held, inside, ())
