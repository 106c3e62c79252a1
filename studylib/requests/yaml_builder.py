"""From the events of a YAML parser to dicts and lists of texts, with the line of each value."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from studylib.errors import Problem, RequestError
from studylib.requests.wording import PathParts, french, problem, quoted, visible

MOST_VALUES = 10_000
DEEPEST = 20
MOST_FAULTS = 50

# What YAML 1.1 forbids in a file, plus the lone surrogates that an escape can bring in.
UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


def line_of(event: yaml.Event) -> int:
    """The line, from 1, on which an event begins."""
    return event.start_mark.line + 1 if event.start_mark else 1


@dataclass
class _Open:
    """A list or a mapping whose end has not come yet."""

    container: dict[str, Any] | list[Any]
    path: PathParts
    key: str | None = None
    kept: bool = True  # False under the second occurrence of a key: read, then dropped
    keep_value: bool = True


@dataclass
class Builder:
    """Turns events into dicts and lists, without recursion, noting lines and faults."""

    file: str
    root: Any = None
    lines: dict[PathParts, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    fatal: bool = False
    values: int = 0
    stack: list[_Open] = field(default_factory=list)

    def take(self, event: yaml.Event) -> None:
        """Adds the event; RequestError where nothing more can be read."""
        if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent | yaml.AliasEvent):
            self._refuse_references(event)
            self._count(event)
            self._place(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self.stack.pop()

    def _refuse(self, event: yaml.Event, given: str, accepted: str, path: PathParts = ()) -> None:
        line = line_of(event)
        found = problem(self.file, line, path, french(given), accepted)
        if found not in self.problems:
            self.problems.append(found)
        if len(self.problems) > MOST_FAULTS:
            raise RequestError(self.problems)

    def _refuse_references(self, event: Any) -> None:
        if event.anchor is not None:
            self.fatal = True
            sign = "*" if isinstance(event, yaml.AliasEvent) else "&"
            accepted = "la valeur écrite en entier ; les renvois YAML (& et *) sont refusés"
            accepted += ", car ils peuvent se multiplier sans fin"
            self._refuse(event, f"le renvoi {quoted(sign + event.anchor)}", accepted)
        elif getattr(event, "tag", None) is not None:
            self.fatal = True
            accepted = "la valeur seule ; les étiquettes YAML (!…) sont refusées"
            self._refuse(event, f"l'étiquette {quoted(event.tag)}", accepted)

    def _count(self, event: yaml.Event) -> None:
        self.values += 1
        if self.values > MOST_VALUES:
            self._refuse(event, "plus de 10 000 valeurs", "au plus 10 000 valeurs par demande")
            raise RequestError(self.problems)
        if len(self.stack) >= DEEPEST:
            accepted = f"au plus {DEEPEST} niveaux ; une demande en a rarement plus de cinq"
            self._refuse(event, f"plus de {DEEPEST} niveaux imbriqués", accepted)
            raise RequestError(self.problems)

    def _place(self, event: Any) -> None:
        parent = self.stack[-1] if self.stack else None
        if parent is not None and isinstance(parent.container, dict) and parent.key is None:
            self._open_key(parent, event)
            return
        path, kept = self._path_of_next(parent, event)
        value = self._value(event, path)
        if parent is None:
            self.root = value
        elif isinstance(parent.container, list):
            parent.container.append(value)
        elif parent.key is not None:
            if kept:
                parent.container[parent.key] = value
            parent.key = None
        if isinstance(event, yaml.CollectionStartEvent):
            self.stack.append(_Open(value, path, kept=kept))

    def _path_of_next(self, parent: _Open | None, event: Any) -> tuple[PathParts, bool]:
        line = line_of(event)
        if parent is None:
            self.lines[()] = line
            return (), True
        if isinstance(parent.container, list):
            path: PathParts = (*parent.path, len(parent.container))
            if parent.kept:
                self.lines[path] = line
            return path, parent.kept
        return (*parent.path, str(parent.key)), parent.kept and parent.keep_value

    def _open_key(self, parent: _Open, event: Any) -> None:
        if not isinstance(event, yaml.ScalarEvent):
            self._refuse(event, "une clé qui est un bloc", "une clé simple, d'un mot")
            raise RequestError(self.problems)
        parent.key, path = event.value, (*parent.path, event.value)
        parent.keep_value = parent.kept and event.value not in parent.container
        if event.value == "<<":
            self.fatal = True
            accepted = "les champs écrits en entier ; la fusion YAML (<<) est refusée"
            self._refuse(event, "la clé de fusion « << »", accepted, parent.path)
        elif parent.kept and not parent.keep_value:
            first = self.lines[path]
            given = f"une clé répétée, déjà écrite ligne {first}"
            accepted = "chaque clé une seule fois ; supprimez l'une des deux lignes"
            self._refuse(event, given, accepted, path)
        elif parent.keep_value:
            self.lines[path] = line_of(event)

    def _value(self, event: Any, path: PathParts) -> Any:
        if isinstance(event, yaml.MappingStartEvent):
            return {}
        if isinstance(event, yaml.SequenceStartEvent):
            return []
        if isinstance(event, yaml.AliasEvent):
            return None
        if event.style is None and event.value in ("", "~", "null"):
            return None
        if UNSEEN.search(event.value):
            accepted = "un texte sans caractère de commande (« \\x… » ou « \\u… »)"
            self._refuse(event, quoted(event.value), accepted, path)
            return visible(event.value)
        return event.value
