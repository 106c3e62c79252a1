"""Parameters of a study of regional spending on open data."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from studylib.requests.scalars import (
    DISTINCT,
    FREEZE,
    FROM_LIST,
    NOT_EMPTY,
    Annee,
    Ligne,
    Mois,
    Nom,
    Part,
    refusal,
)
from studylib.requests.strict import StrictModel, StudyParameters


class Months(StrictModel):
    """A run of months, first and last included."""

    model_config = ConfigDict(title="Mois")

    start: Mois = Field(title="Premier mois", description="AAAA-MM, compris")
    end: Mois = Field(title="Dernier mois", description="AAAA-MM, compris")

    @field_validator("end")
    @classmethod
    def _end_follows_start(cls, end: str, info: ValidationInfo) -> str:
        start = info.data.get("start")
        if start is not None and end < start:  # AAAA-MM sorts as text
            raise refusal(f"un dernier mois égal ou postérieur au premier ({start})")
        return end


class SubstanceGroup(StrictModel):
    """The originator and the copies of one substance, whose share is followed."""

    model_config = ConfigDict(title="Groupe de produits")

    substance: Ligne = Field(title="Substance", description="nom de la substance, en capitales")
    kind: Literal["biosimilar", "generic"] = Field(
        title="Copies suivies", description="biosimilar ou generic"
    )
    originators: Annotated[tuple[Ligne, ...], FROM_LIST, *NOT_EMPTY, *DISTINCT] = Field(
        title="Produits de référence", description="noms de marque des produits d'origine"
    )
    excluded: Annotated[tuple[Ligne, ...], FROM_LIST, *DISTINCT] = Field(
        default=(),
        title="Produits écartés",
        description="noms de marque qui ne se substituent pas aux autres (autre dosage…)",
    )


class CompleteMonths(StrictModel):
    """How the last months, whose bills are still coming in, are told from complete ones."""

    model_config = ConfigDict(title="Mois complets")

    tolerance: Part = Field(
        default=0.10, title="Tolérance", description="baisse tolérée, entre 0 et 1 exclus"
    )


class RegionalSpendingParameters(StudyParameters):
    """Every choice of the study of spending by region."""

    model_config = ConfigDict(title="Paramètres d'une étude de dépenses régionales")

    amount: Literal["reimbursed", "paid"] = Field(
        default="reimbursed", title="Montant", description="remboursé (reimbursed) ou payé (paid)"
    )
    trend_start: Mois = Field(
        default="2019-01", title="Début de la série", description="premier mois de la tendance"
    )
    comparison: Months | None = Field(
        default=None,
        title="Période comparée",
        description="bornes comprises ; absente : les 12 derniers mois complets",
    )
    shock: Months | None = Field(
        default=None,
        title="Rupture",
        description="mois d'un choc connu, par exemple le printemps 2020",
    )
    age_bands: Literal["common", "fine"] = Field(
        default="common",
        title="Classes d'âge",
        description="communes aux deux sources (common) ou de dix ans (fine)",
    )
    drug_year: Annee = Field(title="Année des médicaments", description="année d'Open Medic")
    atc_mapping: Literal["direct", "spread"] = Field(
        default="spread",
        title="Rattachement ATC",
        description="codes connus seuls (direct) ou étendus par substance (spread)",
    )
    groups: Annotated[dict[Nom, SubstanceGroup], FREEZE] = Field(
        default_factory=dict,
        validate_default=True,
        title="Groupes suivis",
        description="parts de biosimilaires ou de génériques à calculer",
    )
    complete_months: CompleteMonths = Field(
        default_factory=CompleteMonths,
        title="Mois complets",
        description="garde contre les derniers mois incomplets",
    )

    @field_validator("comparison", "shock")
    @classmethod
    def _within_the_series(cls, months: Months | None, info: ValidationInfo) -> Months | None:
        first = info.data.get("trend_start")
        if months is not None and first is not None and months.start < first:
            raise refusal(f"des mois de la série, qui commence en {first} (trend_start)")
        return months
