"""Reading a request file: text, then types, then what holds between blocks; all faults at once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from pydantic import ConfigDict, ValidationError

from studylib import sources
from studylib.errors import Problem, RequestError
from studylib.requests.finding import inside_project, shown, twin
from studylib.requests.models import StudyRequest
from studylib.requests.overrides import ORIGIN, Overridden, overridden
from studylib.requests.registry import STUDIES
from studylib.requests.strict import StudyParameters
from studylib.requests.translation import problems
from studylib.requests.wording import PathParts, problem, quoted, suggestion
from studylib.requests.yaml_text import LARGEST_BYTES, YamlText, read_text


class _AnyParameters(StudyParameters):
    """Stands in for the parameters of an unknown study, so that the rest is checked."""

    model_config = ConfigDict(extra="allow")


def read(file: str | Path, overrides: Mapping[str, Any] | None = None) -> StudyRequest[Any]:
    """The checked request written in ``file`` (a relative path starts at the project's root).

    ``overrides`` holds ``region`` (one of the request's) and values of parameters by dotted path
    (``parameters.grace_days``). ``RequestError`` with every fault, in French, when there is any.
    """
    path = inside_project(file)
    name = shown(path)
    data = _bytes(path, name)
    text = read_text(data, name)
    changed = overridden(text.content, overrides)
    model = request_model(text.content.get("study"))
    found = [
        *text.problems,
        *changed.problems,
        *_between_blocks(changed.content, text, name),
        *_identifier_faults(path, text, name),
    ]
    request = None
    try:
        request = model.model_validate(changed.content)
    except ValidationError as error:
        found += problems(error, model, _place(text, changed, name))
    if found or request is None:
        raise RequestError(_in_file_order(found))
    return request.read_from(path, hashlib.sha256(data).hexdigest(), region=changed.region)


def request_model(study: object) -> type[StudyRequest[Any]]:
    """The model of a whole request file for ``study``; free parameters when it is unknown."""
    known = STUDIES.get(study) if isinstance(study, str) else None
    parameters = known.parameters_model if known else _AnyParameters
    return cast(type[StudyRequest[Any]], cast(Any, StudyRequest)[parameters])


def _bytes(path: Path, name: str) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(LARGEST_BYTES + 1)
    except OSError:
        accepted = "un fichier que l'on a le droit de lire"
        raise RequestError([problem(name, None, (), "un fichier illisible", accepted)]) from None


def _place(text: YamlText, changed: Overridden, name: str) -> Any:
    def place(path: PathParts) -> tuple[str, int | None]:
        if any(path[: len(given)] == given for given in changed.paths):
            return ORIGIN, None
        return name, text.line(path)

    return place


def _in_file_order(found: list[Problem]) -> list[Problem]:
    return sorted(dict.fromkeys(found), key=lambda p: (p.file == ORIGIN, p.line or 0))


# What holds between two blocks is checked on the text itself: a fault elsewhere in one of the
# blocks must not hide it.
def _between_blocks(content: Mapping[str, Any], text: YamlText, name: str) -> list[Problem]:
    found = [*_study_faults(content), *_agency_faults(content)]
    return [problem(name, text.line(path), path, *said) for path, *said in found]


def _identifier_faults(path: Path, text: YamlText, name: str) -> list[Problem]:
    header = text.content.get("request")
    identifier = header.get("id") if isinstance(header, dict) else None
    other = twin(path, identifier) if isinstance(identifier, str) else None
    if other is None:
        return []
    accepted = f"un identifiant qu'aucune autre demande ne porte ; {other} porte déjà celui-ci"
    place = ("request", "id")
    return [problem(name, text.line(place), place, quoted(str(identifier)), accepted)]


def _study_faults(content: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    study, source = content.get("study"), content.get("source")
    if not isinstance(study, str):
        return []
    if study not in STUDIES:
        accepted = suggestion(study, list(STUDIES), what="un type d'étude connu")
        return [(("study",), quoted(study), accepted)]
    # A site names its own sources freely; only those of another kind of study are refused.
    elsewhere = {built_in for known in STUDIES.values() for built_in in known.sources}
    own = STUDIES[study].sources
    if isinstance(source, str) and source in elsewhere and source not in own:
        accepted = f"une source qui porte les données de {study}, par exemple {', '.join(own)}"
        return [(("source",), quoted(source), accepted)]
    named = isinstance(source, str) and re.fullmatch(r"[\w-]+", source)
    if named and "open_data" not in own and source not in sources.names():
        accepted = suggestion(
            str(source), sources.names(), what="une source de ce site (sources.yaml)"
        )
        return [(("source",), quoted(str(source)), accepted)]
    return []


def _agency_faults(content: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    header, regions = content.get("request"), content.get("regions")
    informed = header.get("agencies_informed") if isinstance(header, dict) else None
    if not isinstance(informed, dict) or not isinstance(regions, list):
        return []
    accepted = "une région de la demande ; ajoutez-la à regions ou retirez cette ligne"
    return [
        (("request", "agencies_informed", code), quoted(code), accepted)
        for code in informed
        if code not in regions
    ]
