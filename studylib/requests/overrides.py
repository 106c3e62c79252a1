"""Values given beside the file (command line, notebook) that replace or narrow what it says."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from studylib.errors import Problem, RequestError
from studylib.requests.wording import PathParts, problem, quoted, suggestion
from studylib.requests.yaml_text import read_text

ORIGIN = "réglages (overrides)"


@dataclass(frozen=True)
class Overridden:
    """The content with its replaced values, which paths they are, and the region asked for."""

    content: dict[str, Any]
    paths: frozenset[PathParts]
    region: str | None
    problems: tuple[Problem, ...]


def overridden(content: dict[str, Any], overrides: Mapping[str, Any] | None) -> Overridden:
    """``content`` with ``overrides`` applied; the original is not changed.

    >>> overridden({"parameters": {"grace_days": "30"}}, {"parameters.grace_days": "60"}).content
    {'parameters': {'grace_days': '60'}}
    """
    if not overrides:
        return Overridden(content, frozenset(), None, ())
    given: object = overrides  # a notebook may hold anything
    if not isinstance(given, Mapping):
        accepted = 'un dictionnaire, par exemple {"region": "11"}'
        raise RequestError([problem(ORIGIN, None, (), quoted(given), accepted)])
    changed = copy.deepcopy(content)
    found: list[Problem] = []
    paths: set[PathParts] = set()
    for name, value in overrides.items():
        path = tuple(str(name).split("."))
        if name == "region":
            found += _region_problems(value, content)
        elif path[0] != "parameters" or len(path) < 2 or not all(path):
            accepted = "region, ou le chemin d'un paramètre, par exemple parameters.grace_days"
            found.append(problem(ORIGIN, None, (str(name),), quoted(value), accepted))
        else:
            refused = _replace(changed, path, value)
            found += [problem(ORIGIN, None, path, quoted(value), refused)] if refused else []
            paths.add(path)
    return Overridden(changed, frozenset(paths), overrides.get("region"), tuple(found))


def _region_problems(region: object, content: Mapping[str, Any]) -> list[Problem]:
    asked = content.get("regions")
    known = [code for code in asked if isinstance(code, str)] if isinstance(asked, list) else []
    if isinstance(region, str) and region in known:
        return []
    between = "" if isinstance(region, str) else ", écrite comme un texte entre guillemets,"
    what = f"l'une des régions{between} de la demande"
    return [
        problem(ORIGIN, None, ("region",), quoted(region), suggestion(region, known, what=what))
    ]


def _replace(content: dict[str, Any], path: PathParts, value: Any) -> str | None:
    """Puts the value at its path; or says what is accepted, when that cannot be."""
    block: Any = content
    for part in path[:-1]:
        if block.get(part) is None:
            block[part] = {}
        block = block[part]
        if not isinstance(block, dict):
            return "le chemin d'un champ, pas celui d'une valeur déjà simple"
    try:
        block[path[-1]] = _parsed(value)
    except RequestError:
        return "une liste [a, b] ou un bloc {a: 1, b: 2}, écrits comme dans le fichier"
    return None


def _parsed(value: Any) -> Any:
    # On a command line, a list or a block is written as in the file: [a, b] or {start: …}.
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        read = read_text(f"value: {value}".encode("utf-8", "replace"), ORIGIN)
        if read.problems:
            raise RequestError(read.problems)
        return read.content["value"]
    return list(value) if isinstance(value, tuple) else value
