"""Concepts of the OMOP CDM, by which drugs and diseases are found where French codes are absent."""

from __future__ import annotations

from studylib.codes.systems import CodeSystem, form


def _advice(code: str) -> str:
    if code == "0":
        return "0 veut dire « aucun concept »"
    return "un concept OMOP est un numéro, et non le code de sa nomenclature d'origine"


OMOP = CodeSystem(
    name="OMOP",
    label="Concepts standard d'OMOP (Athena)",
    pattern=form(
        r"""
        =?                    # the concept alone, without its descendants
        [1-9]\d{0,14}
        """,
    ),
    accepted="le numéro d'un concept, qui vaut pour lui et ses descendants, ou = et ce numéro "
    "pour le concept seul",
    example="1118084",
    full_length=1,
    advice=_advice,
)
