"""From pydantic's errors to problems in French, each with its line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from studylib.errors import Problem
from studylib.requests import scalars
from studylib.requests.scalars import Fault
from studylib.requests.wording import PathParts, problem, quoted, suggestion, visible

Place = Callable[[PathParts], tuple[str, int | None]]

# pydantic's error type → what is accepted. What is not here gets the last sentence of all.
_ACCEPTED = {
    "int_type": scalars.ENTIER,
    "int_from_float": scalars.ENTIER,
    "int_parsing": scalars.ENTIER,
    "float_type": scalars.NOMBRE,
    "finite_number": scalars.NOMBRE,
    "bool_type": scalars.OUI_NON,
    "date_type": scalars.JOUR,
    "date_from_datetime_inexact": scalars.JOUR,
    "string_type": "un texte, entre guillemets s'il contient « : » ou « # »",
    "string_unicode": "un texte en UTF-8",
    "dict_type": "un bloc de lignes « nom: valeur »",
    "mapping_type": "un bloc de lignes « nom: valeur »",
    "model_type": "un bloc de lignes « nom: valeur »",
    "model_attributes_type": "un bloc de lignes « nom: valeur »",
    "tuple_type": 'une liste entre crochets, par exemple ["11", "84"]',
    "list_type": 'une liste entre crochets, par exemple ["11", "84"]',
}
MOST_TRANSLATED = 200  # a file wrong beyond that is not a request
_OTHERWISE = "une valeur de la forme que décrit « studylib schema »"


def problems(error: ValidationError, model: type[BaseModel], place: Place) -> list[Problem]:
    """Each fault of ``error`` as a problem; ``place`` gives the file and line of a path.

    No sentence of pydantic is shown: every type of error has its French one, or the general one.
    """
    found = [
        problem(*place(path), path, given, accepted, verbatim=_swallowed_colon(details))
        for details in error.errors(include_url=False)[:MOST_TRANSLATED]
        for path, given, accepted in _sentences(details, model)
    ]
    return list(dict.fromkeys(found))


def _sentences(details: ErrorDetails, model: type[BaseModel]) -> Iterator[tuple[Any, str, str]]:
    path = tuple(part for part in details["loc"] if part != "[key]")
    given, kind, context = details["input"], details["type"], details.get("ctx", {})
    if kind == "faults":
        for fault in context["faults"]:
            yield (*path, *fault.at), _shown(fault, given), fault.accepted
    elif kind == "missing":
        yield path, "champ absent", _compulsory(model, path)
    elif kind == "extra_forbidden":
        known = list(fields_at(model, path[:-1]))
        yield path, "champ inconnu", suggestion(path[-1], known, what="un champ connu")
    elif kind == "literal_error":
        known = re.findall(r"'([^']*)'", context["expected"])
        yield path, quoted(given), suggestion(given, known, what="l'une de ces valeurs")
    else:
        yield path, quoted(given), _ACCEPTED.get(kind, _OTHERWISE)


def _shown(fault: Fault, given: object) -> str:
    return quoted(given if fault.given is ... else fault.given)


def _swallowed_colon(details: ErrorDetails) -> str:
    # In a list, « - Étude : risque » is a block to YAML, without any syntax error.
    given = details["input"]
    if details["type"] != "string_type" or not isinstance(given, dict) or len(given) != 1:
        return ""
    (key, value), *_ = given.items()
    return visible(f'\u202f; écrivez "{key} : {value}"') if isinstance(value, str) else ""


def _compulsory(model: type[BaseModel], path: Sequence[str | int]) -> str:
    field = fields_at(model, path[:-1]).get(str(path[-1]))
    description = getattr(field, "description", None)
    return f"ce champ, obligatoire : {description}" if description else "ce champ, obligatoire"


def fields_at(model: type[BaseModel], path: Sequence[str | int]) -> Mapping[str, Any]:
    """The fields of the block at ``path`` below ``model``; empty where the block is free.

    >>> from studylib.requests.studies import IatrogenicRiskParameters
    >>> list(fields_at(IatrogenicRiskParameters, ("inclusion",)))
    ['start', 'end']
    """
    annotation: Any = model
    for part in path:
        annotation = _below(annotation, part)
    found = _model_of(annotation)
    return found.model_fields if found else {}


def _below(annotation: Any, part: str | int) -> Any:
    found = _model_of(annotation)
    if found:
        field = found.model_fields.get(str(part))
        return field.annotation if field else None
    bare = _bare(annotation)
    arguments = get_args(bare)
    if get_origin(bare) is dict:
        return arguments[1]
    return arguments[0] if arguments else None


def _bare(annotation: Any) -> Any:
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return next(_bare(a) for a in get_args(annotation) if a is not type(None))
    return annotation


def _model_of(annotation: Any) -> type[BaseModel] | None:
    bare = _bare(annotation)
    return bare if isinstance(bare, type) and issubclass(bare, BaseModel) else None
