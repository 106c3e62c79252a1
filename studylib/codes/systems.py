"""What a code system is: one frozen object that accepts its codes and explains its refusals."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from studylib.errors import CodeError

_LOOK_ALIKE = {"O": "0", "0": "O", "I": "1", "1": "I", "L": "1"}
_LETTERS_TO_DIGITS = str.maketrans({"O": "0", "I": "1", "L": "1"})
_SPREADSHEET = re.compile(r"\d[.,]\d+E\+\d+", re.IGNORECASE)


def form(commented: str) -> re.Pattern[str]:
    """The pattern of a commented expression; its digits are 0 to 9 and no other alphabet's."""
    return re.compile(commented, re.VERBOSE | re.ASCII)


def bare(code: str) -> str:
    """``code`` in capitals, without space, dot or dash.

    >>> bare(" k25.0")
    'K250'
    """
    return re.sub(r"[\s.\-_\u200b\ufeff]", "", code).upper()


def _no_fault(code: str) -> str:
    return ""


def _no_advice(code: str) -> str:
    return ""


@dataclass(frozen=True)
class CodeSystem:
    """A code system, known by its form, its control key and what may stand for a prefix.

    ``full_length`` is the length from which a code of a list is matched exactly; a shorter one is
    a prefix. ``fault`` says what is wrong with a code whose form is right (a control key), and
    ``advice`` what to write instead of a refused code; both in French, empty when silent.
    """

    name: str
    label: str
    pattern: re.Pattern[str]
    accepted: str
    example: str
    full_length: int
    prefix_pattern: re.Pattern[str] | None = None
    fault: Callable[[str], str] = _no_fault
    advice: Callable[[str], str] = _no_advice

    def is_valid(self, code: object, *, prefix: bool = False) -> bool:
        """True when ``check`` accepts ``code``."""
        if not isinstance(code, str):
            return False
        if self.pattern.fullmatch(code) and not self.fault(code):
            return True
        return bool(prefix and self.prefix_pattern and self.prefix_pattern.fullmatch(code))

    def is_full(self, code: str) -> bool:
        """True when ``code`` cannot have sub-codes, and is therefore matched exactly."""
        return len(code) >= self.full_length

    def check(self, code: object, *, prefix: bool = False) -> str:
        """``code`` itself, unchanged, or a ``CodeError`` saying what is accepted.

        Nothing is repaired silently: spaces, dots, small letters and O for 0 are refused with the
        form to write. ``prefix=True`` also accepts the prefixes that have a meaning in the
        system (a GHM root, the letters of a CCAM act).
        """
        if not isinstance(code, str):
            raise CodeError(
                f"Code {self.name} {code!r} refusé : un code est du texte et non un nombre, sinon "
                f"ses zéros initiaux se perdent ; lire la colonne comme du texte, par exemple "
                f"« {self.example} »."
            )
        if not self.is_valid(code, prefix=prefix):
            raise CodeError(self._refusal(code, prefix=prefix))
        return code

    def _refusal(self, code: str, *, prefix: bool) -> str:
        well_formed = bool(self.pattern.fullmatch(code))
        reasons = [self.fault(code)] if well_formed else []
        close = [other for other in _tidied(code) if self.is_valid(other, prefix=prefix)]
        if _SPREADSHEET.fullmatch(code.strip()):
            reasons.append(
                "un tableur a changé le code en nombre, reprendre le fichier du producteur"
            )
        elif close and not well_formed:
            reasons.append(f"écrire « {close[0]} »")
        else:
            reasons.append(self.advice(code))
        shown = f"« {code} »" if code else "vide"
        detail = " ; ".join(
            [
                f"forme acceptée : {self.accepted} (exemple « {self.example} »)",
                *filter(None, reasons),
            ]
        )
        return f"Code {self.name} {shown} refusé : {detail}."


def _tidied(code: str) -> Iterator[str]:
    """The code as its author may have meant it: no space or dot, capitals, 0 and O exchanged."""
    tidy = bare(code)
    yield tidy
    yield tidy.translate(_LETTERS_TO_DIGITS)
    for rank, character in enumerate(tidy):
        if character in _LOOK_ALIKE:
            yield tidy[:rank] + _LOOK_ALIKE[character] + tidy[rank + 1 :]
