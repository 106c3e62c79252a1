"""How the arms of a study of harm are compared, as its request says it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from studylib.requests.scalars import (
    DISTINCT,
    FROM_LIST,
    NOT_EMPTY,
    Age,
    Entier,
    Fenetre,
    FenetreNonVide,
    OuiNon,
    Part,
    refusal,
    within,
)
from studylib.requests.strict import StrictModel, StudyParameters
from studylib.requests.studies.adjustment import Adjustment, OutcomeModel, model_faults

DAYS_PER_YEAR = 365.25


class NestedCaseControl(StrictModel):
    """A nested case-control study: whom each case is compared with, and when exposure is read."""

    model_config = ConfigDict(title="Cas-témoins niché")

    controls: Annotated[Entier, *within(1, 20, "de 1 à 20 témoins par cas")] = Field(
        default=4, title="Témoins par cas"
    )
    seed: Entier = Field(title="Graine du tirage", description="le même tirage à chaque exécution")
    time_scale: Literal["time_since_entry", "calendar_date"] = Field(
        default="time_since_entry",
        title="Échelle de temps",
        description="time_since_entry (suivi depuis aussi longtemps) ou calendar_date (même jour)",
    )
    matched_on: Annotated[tuple[Literal["male", "region"], ...], FROM_LIST, *DISTINCT] = Field(
        default=("male", "region"), title="Appariés sur", description="male (le sexe), region"
    )
    age_caliper_years: Age | None = Field(
        default=2, title="Écart d'âge admis (années)", description="au plus, entre cas et témoin"
    )
    exposed_days: FenetreNonVide = Field(
        default=1,
        title="Fenêtre d'exposition (jours)",
        description="exposé si un de ces jours est couvert, avant l'événement",
    )
    lag_days: Fenetre = Field(
        default=0,
        title="Décalage (jours)",
        description="jours écartés juste avant l'événement",
    )

    def sampling(self) -> dict[str, Any]:
        """The keyword arguments of ``risk.incidence_density_sets``."""
        years = self.age_caliper_years
        return {
            "controls": self.controls,
            "seed": self.seed,
            "time_scale": self.time_scale,
            "matched_on": self.matched_on,
            "age_caliper": None if years is None else round(years * DAYS_PER_YEAR),
        }

    def choices(self) -> dict[str, Any]:
        """Those of ``risk.nested_case_control``."""
        return {"window": self.exposed_days, "lag": self.lag_days, **self.sampling()}


class TimeVarying(StrictModel):
    """Exposure read all along the follow-up: when a drug begins and ceases to count."""

    model_config = ConfigDict(title="Exposition variable")

    lag_days: Fenetre = Field(
        default=0,
        title="Décalage (jours)",
        description="jours entre le début d'une exposition et son effet ; 0 : dès le lendemain",
    )
    risk_window_days: Fenetre = Field(
        default=0,
        title="Risque prolongé après l'arrêt (jours)",
        description="jours encore comptés après le dernier jour couvert",
    )
    ties: Literal["efron", "breslow"] = Field(default="efron", title="Ex æquo")

    def cuts(self) -> dict[str, int]:
        """The keyword arguments of ``cohort.exposure_intervals``."""
        return {"lag_days": self.lag_days, "risk_window_days": self.risk_window_days}


class ModelledRisks(StrictModel):
    """Risk differences from a model of the outcome, beside those of the weights."""

    model_config = ConfigDict(title="Risques modélisés")

    estimators: Annotated[
        tuple[Literal["doubly_robust", "standardised"], ...], FROM_LIST, *NOT_EMPTY, *DISTINCT
    ] = Field(
        default=("doubly_robust",),
        title="Estimateurs",
        description="doubly_robust (AIPW), standardised (formule g)",
    )
    smallest_score: Part = Field(
        default=0.01, title="Score ramené au moins à", description="doubly_robust"
    )


class ComparisonParameters(StudyParameters):
    """How the arms are compared."""

    adjustment: Adjustment = Field(
        default=Adjustment(), title="Ajustement", description="ce qui rend les groupes comparables"
    )
    model: OutcomeModel = Field(
        default=OutcomeModel(), title="Modèle de risque", description="ex æquo, intervalle"
    )
    competing_risks: OuiNon = Field(
        default=False,
        title="Décès en concurrence",
        description="oui : rapports propres à chaque cause, Fine et Gray, temps moyen perdu",
    )
    modelled_risks: ModelledRisks | None = Field(
        default=None,
        title="Risques modélisés",
        description="absent : non faits ; différences de risque doublement robustes, standardisées",
    )
    nested_case_control: NestedCaseControl | None = Field(
        default=None,
        title="Cas-témoins niché",
        description="absent : non fait ; témoins, appariement, graine, décalage",
    )
    time_varying: TimeVarying | None = Field(
        default=None,
        title="Exposition variable dans le temps",
        description="absent : non faite ; {} suffit",
    )

    @field_validator("model")
    @classmethod
    def _goes_with_the_adjustment(cls, model: OutcomeModel, info: ValidationInfo) -> OutcomeModel:
        found = model_faults(info.data["adjustment"], model) if "adjustment" in info.data else []
        if found:
            raise refusal(*found)
        return model

    @property
    def adjusted(self) -> bool:
        """Whether the primary analysis is adjusted at all."""
        return self.adjustment.method != "none"

    @property
    def rereads_exposure(self) -> bool:
        """Whether a design asked for reads exposure again during follow-up."""
        return self.nested_case_control is not None or self.time_varying is not None
