"""What a YAML syntax error means, in French, with the line to write instead when it is known."""

from __future__ import annotations

import json
import re

import yaml

from studylib.errors import Problem
from studylib.requests.wording import problem, quoted, visible

_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_LONGEST_LINE = 500  # what is beyond is not looked at: the patterns below stay quick
_KEY_AND_VALUE = re.compile(
    r"^(?P<start>\s*(?:- +)*)(?P<key>[^\s:#'\"{\[][^:#]*?)\s*:\s+(?P<value>.*)$"
)
_FLOW_VALUE = re.compile(
    r"(?P<key>\w+): +(?P<value>[^,{}\[\]'\"]*?: [^,{}\[\]]*?)(?P<end>\s*[,}\]])"
)


def syntax_problem(error: yaml.YAMLError, text: str, file: str) -> Problem:
    """The problem that ``error`` stands for, in French, with its line."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return problem(file, None, (), "", "un fichier YAML en UTF-8, lisible comme du texte")
    lines = [line[:_LONGEST_LINE] for line in _LINE_BREAK.split(text)]
    index = min(error.problem_mark.line, len(lines) - 1)
    context = error.context_mark.line if error.context_mark else index
    said = error.problem or ""
    for explain in (_tab, _no_break_space, _french_colon, _apostrophe, _first_character, _unclosed):
        found = explain(said, lines, index, context)
        if found:
            accepted, verbatim, at = found
            given = quoted(lines[at].strip())
            return problem(file, at + 1, (), given, accepted, verbatim=verbatim)
    column = error.problem_mark.column + 1
    accepted = (
        f"une ligne YAML « nom: valeur » (lecture arrêtée à la colonne {column}) ; "
        "vérifiez les espaces du début de ligne, les guillemets et les crochets"
    )
    return problem(file, index + 1, (), quoted(lines[index].strip()), accepted)


# Each explanation returns what is accepted, a line to copy, and the index of the line at fault.
_Explanation = tuple[str, str, int] | None


def _nearest(lines: list[str], candidates: tuple[int, ...], pattern: str) -> int | None:
    # PyYAML often stops one line after the fault, or says where the block at fault began.
    return next((at for at in candidates if at >= 0 and re.search(pattern, lines[at])), None)


def _tab(said: str, lines: list[str], index: int, context: int) -> _Explanation:
    at = _nearest(lines, (index, index - 1), r"^ *\t")
    if at is None and "'\\t'" in said:
        at = index
    if at is None:
        return None
    return "des espaces ; YAML refuse les tabulations en début de ligne", "", at


def _no_break_space(said: str, lines: list[str], index: int, context: int) -> _Explanation:
    pattern = "^ *[\u00a0\u202f]|\\w[\u00a0\u202f]?:[\u00a0\u202f]"
    at = _nearest(lines, (index, index - 1, context), pattern)
    if at is None:
        return None
    accepted = "des espaces ordinaires au début de la ligne et après « : » ; "
    return accepted + "celle-ci porte une espace insécable, effacez-la et retapez l'espace", "", at


def _french_colon(said: str, lines: list[str], index: int, context: int) -> _Explanation:
    line = lines[index]
    if "but got ':'" in said:
        found = _FLOW_VALUE.search(line)
        if not found:
            return None
        value = f"{found['key']}: {_in_quotes(found['value'])}{found['end']}"
        return (
            _COLON,
            visible((line[: found.start()] + value + line[found.end() :]).strip(), longest=300),
            index,
        )
    if "mapping values are not allowed" not in said:
        return None
    found = _KEY_AND_VALUE.match(line)
    if found and re.search(r":(\s|$)", found["value"]):
        repaired = f"{found['start']}{found['key']}: {_in_quotes(found['value'].strip())}"
        return _COLON, visible(repaired.strip(), longest=300), index
    accepted = (
        "un texte entre guillemets dès qu'il contient « : » suivi d'une espace, ou, "
        "s'il tient sur plusieurs lignes, un bloc ouvert par « > » après le nom du champ ; "
        "si c'est un nouveau champ, alignez-le sur les champs voisins"
    )
    return accepted, "", index


_COLON = (
    "un texte entre guillemets, car il contient le deux-points français « : », "
    "que YAML prend pour un champ ; écrivez : "
)


def _in_quotes(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _apostrophe(said: str, lines: list[str], index: int, context: int) -> _Explanation:
    found = re.match(r"^(\s*(?:- +)*[^:#]+:\s+)'(.*)'\s*$", lines[index])
    if not found or "'" not in found[2] or "but found '<scalar>'" not in said:
        return None
    accepted = "un texte entre guillemets doubles, car il contient une apostrophe ; écrivez : "
    return accepted, visible((found[1] + _in_quotes(found[2])).strip(), longest=300), index


def _first_character(said: str, lines: list[str], index: int, context: int) -> _Explanation:
    found = re.search(r"found character '(.)' that cannot start any token", said)
    if not found:
        return None
    return f"un texte entre guillemets, car il commence par « {found[1]} »", "", index


def _unclosed(said: str, lines: list[str], index: int, context: int) -> _Explanation:
    if "<stream end>" in said:
        return "une liste ou un bloc refermé (« ] » ou « } ») avant la fin du fichier", "", index
    quotes_swallow = re.search(r"end of stream|document separator|'<scalar>'", said)
    odd = (at for at in range(index + 1) if lines[at].replace('\\"', "").count('"') % 2)
    at = next(odd, None)
    if not quotes_swallow or (at is None and "'<scalar>'" in said):
        return None
    accepted = "un texte dont les guillemets ouverts sont refermés"
    return accepted, "", context if at is None else at
