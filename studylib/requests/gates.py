"""Diagnostic gates in a request: their thresholds, and the act of opening one."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field

from studylib.requests.scalars import (
    FROM_LIST,
    Entier,
    Fault,
    Jour,
    Ligne,
    Nombre,
    Texte,
    refusal,
    within,
)
from studylib.requests.strict import StrictModel
from studylib.risk.gates import Thresholds

GateName = Literal[
    "balance",
    "equipoise",
    "positivity",
    "mdrr",
    "systematic_error",
    "person_time",
    "event_dependent_exposure",
    "event_dependent_observation",
    "rare_outcome",
    "time_stability",
    "prevalence_drift",
    "sequence_trend",
]
_DEFAULT = Thresholds()
_SHORTEST = 15  # characters of a reason


def _positive(value: float) -> float:
    if not value > 0:
        raise refusal("un nombre supérieur à 0")
    return value


def _share(value: float) -> float:
    if not 0 <= value <= 1:
        raise refusal("une part de 0 à 1, par exemple 0.2")
    return value


def _around_one(value: tuple[float, float]) -> tuple[float, float]:
    if not 0 < value[0] <= 1 <= value[1]:
        raise refusal("deux nombres de part et d'autre de 1, par exemple [0.8, 1.25]")
    return value


Positive = Annotated[Nombre, AfterValidator(_positive)]
Share = Annotated[Nombre, AfterValidator(_share)]
Band = Annotated[tuple[Nombre, Nombre], FROM_LIST, AfterValidator(_around_one)]
_CONTROLS = within(2, 1000, "un nombre de témoins de 2 à 1 000")


class GateThresholds(StrictModel):
    """What each diagnostic must reach for the estimates to be seen."""

    model_config = ConfigDict(title="Seuils des contrôles")

    largest_mdrr: Positive = Field(
        default=_DEFAULT.largest_mdrr,
        title="Plus petit rapport détectable, au plus",
        description="au-delà, l'étude ne pourrait rien montrer",
    )
    largest_smd: Positive = Field(
        default=_DEFAULT.largest_smd,
        title="Différence standardisée après ajustement, au plus",
        description="en valeur absolue, pour chaque caractéristique",
    )
    smallest_effective_share: Share = Field(
        default=_DEFAULT.smallest_effective_share,
        title="Effectif équivalent sur effectif, au moins",
        description="dans chaque groupe pondéré ou apparié",
    )
    largest_weight_share: Share = Field(
        default=_DEFAULT.largest_weight_share,
        title="Part du poids sur une personne, au plus",
        description="dans chaque groupe pondéré ou apparié",
    )
    smallest_equipoise: Share = Field(
        default=_DEFAULT.smallest_equipoise,
        title="Équipoise, au moins",
        description="part des personnes de score de préférence entre 0,3 et 0,7",
    )
    largest_ease: Positive = Field(
        default=_DEFAULT.largest_ease,
        title="Erreur systématique attendue, au plus",
        description="en logarithme, sur les témoins négatifs",
    )
    fewest_controls: Annotated[Entier, *_CONTROLS] = Field(
        default=_DEFAULT.fewest_controls,
        title="Témoins négatifs, au moins",
        description="en dessous, l'erreur systématique n'est pas évaluée",
    )
    smallest_person_time_share: Share = Field(
        default=_DEFAULT.smallest_person_time_share,
        title="Part du temps de suivi du plus petit groupe, au moins",
        description="parmi les deux groupes comparés",
    )
    largest_outcome_share: Share = Field(
        default=_DEFAULT.largest_outcome_share,
        title="Part des personnes avec l'événement, au plus",
        description="quand seul le premier événement compte",
    )
    pre_exposure: Band = Field(
        default=_DEFAULT.pre_exposure,
        title="Rapport avant exposition",
        description="bornes que l'intervalle doit rencontrer",
    )
    end_of_observation: Band = Field(
        default=_DEFAULT.end_of_observation,
        title="Rapport en fin d'observation",
        description="bornes que l'intervalle doit rencontrer",
    )
    largest_time_instability: Positive = Field(
        default=_DEFAULT.largest_time_instability,
        title="Rapport mensuel observé sur attendu, au plus",
        description="en moyenne",
    )
    null_ratio: Band = Field(
        default=_DEFAULT.null_ratio,
        title="Rapport de séquences attendu sans effet",
        description="bornes ; au-delà, les tendances des débuts l'emportent",
    )
    largest_drift: Positive = Field(
        default=_DEFAULT.largest_drift,
        title="Dérive annuelle de prévalence, au plus",
        description="rapport d'une année aux autres",
    )

    def thresholds(self) -> Thresholds:
        """The same as ``risk.gates`` takes them."""
        return Thresholds(**self.model_dump())


def _reasoned(reason: str) -> str:
    if len(reason) < _SHORTEST:
        raise refusal(f"un motif d'au moins {_SHORTEST} caractères, qui sera imprimé en tête")
    return reason


class Opening(StrictModel):
    """The named act of showing estimates although a gate is not passed."""

    model_config = ConfigDict(title="Contrôle levé")

    gate: GateName = Field(title="Contrôle", description="le contrôle levé")
    by: Ligne = Field(title="Par", description="qui le lève, nom et qualité")
    on: Jour = Field(title="Le", description="date de la décision, AAAA-MM-JJ")
    reason: Annotated[Texte, AfterValidator(_reasoned)] = Field(
        title="Motif", description="pourquoi, en une phrase imprimée en tête du rapport"
    )


def _once(openings: tuple[Opening, ...]) -> tuple[Opening, ...]:
    names = [each.gate for each in openings]
    again = [
        Fault("un contrôle qui n'est pas déjà levé plus haut", (place, "gate"), name)
        for place, name in enumerate(names)
        if name in names[:place]
    ]
    if again:
        raise refusal(*again)
    return openings


Openings = Annotated[tuple[Opening, ...], FROM_LIST, AfterValidator(_once)]
"""The type of a study's ``opened_gates`` field, which the report's header prints."""


def among(*gates: GateName) -> AfterValidator:
    """Refuses to open a gate that the study does not have: printed, it would mean nothing."""

    def known(given: tuple[Opening, ...]) -> tuple[Opening, ...]:
        accepted = f"un contrôle de cette étude : {', '.join(gates)}"
        others = [
            Fault(accepted, (place, "gate"), each.gate)
            for place, each in enumerate(given)
            if each.gate not in gates
        ]
        if others:
            raise refusal(*others)
        return given

    return AfterValidator(known)
