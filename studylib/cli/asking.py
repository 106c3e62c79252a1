"""Commands that only answer: checking requests, schemas."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from studylib import requests
from studylib.cli.shown import plural, results, say
from studylib.errors import Problem, RequestError
from studylib.requests import StudyRequest


def found(names: Sequence[str]) -> list[Path]:
    """The files of several requests, or one ``RequestError`` with what is wrong with each name."""
    files: list[Path] = []
    problems: list[Problem] = []
    for name in names:
        try:
            files.append(requests.find(name))
        except RequestError as error:
            problems.extend(error.problems)
    if problems:
        raise RequestError(problems)
    return files


def check(names: Sequence[str]) -> int:
    """Check request files one by one; every fault of every file is told. Raises RequestError."""
    problems: list[Problem] = []
    console = results()
    for name in names:
        try:
            request = requests.read(requests.find(name))
        except RequestError as error:
            problems.extend(error.problems)
            continue
        say(console, _valid(name, request))
        for obstacle in request.publication_obstacles():
            say(console, f"  à savoir, publication impossible en l'état : {obstacle}")
    if problems:
        raise RequestError(problems)
    return 0


def schema(study: str) -> int:
    """Print the JSON schema of a study type."""
    print(json.dumps(requests.schema(study), ensure_ascii=False, indent=2))
    return 0


def _valid(name: str, request: StudyRequest[Any]) -> str:
    scopes = plural(len(request.scopes()), "exécution", "exécutions")
    return f"{name} : demande {request.id} valide ({request.study}, {scopes})."
