"""Control keys of French code systems."""

from __future__ import annotations

_CORSICA = str.maketrans({"A": "1", "B": "2"})


def ean13_key(digits: str) -> str:
    """The thirteenth digit of an EAN-13 code, from its first twelve.

    Weights 1 and 3 alternate and the whole is a multiple of 10 (GS1 General Specifications), so
    any single wrong digit is caught.

    >>> ean13_key("340094949729")
    '4'
    """
    total = sum(int(digit) * (3 if rank % 2 else 1) for rank, digit in enumerate(digits[:12]))
    return str(-total % 10)


def finess_key(characters: str) -> str:
    """The ninth character of a FINESS number, from its first eight.

    Luhn's formula (ISO/IEC 7812-1). In Corsica the letters of 2A and 2B count as 1 and 2: the
    formula then holds for the numbers published by the prefecture of Haute-Corse (2024).

    >>> finess_key("75071218"), finess_key("2B000002")
    ('4', '0')
    """
    total = 0
    for rank, digit in enumerate(characters[:8].translate(_CORSICA)):
        doubled = int(digit) * (2 if rank % 2 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)
