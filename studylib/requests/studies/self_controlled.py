"""Parameters of a self-controlled case series."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from studylib import codes
from studylib.requests.coded import DrugList
from studylib.requests.gates import GateThresholds, Openings, among
from studylib.requests.scalars import (
    DISTINCT,
    FREEZE,
    FROM_LIST,
    Age,
    Entier,
    Fault,
    Fenetre,
    FenetreNonVide,
    Libelle,
    Ligne,
    Nom,
    refusal,
    within,
)
from studylib.requests.strict import StrictModel, StudyParameters
from studylib.requests.studies.case_crossover import CaseCrossover
from studylib.requests.studies.outcome import Outcome, Period

Anchor = Literal["start", "end"]
Observation = Literal["independent", "event_dependent"]
DAYS_PER_YEAR = 365.25
_DAY = within(-365, 7305, "un nombre de jours de -365 à 7 305")


class RiskWindow(StrictModel):
    """Days counted from an exposure, first and last included."""

    model_config = ConfigDict(title="Fenêtre")

    label: Ligne = Field(title="Libellé", description="nom de la fenêtre dans le rapport")
    first: Annotated[Entier, *_DAY] = Field(
        title="Premier jour", description="compris ; 0 est le jour de repère"
    )
    last: Annotated[Entier, *_DAY] = Field(title="Dernier jour", description="compris")
    first_from: Anchor = Field(
        default="start", title="Repère du premier jour", description="début ou fin de l'exposition"
    )
    last_from: Anchor = Field(
        default="start", title="Repère du dernier jour", description="début ou fin de l'exposition"
    )

    @model_validator(mode="after")
    def _in_order(self) -> RiskWindow:
        if self.first_from == self.last_from and self.last < self.first:
            raise refusal("un dernier jour égal ou postérieur au premier")
        return self


class TimeVariant(StrictModel):
    """What one sensitivity analysis changes; a field left out stays as in the primary one."""

    model_config = ConfigDict(title="Analyse de sensibilité")

    label: Ligne = Field(title="Libellé", description="nom de l'analyse dans le rapport")
    season: Literal["none", "months", "spline"] | None = Field(default=None, title="Saison")
    calendar: Literal["none", "spline"] | None = Field(default=None, title="Calendrier")
    recurrence: Literal["all", "first"] | None = Field(default=None, title="Événements retenus")
    overlap: Literal["later", "merge"] | None = Field(default=None, title="Recouvrement")
    naive_period_days: Fenetre | None = Field(default=None, title="Période naïve (jours)")
    observation: Observation | None = Field(default=None, title="Fin d'observation")

    def changes(self) -> dict[str, Any]:
        """The fields that differ from the primary analysis, with their values."""
        named = {name: getattr(self, name) for name in type(self).model_fields if name != "label"}
        return {name: value for name, value in named.items() if value is not None}


class SelfControlledParameters(StudyParameters):
    """Every choice of the study, with the defaults of a usual case series."""

    model_config = ConfigDict(title="Paramètres d'une série de cas autocontrôlée")

    exposures: Annotated[dict[Nom, DrugList], FREEZE] = Field(
        title="Expositions",
        description="nom: liste de codes (ATC ou CIP13)",
        json_schema_extra={"minProperties": 1},
    )
    outcome: Outcome = Field(title="Événement étudié", description="liste, positions et libellé")
    period: Period = Field(title="Période", description="jours étudiés, bornes comprises")
    windows: Annotated[dict[Nom, RiskWindow], FREEZE] = Field(
        title="Fenêtres",
        description="nom: jours comptés depuis l'exposition ; pre_exposure sert de contrôle",
        json_schema_extra={"minProperties": 1},
    )
    exposure_days: FenetreNonVide | None = Field(
        default=None,
        title="Durée d'une délivrance (jours)",
        description="sans elle, les jours que la délivrance couvre",
    )
    overlap: Literal["later", "merge"] = Field(
        default="later",
        title="Fenêtres qui se recouvrent",
        description="la plus récente l'emporte, ou expositions réunies d'abord",
    )
    same_event_days: Fenetre = Field(
        default=30,
        title="Même événement (jours)",
        description="un séjour qui suit d'aussi près continue le précédent",
    )
    recurrence: Literal["all", "first"] = Field(
        default="all", title="Événements retenus", description="tous, ou le premier"
    )
    naive_period_days: Fenetre = Field(
        default=0, title="Période naïve (jours)", description="premiers jours observés, écartés"
    )
    age_cuts: Annotated[tuple[Age, ...], FROM_LIST, *DISTINCT] = Field(
        default=(), title="Coupures d'âge (ans)", description="premier âge de chaque groupe"
    )
    season: Literal["none", "months", "spline"] = Field(
        default="months", title="Saison", description="aucune, par mois, ou courbe lisse"
    )
    calendar: Literal["none", "spline"] = Field(
        default="none", title="Calendrier", description="aucun, ou courbe lisse"
    )
    observation: Observation = Field(
        default="independent",
        title="Fin d'observation",
        description="indépendante de l'événement, ou non (extension de Farrington)",
    )
    interval: Literal["wald", "profile"] = Field(
        default="profile", title="Intervalle", description="normal, ou de vraisemblance profilée"
    )
    case_crossover: CaseCrossover | None = Field(
        default=None,
        title="Cas croisés",
        description="second plan sur les mêmes cas ; sans ce champ, non réalisé",
    )
    gates: GateThresholds = Field(
        default=GateThresholds(),
        title="Seuils des contrôles",
        description="en deçà ou au-delà, les estimations sont retenues",
    )
    opened_gates: Annotated[
        Openings,
        among(
            "mdrr",
            "event_dependent_exposure",
            "event_dependent_observation",
            "rare_outcome",
            "time_stability",
            "prevalence_drift",
        ),
    ] = Field(
        default=(),
        title="Contrôles levés",
        description="acte nommé : contrôle, par qui, quand, pourquoi",
    )
    sensitivity: Annotated[dict[Nom, TimeVariant], FREEZE] = Field(
        default_factory=dict,
        title="Analyses de sensibilité",
        description="nom: ce qui diffère de l'analyse principale",
    )

    @field_validator("exposures", "windows")
    @classmethod
    def _some(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        if not given:
            raise refusal("au moins une entrée")
        return given

    @field_validator("sensitivity")
    @classmethod
    def _differ(cls, by_name: Mapping[str, TimeVariant]) -> Mapping[str, TimeVariant]:
        found = [
            Fault("au moins un champ qui change, en plus de label", (name,))
            for name, variant in by_name.items()
            if not variant.changes() or name == "primary"
        ]
        if found:
            raise refusal(*found)
        return by_name

    @model_validator(mode="after")
    def _one_event_where_it_may_end_the_observation(self) -> SelfControlledParameters:
        for name, one in self.analyses().items():
            if one.observation == "event_dependent" and one.recurrence == "all":
                at = () if name == "primary" else ("sensitivity", name)
                accepted = "recurrence: first quand observation vaut event_dependent"
                raise refusal(Fault(accepted, at, one.recurrence))
        return self

    def age_days(self) -> tuple[int, ...]:
        """The age cuts in days: the first day of each group but the youngest."""
        return tuple(round(years * DAYS_PER_YEAR) for years in sorted(self.age_cuts))

    def analyses(self) -> dict[str, SelfControlledParameters]:
        """The parameters of each analysis: ``primary``, then the variants, changes applied."""
        changed: dict[str, dict[str, Any]] = {"primary": {}}
        changed |= {name: variant.changes() for name, variant in self.sensitivity.items()}
        return {
            name: self.model_copy(update={"sensitivity": {}, **update})
            for name, update in changed.items()
        }

    def labels(self) -> dict[str, Libelle]:
        """The French of analyses and windows."""
        named = {name: variant.label for name, variant in self.sensitivity.items()}
        windows = {name: window.label for name, window in self.windows.items()}
        return {"primary": "Analyse principale"} | named | windows

    def opened(self) -> tuple[str, ...]:
        """The names of the gates that the request opens."""
        return tuple(each.gate for each in self.opened_gates)

    def codelists(self) -> tuple[codes.Codelist, ...]:
        """Every codelist used, once."""
        names = dict.fromkeys([*self.exposures.values(), self.outcome.codelist])
        return tuple(codes.codelist(name) for name in names)
