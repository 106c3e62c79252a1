"""Files of prescribing rules, by name: the project's own first, then those shipped.

A file is YAML, read as a request is: text only, then strict types, every fault at once with its
line. Shipped files stand in ``studylib/usage/rules/files``, a project's in ``parameters/rules``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from studylib import project
from studylib.errors import Problem, RequestError
from studylib.requests.rule_models import RuleFileModel
from studylib.requests.translation import problems
from studylib.requests.wording import PathParts, problem, quoted, suggestion
from studylib.requests.yaml_text import YamlText, read_text
from studylib.usage.rules import RuleSet

_NAME = re.compile(r"[a-z][a-z0-9_]*")


def rule_set(name: str) -> RuleSet:
    """The rules of the file called ``name``; RequestError with every fault, each with its line.

    >>> rule_set("older_people").rules[0].level
    'inappropriate'
    """
    data, shown = _found(name)
    return read_rules(data, shown, name=name)


def rule_set_names() -> list[str]:
    """Names of the files of rules, shipped and of the project, in alphabetical order.

    >>> rule_set_names()
    ['older_people']
    """
    shipped = {each.name for each in _shipped().iterdir() if each.name.endswith(".yaml")}
    own = {path.name for path in _own_folder().glob("*.yaml")}
    stems = {name.removesuffix(".yaml") for name in shipped | own}
    return sorted(stem for stem in stems if _NAME.fullmatch(stem))


def read_rules(data: bytes, shown: str, *, name: str) -> RuleSet:
    """The rules written in ``data``; ``shown`` is the file that problems quote."""
    text = read_text(data, shown)
    found = [*text.problems, *_between_rules(text, shown)]
    model = None
    try:
        model = RuleFileModel.model_validate(text.content)
    except ValidationError as error:
        found += problems(error, RuleFileModel, _place(text, shown))
    if found or model is None:
        ordered = sorted(dict.fromkeys(found), key=lambda each: each.line or 0)
        raise RequestError(ordered)
    version = model.version.isoformat()
    return RuleSet(
        name,
        model.label,
        version,
        model.status,
        hashlib.sha256(data.replace(b"\r\n", b"\n")).hexdigest(),
        tuple(rule.rule(model.sources, version) for rule in model.rules),
    )


def _place(text: YamlText, shown: str) -> Any:
    def place(path: PathParts) -> tuple[str, int | None]:
        return shown, text.line(path)

    return place


def _between_rules(text: YamlText, shown: str) -> Iterator[Problem]:
    """Identifiers used twice, and sources that the file does not cite."""
    rules, sources = text.content.get("rules"), text.content.get("sources")
    known = [str(name) for name in sources] if isinstance(sources, dict) else []
    seen: dict[str, int] = {}
    for rank, rule in enumerate(rules if isinstance(rules, list) else ()):
        if not isinstance(rule, dict):
            continue
        identifier, cited = rule.get("id"), rule.get("source")
        if isinstance(identifier, str):
            if identifier in seen:
                path: PathParts = ("rules", rank, "id")
                accepted = "un identifiant qu'aucune autre règle ne porte"
                yield problem(shown, text.line(path), path, quoted(identifier), accepted)
            seen.setdefault(identifier, rank)
        if isinstance(cited, str) and cited not in known:
            path = ("rules", rank, "source")
            accepted = suggestion(cited, known, what="une source citée en tête de fichier")
            yield problem(shown, text.line(path), path, quoted(cited), accepted)


def own_file(name: str) -> Path | None:
    """The project's own file of rules called ``name``; None when it is the one shipped."""
    file = _own_folder() / f"{name}.yaml"
    return file if file.is_file() else None


def _found(name: str) -> tuple[bytes, str]:
    if isinstance(name, str) and _NAME.fullmatch(name):
        own = _own_folder() / f"{name}.yaml"
        if own.is_file():
            return own.read_bytes(), f"parameters/rules/{name}.yaml"
        shipped = _shipped() / f"{name}.yaml"
        if shipped.is_file():
            return shipped.read_bytes(), f"{name}.yaml"
    accepted = suggestion(name, rule_set_names(), what="le nom d'un fichier de règles")
    raise RequestError([problem("règles", None, (), quoted(name), accepted)])


def _own_folder() -> Path:
    return project.root() / "parameters" / "rules"


def _shipped() -> Any:
    return resources.files("studylib.usage.rules") / "files"
