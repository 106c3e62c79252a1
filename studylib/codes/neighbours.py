"""Codes beside one another: parents, children, and siblings that a list looks to have forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

_ATC_LEVELS = (1, 3, 4, 5, 7)
_LEVELS = {
    "ATC": _ATC_LEVELS,
    "CIM-10": (3, 4, 5, 6),
    "GHM": (2, 5, 6),
    "CCAM": (1, 2, 3, 4, 7),
}


def parent_of(system: str, code: str) -> str:
    """The code one level up, "" at the top or in a system without levels.

    >>> parent_of("ATC", "B01AF02"), parent_of("CIM-10", "K250"), parent_of("UCD7", "9000294")
    ('B01AF', 'K25', '')
    """
    shorter = [length for length in _LEVELS.get(system, ()) if length < len(code)]
    return code[: shorter[-1]] if shorter else ""


def siblings(system: str, code: str, around: Sequence[str]) -> list[str]:
    """Codes of ``around`` at the level of ``code`` under the same parent, itself left out.

    >>> siblings("ATC", "B01AF02", ["B01AF", "B01AF01", "B01AF02", "B01AE07"])
    ['B01AF01']
    """
    parent = parent_of(system, code)
    if not parent:
        return []
    return [
        other
        for other in around
        if other != code and len(other) == len(code) and parent_of(system, other) == parent
    ]


def children(system: str, code: str, around: Sequence[str]) -> list[str]:
    """Codes of ``around`` one level below ``code``.

    >>> children("ATC", "B01AF", ["B01AF", "B01AF01", "B01AE07"])
    ['B01AF01']
    """
    return [other for other in around if parent_of(system, other) == code]


def forgotten(
    system: str, codes: Sequence[str], around: Sequence[str]
) -> Iterator[tuple[str, list[str], list[str]]]:
    """Parents of which a list holds most children but not all: parent, listed, missing.

    At least two children are listed, and no fewer than those missing: one code alone is a choice.
    Codes of ``around`` that the list matches by a shorter prefix are not missing.

    >>> list(forgotten("ATC", ["B01AF01", "B01AF02"], ["B01AF01", "B01AF02", "B01AF03"]))
    [('B01AF', ['B01AF01', 'B01AF02'], ['B01AF03'])]
    """
    covers = tuple(codes)
    known: dict[tuple[str, int], list[str]] = {}
    for code in around:
        known.setdefault((parent_of(system, code), len(code)), []).append(code)
    families: dict[tuple[str, int], list[str]] = {}
    for code in codes:
        families.setdefault((parent_of(system, code), len(code)), []).append(code)
    for (parent, length), listed in families.items():
        others = known.get((parent, length), ())
        missing = [code for code in others if not code.startswith(covers)]
        if parent and len(listed) >= 2 and 0 < len(missing) <= len(listed):
            yield parent, listed, missing
