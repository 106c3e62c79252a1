"""The head of a request: who asks what, on what legal basis, and when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, ValidationInfo, field_validator

from studylib.requests.coded import RegionCode
from studylib.requests.scalars import FREEZE, Identifiant, Jour, Ligne, Texte, refusal
from studylib.requests.strict import StrictModel

Kind = Literal["saisine", "ars", "ansm", "regional", "urgent"]


def _informed_only(dates: Mapping[str, date | None]) -> dict[str, date]:
    return {region: day for region, day in dates.items() if day is not None}


# Each date is optional: an agency not yet informed stops the publication, not the study.
AgenciesInformed = Annotated[dict[RegionCode, Jour | None], AfterValidator(_informed_only), FREEZE]

# What the JSON schema adds: the fields that one kind of request makes compulsory.
_COMPULSORY: dict[str, Any] = {
    "allOf": [
        {
            "if": {"properties": {"kind": {"const": kind}}},
            "then": {"required": fields},
        }
        for kind, fields in (("saisine", ["requester", "legal_basis"]), ("urgent", ["due"]))
    ]
}


class RequestHeader(StrictModel):
    """Who asks what, on what legal basis, and when."""

    model_config = ConfigDict(title="La demande", json_schema_extra=_COMPULSORY)

    id: Identifiant = Field(
        title="Identifiant",
        description="année, tiret, numéro (2026-014) ; nomme aussi le dossier des résultats",
    )
    title: Ligne = Field(title="Titre", description="une ligne, entre guillemets si elle a « : »")
    kind: Kind = Field(
        title="Nature",
        description="saisine (ministre), ars, ansm, regional (programme propre) ou urgent",
    )
    received: Jour = Field(title="Reçue le", description="date de réception, AAAA-MM-JJ")
    due: Jour | None = Field(
        default=None,
        validate_default=True,
        title="Échéance",
        description="date de réponse, AAAA-MM-JJ ; obligatoire si kind vaut urgent",
    )
    requester: Ligne | None = Field(
        default=None,
        validate_default=True,
        title="Demandeur",
        description="qui demande l'étude ; obligatoire pour une saisine",
    )
    legal_basis: Ligne | None = Field(
        default=None,
        validate_default=True,
        title="Fondement",
        description="texte sur lequel repose la demande ; obligatoire pour une saisine",
    )
    agencies_informed: AgenciesInformed = Field(
        default_factory=dict,
        validate_default=True,
        title="Agences informées",
        description="pour chaque région, date d'information du directeur général de l'ARS",
    )
    question: Texte = Field(title="Question", description="la question posée, en français")

    @field_validator("due")
    @classmethod
    def _due_follows_received(cls, due: date | None, info: ValidationInfo) -> date | None:
        received = info.data.get("received")
        if due is None and info.data.get("kind") == "urgent":
            raise refusal("une échéance (due) : une demande urgente en a toujours une")
        if due is not None and received is not None and due < received:
            raise refusal(f"une échéance égale ou postérieure à la réception ({received})")
        return due

    @field_validator("requester", "legal_basis")
    @classmethod
    def _saisine_says_who_and_why(cls, text: str | None, info: ValidationInfo) -> str | None:
        if text is None and info.data.get("kind") == "saisine":
            wanted = {
                "requester": "le demandeur (requester), par exemple Direction générale de la santé",
                "legal_basis": "le fondement (legal_basis), par exemple CSP R1413-90",
            }
            raise refusal(f"{wanted[str(info.field_name)]} : une saisine le précise toujours")
        return text
