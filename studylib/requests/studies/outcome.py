"""The parts of a request that every study of harm has: when persons enter, what is studied."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from studylib.requests.coded import DiagnosisList
from studylib.requests.scalars import DISTINCT, FROM_LIST, NOT_EMPTY, Jour, Ligne, refusal
from studylib.requests.strict import StrictModel

Position = Literal["DP", "DR", "DAS"]


class Period(StrictModel):
    """The days a person may enter, first and last included."""

    model_config = ConfigDict(title="Période d'inclusion")

    start: Jour = Field(title="Début", description="premier jour, compris")
    end: Jour = Field(title="Fin", description="dernier jour, compris")

    @field_validator("end")
    @classmethod
    def _end_follows_start(cls, end: date, info: ValidationInfo) -> date:
        start = info.data.get("start")
        if start is not None and end < start:
            raise refusal(f"une fin égale ou postérieure au début ({start})")
        return end


class Outcome(StrictModel):
    """The event studied: diagnoses of hospital stays, in given positions."""

    model_config = ConfigDict(title="Événement étudié")

    codelist: DiagnosisList = Field(title="Liste de codes", description="liste de codes CIM-10")
    positions: Annotated[tuple[Position, ...], FROM_LIST, *NOT_EMPTY, *DISTINCT] = Field(
        default=("DP",),
        title="Positions",
        description="DP (principal), DR (relié), DAS (associé)",
    )
    label: Ligne = Field(title="Libellé", description="nom de l'événement dans le rapport")
