"""The thirty traps of the SNDS, each a switch with its rate.

Numbers, meanings and rates follow the project's facts on the SNDS; a trap that is off leaves the
raw tables clean of it, so that a test can meet each one alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from studylib.errors import CodeError


@dataclass(frozen=True)
class Trap:
    """One trap: its key, the share of what it touches (lines, persons, stays), and what it is."""

    key: str
    rate: float
    meaning: str


_ALL = (
    Trap("T1", 0.03, "regularisations: a line and its opposite, billed again or not"),
    Trap("T2", 0.20, "several boxes of a dispensing written on as many identical lines"),
    Trap("T3", 0.60, "several fine lines in one prestation, whose amount covers them all"),
    Trap("T4", 1.00, "January flows in the archive of the year before, a few lines in both"),
    Trap("T5", 1.00, "public hospitals that bill through the DCIR, lines for information only"),
    Trap("T6", 0.07, "persons with several pseudonyms; twins under one pseudonym"),
    Trap("T7", 0.01, "provisional and fictitious NIR, the latter shared by several persons"),
    Trap("T8", 0.01, "flows that come late: 1 % after six months; an early extraction"),
    Trap("T9", 0.20, "dates with a time, codes kept as numbers, CIP7 alone before 2014"),
    Trap("T10", 0.02, "dispensing fees as prestations of their own; supplements"),
    Trap("T11", 0.005, "unit-dose dispensing: units at the price of a unit"),
    Trap("T12", 0.02, "stays whose link to a person is wrong, told by return codes"),
    Trap("T13", 0.03, "every spelling of departments; unknown residence"),
    Trap("T14", 1.00, "stays sent under two FINESS numbers up to 2017"),
    Trap("T15", 0.01, "stays in error groups"),
    Trap("T16", 0.20, "diagnoses only in medical units; repeated associated diagnoses"),
    Trap("T17", 1.00, "definition of the principal diagnosis changed in 2009"),
    Trap("T18", 0.20, "one line of costly drugs written on several stays"),
    Trap("T19", 0.03, "drugs off the list, prices above the tariff, negative numbers, old years"),
    Trap("T20", 1.00, "drugs of private hospitals collected twice"),
    Trap("T21", 1.00, "totals of stays that already hold the drugs"),
    Trap("T22", 0.02, "stays that are services for another establishment"),
    Trap("T23", 1.00, "stay numbers that begin again each year"),
    Trap("T24", 1.00, "tariffs that change on 1 March"),
    Trap("T25", 0.16, "registered ALD without exempted care, exempted care without ALD"),
    Trap("T26", 0.30, "changed ALD records kept beside the first ones"),
    Trap("T27", 0.05, "ALD numbered 0"),
    Trap("T28", 0.01, "packs without ATC, packs whose ATC changed"),
    Trap("T29", 0.00, "cut codes in lists: met where code lists enter, not in raw tables"),
    Trap("T30", 0.03, "residence and death out of date in the person referential"),
)
TRAPS = {trap.key: trap for trap in _ALL}


@dataclass(frozen=True)
class Traps:
    """The traps that are on.

    >>> traps = everything().without("T6", "T7")
    >>> traps.rate("T6"), traps.rate("T1"), "T6" in traps
    (0.0, 0.03, False)
    """

    on: frozenset[str]

    def __post_init__(self) -> None:
        for key in sorted(self.on):
            _known(key)

    def __contains__(self, key: str) -> bool:
        return _known(key) in self.on

    def rate(self, key: str) -> float:
        """The rate of a trap, 0 when it is off."""
        return TRAPS[key].rate if key in self else 0.0

    def without(self, *keys: str) -> Traps:
        """These traps but those named."""
        return Traps(self.on - {_known(key) for key in keys})

    def keys(self) -> list[str]:
        """The keys of the traps that are on, T1 to T30."""
        return [key for key in TRAPS if key in self.on]


def everything() -> Traps:
    """All thirty traps."""
    return Traps(frozenset(TRAPS))


def nothing() -> Traps:
    """No trap: raw tables without any of the difficulties."""
    return Traps(frozenset())


def only(keys: Iterable[str]) -> Traps:
    """The traps named and no other.

    >>> only(["T14", "T1"]).keys()
    ['T1', 'T14']
    """
    return Traps(frozenset(keys))


def _known(key: str) -> str:
    if key not in TRAPS:
        close = get_close_matches(key.upper(), TRAPS, 1)
        hint = f" (vouliez-vous « {close[0]} » ?)" if close else ""
        raise CodeError(f"Piège « {key} » inconnu{hint} ; ils vont de T1 à T30.")
    return key
