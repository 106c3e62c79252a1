"""YAML in which every scalar stays text, with the line of every value.

The file is read from the parser's events, not from YAML's own loading: `01`, `no` and a CIP13 keep
their meaning, both occurrences of a repeated key are seen, and an alias is refused before it can
be multiplied. Only an empty value, `~` and `null` become None.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from studylib.errors import Problem, RequestError
from studylib.requests.wording import PathParts, problem, quoted
from studylib.requests.yaml_builder import UNSEEN, Builder, line_of
from studylib.requests.yaml_syntax import syntax_problem

LARGEST_BYTES = 1_000_000


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
    builder = Builder(file)
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
    unseen = UNSEEN.search(text)
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
            line = line_of(event)
            raise RequestError([problem(file, line, (), "plusieurs documents YAML", accepted)])
        yield event
