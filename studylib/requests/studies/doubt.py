"""What a request asks of the doubt about an estimate: controls, unseen factors, thresholds."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from studylib.requests.coded import DiagnosisList
from studylib.requests.gates import GateThresholds, Openings, among
from studylib.requests.scalars import (
    DISTINCT,
    FROM_LIST,
    NOT_EMPTY,
    Entier,
    Nombre,
    OuiNon,
    refusal,
    within,
)
from studylib.requests.strict import StrictModel, StudyParameters
from studylib.risk.doubt.positive_controls import LARGEST, RATIOS


def _shares(values: tuple[float, ...]) -> tuple[float, ...]:
    if not all(0 < value <= 1 for value in values):
        raise refusal("une liste de parts de 0 exclu à 1, par exemple [0.8, 1]")
    return values


def _frequencies(values: tuple[float, ...]) -> tuple[float, ...]:
    if not values or not all(0 <= value <= 1 for value in values):
        raise refusal("une liste de fréquences de 0 à 1, par exemple [0.1, 0.3]")
    return values


def _ratios(values: tuple[float, ...]) -> tuple[float, ...]:
    if not values or not all(value > 0 for value in values):
        raise refusal("une liste de rapports supérieurs à 0, par exemple [1.5, 3]")
    return values


class UnmeasuredConfounder(StrictModel):
    """The unmeasured factors whose effect on the result is shown."""

    model_config = ConfigDict(title="Facteur de confusion non mesuré")

    prevalences_arm: Annotated[
        tuple[Nombre, ...], FROM_LIST, AfterValidator(_frequencies), *DISTINCT
    ] = Field(default=(0.1, 0.2, 0.4), title="Fréquences dans le groupe comparé")
    prevalences_reference: Annotated[
        tuple[Nombre, ...], FROM_LIST, AfterValidator(_frequencies), *DISTINCT
    ] = Field(
        default=(0.1, 0.3, 0.5),
        title="Fréquences dans la référence",
        description="trois au plus sur la figure",
    )
    ratios: Annotated[tuple[Nombre, ...], FROM_LIST, AfterValidator(_ratios), *DISTINCT] = Field(
        default=(1.5, 2.0, 3.0, 5.0), title="Rapports du facteur avec l'événement"
    )


def _larger(values: tuple[float, ...]) -> tuple[float, ...]:
    if not values or not all(1 < value <= LARGEST for value in values):
        raise refusal(f"une liste de rapports de 1 exclu à {LARGEST}, par exemple [1.5, 2, 4]")
    return values


class PositiveControls(StrictModel):
    """Negative controls in which a known ratio is injected."""

    model_config = ConfigDict(title="Témoins positifs")

    ratios: Annotated[tuple[Nombre, ...], FROM_LIST, AfterValidator(_larger), *DISTINCT] = Field(
        default=RATIOS, title="Rapports injectés", description="chacun dans chaque témoin négatif"
    )
    seed: Entier = Field(title="Graine du tirage", description="le même tirage à chaque exécution")
    fewest_events: Annotated[Entier, *within(5, 10_000, "de 5 à 10 000 événements")] = Field(
        default=25,
        title="Événements, au moins",
        description="dans le groupe ; en dessous, le témoin ne sert pas",
    )


class Misclassification(StrictModel):
    """Errors in recording the outcome whose effect on the risk ratio is shown."""

    model_config = ConfigDict(title="Erreurs de codage de l'événement")

    sensitivities: Annotated[
        tuple[Nombre, ...], FROM_LIST, AfterValidator(_shares), *NOT_EMPTY, *DISTINCT
    ] = Field(title="Sensibilités", description="part des vrais événements que le codage retrouve")
    specificities: Annotated[tuple[Nombre, ...], FROM_LIST, AfterValidator(_shares), *DISTINCT] = (
        Field(default=(), title="Spécificités", description="ou predictive_values, l'une des deux")
    )
    predictive_values: Annotated[
        tuple[Nombre, ...], FROM_LIST, AfterValidator(_shares), *DISTINCT
    ] = Field(
        default=(),
        title="Valeurs prédictives positives",
        description="part des événements codés qui sont vrais, les deux groupes ensemble",
    )
    differential: OuiNon = Field(
        default=False,
        title="Codage différent entre groupes",
        description="oui : chaque groupe a sa sensibilité et sa spécificité",
    )

    @model_validator(mode="after")
    def _one_way(self) -> Misclassification:
        if bool(self.specificities) == bool(self.predictive_values):
            raise refusal("specificities ou predictive_values, l'une des deux")
        if self.differential and self.predictive_values:
            raise refusal("specificities, puisque le codage diffère entre groupes")
        lowest = min(self.sensitivities) + min(self.specificities or (1.0,))
        if lowest <= 1:
            raise refusal(
                "une sensibilité et une spécificité dont la somme dépasse 1 ; le codage "
                "n'apprendrait rien"
            )
        return self


class DoubtParameters(StudyParameters):
    """The part of a comparison's parameters that says what could be wrong with it."""

    negative_controls: Annotated[tuple[DiagnosisList, ...], FROM_LIST, *DISTINCT] = Field(
        default=(),
        title="Témoins négatifs",
        description="listes d'événements que les traitements ne causent pas ; cinq au moins",
    )
    positive_controls: PositiveControls | None = Field(
        default=None,
        title="Témoins positifs",
        description="absent : non faits ; rapports injectés dans les témoins négatifs, et graine",
    )
    misclassification: Misclassification | None = Field(
        default=None,
        title="Erreurs de codage de l'événement",
        description="absent : non montrées ; sensibilités, spécificités ou valeurs prédictives",
    )
    unmeasured: UnmeasuredConfounder = Field(
        default=UnmeasuredConfounder(),
        title="Facteur de confusion non mesuré",
        description="les facteurs imaginés, dont l'effet sur le résultat est montré",
    )
    gates: GateThresholds = Field(
        default=GateThresholds(),
        title="Seuils des contrôles",
        description="en deçà ou au-delà, les estimations sont retenues",
    )
    opened_gates: Annotated[
        Openings,
        among(
            "balance",
            "positivity",
            "equipoise",
            "person_time",
            "mdrr",
            "systematic_error",
            "prevalence_drift",
        ),
    ] = Field(
        default=(),
        title="Contrôles levés",
        description="acte nommé : contrôle, par qui, quand, pourquoi",
    )

    def opened(self) -> tuple[str, ...]:
        """The names of the gates that the request opens."""
        return tuple(each.gate for each in self.opened_gates)
