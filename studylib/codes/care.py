"""Code systems of diseases, acts, stays and establishments: CIM-10, CCAM, GHM, FINESS."""

from __future__ import annotations

import re

from studylib.codes.checkdigits import finess_key
from studylib.codes.systems import CodeSystem, form


def _cim10_advice(code: str) -> str:
    if re.fullmatch(r"[A-Za-z]\d?", code):
        return "code coupé : une catégorie a 3 caractères, énumérer celles qui sont voulues"
    if len(code) > 6:
        return f"code trop long ({len(code)} caractères)"
    return ""


CIM10 = CodeSystem(
    name="CIM-10",
    label="Classification internationale des maladies, 10e révision, à usage PMSI",
    pattern=form(
        r"""
        [A-Z]\d\d             # category
        [0-9A-Z+]{0,3}        # subdivisions, French extensions included (E728A, M62890)
        """,
    ),
    accepted="une lettre, deux chiffres, puis au plus 3 caractères, en capitales et sans point",
    example="I501",
    full_length=6,
    advice=_cim10_advice,
)


def _ccam_advice(code: str) -> str:
    if re.fullmatch(r"[A-Z]{4}\d{3}[-\s]?\d.*", code):
        return f"sans activité ni phase : écrire « {code[:7]} »"
    if re.fullmatch(r"[A-Z]{4}\d{0,2}", code):
        return "code coupé : 4 lettres et 3 chiffres, ou un préfixe de 1 à 4 lettres"
    return ""


CCAM = CodeSystem(
    name="CCAM",
    label="Classification commune des actes médicaux",
    pattern=form(
        r"""
        [A-Z]{2}              # anatomical site
        [A-Z]                 # action
        [A-Z]                 # access or technique
        \d{3}                 # serial number
        """,
    ),
    accepted="4 lettres et 3 chiffres",
    example="DZQM006",
    full_length=7,
    prefix_pattern=form(r"[A-Z]{1,4}"),
    advice=_ccam_advice,
)


def _ghm_advice(code: str) -> str:
    if re.fullmatch(r"\d\d[CHKMZ]\d\d[SVW]", code):
        return "S, V et W sont des niveaux de la classification d'avant 2009"
    if GHM.prefix_pattern and GHM.prefix_pattern.fullmatch(code):
        return "code incomplet, qui n'est admis que comme préfixe"
    if re.fullmatch(r"\d{1,4}", code):
        return "un nombre seul est un GHS (tarif) et non un GHM"
    return ""


GHM = CodeSystem(
    name="GHM",
    label="Groupe homogène de malades, classification en vigueur depuis 2009",
    pattern=form(
        r"""
        \d\d                  # major category (90: errors)
        [CHKMZ]               # surgical, mixed, catheter, medical, undifferentiated
        \d\d                  # root number
        [1-4A-EJTZ]           # severity 1-4 or A-D, E death, J day surgery, T very short, Z none
        """,
    ),
    accepted="2 chiffres, une lettre, 2 chiffres, puis 1 à 4, A à E, J, T ou Z",
    example="05M092",
    full_length=6,
    prefix_pattern=form(r"\d\d(?:[CHKMZ](?:\d\d)?)?"),
    advice=_ghm_advice,
)


def _wrong_finess_key(code: str) -> str:
    key = finess_key(code)
    return "" if code.endswith(key) else f"la clé (dernier chiffre) devrait être {key}"


def _finess_advice(code: str) -> str:
    if len(code) != 8:
        return ""
    meant = []
    if FINESS.is_valid("0" + code):
        meant.append(f"« 0{code} » si le zéro initial s'est perdu")
    if re.fullmatch(r"\d[\dAB]\d{6}", code):
        meant.append(f"« {code}{finess_key(code)} » si la clé finale manque (SNDS)")
    meant.append("un autre numéro si un chiffre du début s'est perdu")
    return "8 caractères, il en manque un : " + ", ou ".join(meant)


FINESS = CodeSystem(
    name="FINESS",
    label="Numéro d'établissement du fichier national FINESS",
    pattern=form(
        r"""
        (?: 0[1-9] | [1-8]\d | 9[0-8]   # department; 97 and 98 overseas
        | 2[AB] )                       # Corsica
        \d{6}
        \d                              # Luhn key
        """,
    ),
    accepted="9 caractères commençant par le département (2A et 2B en Corse), le dernier étant "
    "la clé",
    example="750712184",
    full_length=9,
    fault=_wrong_finess_key,
    advice=_finess_advice,
)
