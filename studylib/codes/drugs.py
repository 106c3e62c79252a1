"""Code systems of medicines: ATC, CIP and UCD."""

from __future__ import annotations

import re

from studylib.codes.checkdigits import ean13_key
from studylib.codes.systems import CodeSystem, form


def _atc_advice(code: str) -> str:
    if len(code) == 6 and ATC.pattern.fullmatch(code[:5]):
        return f"code coupé : écrire « {code[:5]} » (tout le groupe) ou le code à 7 caractères"
    if len(code) == 2 and ATC.pattern.fullmatch(code[:1]):
        return f"code coupé : écrire « {code[:1]} » (tout le groupe) ou le code à 3 caractères"
    if len(code) > 7:
        return f"code trop long ({len(code)} caractères)"
    return ""


ATC = CodeSystem(
    name="ATC",
    label="Classification anatomique, thérapeutique et chimique (OMS)",
    pattern=form(
        r"""
        [ABCDGHJLMNPRSV]      # level 1, anatomical group: 1 character
        (?: \d\d              # level 2, therapeutic group: 3 characters
        (?: [A-Z]             # level 3, pharmacological group: 4 characters
        (?: [A-Z]             # level 4, chemical group: 5 characters
        (?: \d\d              # level 5, substance: 7 characters
        )? )? )? )?
        """,
    ),
    accepted="1, 3, 4, 5 ou 7 caractères",
    example="A10BA02",
    full_length=7,
    advice=_atc_advice,
)

_SEVEN_DIGITS = form(r"\d{7}")


def _wrong_ean13(code: str) -> str:
    key = ean13_key(code)
    return "" if code.endswith(key) else f"la clé (dernier chiffre) devrait être {key}"


def cip13_from_cip7(cip7: str) -> str:
    """The CIP13 of a CIP7: 34009, the seven digits, the EAN-13 key.

    >>> cip13_from_cip7("4949729")
    '3400949497294'
    """
    stem = "34009" + CIP7.check(cip7)
    return stem + ean13_key(stem)


def ucd13_from_ucd7(ucd7: str) -> str:
    """The official UCD13 of a UCD7: 34008, the seven digits, the EAN-13 key.

    >>> ucd13_from_ucd7("9000294")
    '3400890002943'
    """
    stem = "34008" + UCD7.check(ucd7)
    return stem + ean13_key(stem)


def _cip13_advice(code: str) -> str:
    if _SEVEN_DIGITS.fullmatch(code):
        return f"c'est un CIP7, dont le CIP13 est « {cip13_from_cip7(code)} »"
    if code.startswith("34008"):
        return "34008 est le préfixe des UCD13"
    if code.isdigit() and len(code) != 13:
        return f"{len(code)} chiffres au lieu de 13"
    return ""


def _ucd13_advice(code: str) -> str:
    if _SEVEN_DIGITS.fullmatch(code) and UCD7.is_valid(code):
        return f"c'est un UCD7, dont l'UCD13 est « {ucd13_from_ucd7(code)} »"
    if re.fullmatch(r"0{6}9\d{6}", code):
        return f"forme complétée par des zéros (SNDS) de l'UCD7 « {code[6:]} »"
    if code.startswith("34009"):
        return "34009 est le préfixe des CIP13"
    return ""


def _ucd7_advice(code: str) -> str:
    if UCD13.is_valid(code):
        return f"c'est un UCD13, dont l'UCD7 est « {code[5:12]} »"
    if re.fullmatch(r"0{6}9\d{6}", code):
        return f"forme complétée par des zéros (SNDS), écrire « {code[6:]} »"
    return ""


def _cip7_advice(code: str) -> str:
    return f"c'est un CIP13, dont le CIP7 est « {code[5:12]} »" if CIP13.is_valid(code) else ""


# No key is checked in CIP7 and UCD7. Six digits weighted 2 to 7, modulo 11, give the seventh one
# of older codes, but 8 177 of the 20 903 presentations of the BDPM of May 2026 break that rule
# (newer series, 300xxxx and after), as do the newer UCD of the series 900xxxx.
CIP7 = CodeSystem(
    name="CIP7",
    label="Code identifiant de présentation à 7 chiffres",
    pattern=_SEVEN_DIGITS,
    accepted="7 chiffres",
    example="4949729",
    full_length=7,
    advice=_cip7_advice,
)

CIP13 = CodeSystem(
    name="CIP13",
    label="Code identifiant de présentation à 13 chiffres",
    pattern=form(
        r"""
        3400                  # medicines of the French market
        9                     # presentation (8 is a UCD)
        \d{7}                 # the CIP7
        \d                    # EAN-13 control key
        """,
    ),
    accepted="13 chiffres commençant par 34009, le dernier étant la clé EAN-13",
    example="3400949497294",
    full_length=13,
    fault=_wrong_ean13,
    advice=_cip13_advice,
)

UCD7 = CodeSystem(
    name="UCD7",
    label="Unité commune de dispensation, 7 chiffres",
    pattern=form(
        r"""
        9                     # every UCD begins with 9
        \d{6}
        """,
    ),
    accepted="7 chiffres commençant par 9",
    example="9261104",
    full_length=7,
    advice=_ucd7_advice,
)

UCD13 = CodeSystem(
    name="UCD13",
    label="Unité commune de dispensation, 13 chiffres",
    pattern=form(
        r"""
        3400                  # medicines of the French market
        8                     # dispensing unit (9 is a presentation)
        9\d{6}                # the UCD7
        \d                    # EAN-13 control key
        """,
    ),
    accepted="13 chiffres commençant par 34008, le dernier étant la clé EAN-13",
    example="3400890002943",
    full_length=13,
    fault=_wrong_ean13,
    advice=_ucd13_advice,
)
