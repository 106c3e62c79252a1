"""French typography of problems, and how a given value is quoted.

Messages are written in the code with ordinary spaces; ``french`` puts the no-break ones in, at one
place. What the user typed is never retouched, only shortened and made visible.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from studylib.errors import Problem

LONGEST_GIVEN = 60
NARROW, NO_BREAK = "\u202f", "\u00a0"

PathParts = tuple[str | int, ...]


def french(text: str) -> str:
    r"""``text`` with the no-break spaces that French typography wants.

    >>> french("attendu : « oui » ; sinon ?") == (
    ...     "attendu\u00a0: «\u00a0oui\u00a0»\u202f; sinon\u202f?")
    True
    """
    text = re.sub(r" (?=[;?!])", NARROW, text)
    text = re.sub(r" (?=[:%€»])", NO_BREAK, text)
    text = text.replace("« ", "«" + NO_BREAK)
    return re.sub(r"(?<=\d) (?=\d{3}\b)", NARROW, text)


def visible(text: str, *, longest: int = LONGEST_GIVEN) -> str:
    r"""``text`` on one line, without any control character, cut to ``longest`` characters.

    >>> visible("un\ttexte\x07")
    'un texte\\x07'
    """
    shown = "".join(_printable(character) for character in text[: longest + 1])
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def _printable(character: str) -> str:
    if character in "\n\r\t":
        return " "
    if unicodedata.category(character)[0] == "C":
        return character.encode("unicode_escape").decode("ascii")
    return character


def quoted(value: object) -> str:
    """What was given, as a problem shows it: a text in guillemets, or what kind of block it is.

    >>> quoted(["a", "b"])
    'une liste de 2 valeurs'
    """
    if value is None:
        return "rien"
    if isinstance(value, bool):
        return french("« oui »") if value else french("« non »")
    if isinstance(value, list | tuple):
        return f"une liste de {len(value)} valeur{_plural(len(value))}"
    if isinstance(value, dict):
        return f"un bloc de {len(value)} champ{_plural(len(value))}"
    text = visible(str(value), longest=LONGEST_GIVEN - 4)
    return f"«{NO_BREAK}{text}{NO_BREAK}»"


def _plural(count: int) -> str:
    return "s" if count > 1 else ""


def listed(values: Iterable[object], *, longest: int = 30) -> str:
    """The values separated by commas, the first ``longest`` of them.

    >>> listed(["ars", "ansm"])
    'ars, ansm'
    """
    names = [visible(str(value)) for value in values]
    more = f"… ({len(names)} en tout)" if len(names) > longest else ""
    return ", ".join(names[:longest]) + more


def suggestion(given: object, known: Sequence[str], *, what: str) -> str:
    r"""What is accepted in place of ``given``: the closest known names first, then the others.

    >>> suggestion("titel", ["title", "kind"], what="un champ connu")
    'un champ connu (vouliez-vous écrire «\xa0title\xa0»\u202f?)\xa0: title, kind'
    """
    close = get_close_matches(str(given)[:80], known, n=2, cutoff=0.6)
    hint = f" (vouliez-vous écrire {' ou '.join(f'« {name} »' for name in close)} ?)"
    return french(f"{what}{hint if close else ''} : {listed(known)}")


def dotted(path: Sequence[str | int]) -> str:
    """The path of a field as people read it.

    >>> dotted(("parameters", "covariates", 0))
    'parameters.covariates[1]'
    """
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        else:
            text += ("." if text else "") + visible(part, longest=40)
    return visible(text, longest=120)


def problem(
    file: str,
    line: int | None,
    path: Sequence[str | int],
    given: str,
    accepted: str,
    *,
    verbatim: str = "",
) -> Problem:
    """A ``Problem`` in French typography; ``verbatim`` is text to copy, left as it is."""
    return Problem(file, line, dotted(path), given, french(accepted) + verbatim)
