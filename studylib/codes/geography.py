"""Codes of French regions and departments, as INSEE writes them since 2016."""

from __future__ import annotations

import re

from studylib.codes.systems import CodeSystem, form


def _region_advice(code: str) -> str:
    if re.fullmatch(r"[1-46]", code):
        return f"zéro initial perdu, écrire « 0{code} »"
    if code == "5":
        return "5 réunit les cinq régions d'outre-mer dans les données ouvertes de la Cnam"
    if re.fullmatch(r"2[12356]|31|4[123]|54|7[234]|8[23]|91", code):
        return "code de région d'avant 2016"
    return ""


REGION = CodeSystem(
    name="region",
    label="Région (INSEE, 2016)",
    pattern=form(
        r"""
        0[12346]                        # Guadeloupe, Martinique, Guyane, La Réunion, Mayotte
        | 11 | 24 | 27 | 28 | 32 | 44 | 52 | 53 | 75 | 76 | 84 | 93
        | 94                            # Corse
        """,
    ),
    accepted="un code INSEE de région de 2016, sur 2 chiffres",
    example="84",
    full_length=2,
    advice=_region_advice,
)


def _department_advice(code: str) -> str:
    if code in ("20", "020", "209"):
        return "la Corse a deux départements, « 2A » et « 2B »"
    if code in ("201", "202"):
        return f"notation du SNDS, écrire « 2{'AB'[int(code[2]) - 1]} »"
    if re.fullmatch(r"[1-9]", code):
        return f"zéro initial perdu, écrire « 0{code} »"
    if re.fullmatch(r"0(?:\d\d|2[AB])", code) and DEPARTMENT.is_valid(code[1:]):
        return f"notation du SNDS, écrire « {code[1:]} »"
    if code in ("975", "977", "978", "986", "987", "988"):
        return "collectivité d'outre-mer, qui n'appartient à aucune région"
    return ""


DEPARTMENT = CodeSystem(
    name="department",
    label="Département (INSEE)",
    pattern=form(
        r"""
        0[1-9] | 1\d | 2[1-9]           # 20 was Corse, divided in 1976
        | 2[AB]                         # Corse-du-Sud, Haute-Corse
        | [3-8]\d | 9[0-5]
        | 97[12346]                     # Guadeloupe, Martinique, Guyane, La Réunion, Mayotte
        """,
    ),
    accepted="un code INSEE de département (01 à 95, 2A, 2B, 971 à 974, 976)",
    example="2A",
    full_length=2,
    advice=_department_advice,
)
