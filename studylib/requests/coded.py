"""Types whose accepted values come from the code systems: regions and codelists."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from studylib import codes, referentials
from studylib.errors import CodeError
from studylib.requests.scalars import SchemaExtra, refusal
from studylib.requests.wording import suggestion


def region_codes() -> list[str]:
    """The codes of the present regions, in order.

    >>> "11" in region_codes()
    True
    """
    return sorted(str(code) for code in referentials.regions()["code"])


def _real_region(code: str) -> str:
    known = region_codes()
    if code in known:
        return code
    two_digits = f" ; écrivez « 0{code} »" if f"0{code}" in known else ""
    raise refusal(f"un code de région de l'Insee{two_digits} : {', '.join(known)}")


def _readable_codelist(name: str) -> codes.Codelist:
    known = codes.codelist_names()
    if name not in known:
        raise refusal(suggestion(name, known, what="le nom d'une liste de codes"))
    try:
        return codes.codelist(name)
    except CodeError as error:
        raise refusal(f"une liste de codes correcte ; celle-ci ne l'est pas ({error})") from None


class CodelistName(AfterValidator):
    """Marks the fields that name a code list, so that those of a request can be found."""


def _of_system(*systems: str) -> CodelistName:
    def check(name: str) -> str:
        system = _readable_codelist(name).system
        if system not in systems:
            raise refusal(f"une liste de codes {' ou '.join(systems)} ; celle-ci est en {system}")
        return name

    return CodelistName(check)


def _names(*systems: str) -> SchemaExtra:
    def readable() -> list[str]:
        return [name for name in codes.codelist_names() if _system(name) in systems]

    return SchemaExtra({"enum": readable})


def _system(name: str) -> str | None:
    try:
        return codes.codelist(name).system
    except CodeError:
        return None  # a faulty list of the project is not offered for completion


RegionCode = Annotated[str, AfterValidator(_real_region), SchemaExtra({"enum": region_codes})]
DrugList = Annotated[str, _of_system("ATC", "CIP13", "OMOP"), _names("ATC", "CIP13", "OMOP")]
DiagnosisList = Annotated[str, _of_system("CIM-10", "OMOP"), _names("CIM-10", "OMOP")]
CovariateList = Annotated[
    str, _of_system("ATC", "CIP13", "CIM-10", "OMOP"), _names("ATC", "CIP13", "CIM-10", "OMOP")
]
