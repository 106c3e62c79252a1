"""YAML in which every scalar stays text, with the line of every value.

The file is read from the parser's events, not from YAML's own loading: `01`, `no` and a CIP13 keep
their meaning, both occurrences of a repeated key are seen, and an alias is refused before it can
be multiplied. Only an empty value, `~` and `null` become None.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from studylib.errors import Problem, RequestError
from studylib.requests.wording import PathParts, french, problem, quoted, visible
from studylib.requests.yaml_syntax import syntax_problem

LARGEST_BYTES = 1_000_000
MOST_VALUES = 10_000
DEEPEST = 20
MOST_FAULTS = 50

# What YAML 1.1 forbids in a file, plus the lone surrogates that an escape can bring in.
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class YamlText:
    """The content of a file (dicts, lists, texts and None) and where each value stands."""

    content: dict[str, Any]
    lines: Mapping[PathParts, int]
    problems: tuple[Problem, ...] = ()

    def line(self, path: PathParts) -> int | None:
        """The line of ``path``, or of the nearest block that holds it; None in an empty map."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return None


def read_text(data: bytes, file: str) -> YamlText:
    """The YAML mapping written in ``data``; ``file`` is the name that problems quote.

    Repeated keys are returned among ``problems``, so that the rest of the file can be checked;
    what makes the file unreadable raises ``RequestError``.

    >>> read_text(b"regions: [01, 2A]", "r.yaml").content
    {'regions': ['01', '2A']}
    """
    text = _decoded(data, file)
    builder = _Builder(file)
    try:
        for event in _events(text, file):
            builder.take(event)
    except yaml.YAMLError as error:
        raise RequestError([*builder.problems, syntax_problem(error, text, file)]) from None
    except (ValueError, OverflowError, IndexError, RecursionError):
        # PyYAML lets these out for escapes beyond Unicode and version numbers without end.
        sentence = "un fichier YAML ; une suite « \\U… » ou « %YAML » n'y est pas valide"
        raise RequestError([problem(file, None, (), "", sentence)]) from None
    if builder.fatal:
        raise RequestError(builder.problems)
    if not isinstance(builder.root, dict):
        raise RequestError([*builder.problems, _not_a_mapping(builder.root, file)])
    return YamlText(builder.root, builder.lines, tuple(builder.problems))


def _decoded(data: bytes, file: str) -> str:
    if len(data) > LARGEST_BYTES:
        accepted = "un fichier d'au plus 1 Mo ; une demande tient en quelques pages"
        raise RequestError([problem(file, None, (), "un fichier de plus de 1 Mo", accepted)])
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        accepted = "un fichier enregistré en UTF-8 (menu « Enregistrer sous », encodage UTF-8)"
        raise RequestError([problem(file, 1, (), "un fichier en UTF-16", accepted)])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RequestError([_wrong_encoding(error, file)]) from None
    unseen = _UNSEEN.search(text)
    if unseen:
        line = text.count("\n", 0, unseen.start()) + 1
        given = f"le caractère invisible U+{ord(unseen.group()):04X}"
        accepted = "un texte sans caractère de commande ; effacez-le et retapez ce passage"
        raise RequestError([problem(file, line, (), given, accepted)])
    if not text.strip():
        accepted = "une demande ; copiez un fichier de parameters/examples/ et modifiez-le"
        raise RequestError([problem(file, None, (), "un fichier vide", accepted)])
    return text


def _wrong_encoding(error: UnicodeDecodeError, file: str) -> Problem:
    before = error.object[: error.start]
    end = error.object.find(b"\n", error.start)
    start = before.rfind(b"\n") + 1
    last = end if end >= 0 else len(error.object)
    shown = error.object[start:last].decode("cp1252", errors="replace")
    accepted = (
        "un fichier enregistré en UTF-8 ; celui-ci semble en Windows-1252 (ANSI) : "
        "enregistrez-le de nouveau en choisissant l'encodage UTF-8"
    )
    return problem(file, before.count(b"\n") + 1, (), quoted(shown.strip()), accepted)


def _not_a_mapping(root: object, file: str) -> Problem:
    accepted = "des champs « nom: valeur » ; les premiers sont request, study, source et regions"
    return problem(file, 1, (), quoted(root), accepted)


def _events(text: str, file: str) -> Iterator[yaml.Event]:
    documents = 0
    for event in yaml.parse(text, Loader=yaml.BaseLoader):
        documents += isinstance(event, yaml.DocumentStartEvent)
        if documents > 1:
            accepted = "une seule demande par fichier ; retirez la ligne « --- » et ce qui la suit"
            line = _line(event)
            raise RequestError([problem(file, line, (), "plusieurs documents YAML", accepted)])
        yield event


def _line(event: yaml.Event) -> int:
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
class _Builder:
    """Turns events into dicts and lists, without recursion, noting lines and faults."""

    file: str
    root: Any = None
    lines: dict[PathParts, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    fatal: bool = False
    values: int = 0
    stack: list[_Open] = field(default_factory=list)

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent | yaml.AliasEvent):
            self._refuse_references(event)
            self._count(event)
            self._place(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self.stack.pop()

    def _refuse(self, event: yaml.Event, given: str, accepted: str, path: PathParts = ()) -> None:
        line = _line(event)
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
        line = _line(event)
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
            self.lines[path] = _line(event)

    def _value(self, event: Any, path: PathParts) -> Any:
        if isinstance(event, yaml.MappingStartEvent):
            return {}
        if isinstance(event, yaml.SequenceStartEvent):
            return []
        if isinstance(event, yaml.AliasEvent):
            return None
        if event.style is None and event.value in ("", "~", "null"):
            return None
        if _UNSEEN.search(event.value):
            accepted = "un texte sans caractère de commande (« \\x… » ou « \\u… »)"
            self._refuse(event, quoted(event.value), accepted, path)
            return visible(event.value)
        return event.value
