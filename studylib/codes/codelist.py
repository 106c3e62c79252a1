"""A code list: codes and prefixes of one system, never empty, never cut, never silently idle."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from studylib.codes.registry import system
from studylib.codes.systems import bare
from studylib.errors import CodeError


@dataclass(frozen=True)
class RawList:
    """A list as it was given, before any control: its name, system and codes."""

    name: str
    system: str
    codes: tuple[str, ...]


@dataclass(frozen=True)
class Codelist:
    """Codes of one system that together define a drug group, a disease, an act.

    A code shorter than the full length of its system (ATC 7, CIM-10 6, CCAM 7, GHM 6) is a prefix:
    it matches itself and everything that begins with it. All others match exactly.

    >>> aod = Codelist("aod", "ATC", ("B01AE07", "B01AF"), "2026-01-01", "doctest", "AOD")
    >>> aod.matches("B01AF02"), aod.matches("B01AE06")
    (True, False)
    >>> aod.prefixes
    ('B01AF',)
    """

    name: str
    system: str
    codes: tuple[str, ...]
    version: str
    source: str
    label: str

    def __post_init__(self) -> None:
        """Refuse a list that is empty, undated, without source, or with a wrong code."""
        given: object = self.codes
        if isinstance(given, str):
            raise CodeError(
                f"Liste « {self.name} » : les codes sont une suite de textes et non un seul texte, "
                f"reçu « {given} »."
            )
        object.__setattr__(self, "codes", tuple(self.codes))
        if not self.codes:
            raise CodeError(f"Liste « {self.name} » vide : donner au moins un code.")
        self._check_codes()
        self._check_description()

    def _check_codes(self) -> None:
        known = system(self.system)
        seen: set[str] = set()
        for rank, code in enumerate(self.codes, start=1):
            try:
                known.check(code, prefix=True)
            except CodeError as refusal:
                raise CodeError(f"Liste « {self.name} », code n° {rank} : {refusal}") from None
            if code in seen:
                raise CodeError(
                    f"Liste « {self.name} », code n° {rank} : « {code} » figure deux fois, "
                    f"supprimer le doublon."
                )
            seen.add(code)

    def _check_description(self) -> None:
        try:
            date.fromisoformat(self.version)
        except (TypeError, ValueError):
            raise CodeError(
                f"Liste « {self.name} » : version « {self.version} », attendu une date comme "
                f"« 2026-01-31 »."
            ) from None
        for field in ("source", "label"):
            if not str(getattr(self, field)).strip():
                raise CodeError(f"Liste « {self.name} » : « {field} » est vide, le renseigner.")

    @property
    def full_codes(self) -> tuple[str, ...]:
        """The codes matched by equality."""
        return tuple(code for code in self.codes if system(self.system).is_full(code))

    @property
    def prefixes(self) -> tuple[str, ...]:
        """The codes matched by what begins with them."""
        return tuple(code for code in self.codes if not system(self.system).is_full(code))

    @cached_property
    def _matchers(self) -> tuple[frozenset[str], tuple[str, ...]]:
        return frozenset(self.full_codes), self.prefixes

    def matches(self, code: str) -> bool:
        """True when ``code`` is in the list or begins with one of its prefixes."""
        full, prefixes = self._matchers
        return code in full or code.startswith(prefixes)

    def matched(self, codes: Iterable[str]) -> tuple[str, ...]:
        """The codes of the list that match at least one of ``codes``, in list order."""
        present = sorted({code for code in codes if isinstance(code, str)})
        full, _ = self._matchers

        def is_present(code: str) -> bool:
            rank = bisect_left(present, code)
            if rank == len(present):
                return False
            return present[rank] == code if code in full else present[rank].startswith(code)

        return tuple(code for code in self.codes if is_present(code))

    def require_match(self, present_codes: Iterable[str]) -> tuple[str, ...]:
        """The codes of the list that match nothing, once it is sure that the list applies.

        ``present_codes`` are the distinct codes of the data. ``CodeError`` when no code of the
        list matches anything (a wrong column or a wrong list, never an absence of persons), and
        when some codes of the data would match if they were written as the system writes them:
        with dots, I60 would find I60.9 while K250 silently misses K25.0.
        """
        present = [code for code in present_codes if isinstance(code, str)]
        misspelt = [code for code in present if bare(code) != code and self._would_match(code)]
        if misspelt:
            raise CodeError(
                f"Liste « {self.name} » ({self.system}) : {len(misspelt)} code(s) des données mal "
                f"écrits pour ce système, par exemple {_quoted(misspelt[:3])} ; les mettre en "
                f"capitales, sans espace ni point, avant de chercher la liste."
            )
        found = set(self.matched(present))
        if not found:
            raise CodeError(
                f"Liste « {self.name} » ({self.system}) : aucun de ses codes "
                f"({', '.join(self.codes)}) ne correspond aux données, dont les codes sont par "
                f"exemple {_quoted(present[:3]) or 'aucun'} ; vérifier la colonne lue et la forme "
                f"des codes."
            )
        return tuple(code for code in self.codes if code not in found)

    def _would_match(self, code: str) -> bool:
        return self.matches(bare(code))

    @property
    def sha256(self) -> str:
        """Fingerprint of the content: the system and its codes, whatever their order."""
        content = "\n".join([self.system, *sorted(self.codes)])
        return hashlib.sha256(content.encode()).hexdigest()


def _quoted(codes: Iterable[str]) -> str:
    return ", ".join(f"« {code} »" for code in codes)
