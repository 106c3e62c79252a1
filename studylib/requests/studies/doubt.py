"""What a request asks of the doubt about an estimate: controls, unseen factors, thresholds."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from studylib.requests.coded import DiagnosisList
from studylib.requests.gates import GateThresholds, Openings
from studylib.requests.scalars import DISTINCT, FROM_LIST, Nombre, refusal
from studylib.requests.strict import StrictModel, StudyParameters


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


class DoubtParameters(StudyParameters):
    """The part of a comparison's parameters that says what could be wrong with it."""

    negative_controls: Annotated[tuple[DiagnosisList, ...], FROM_LIST, *DISTINCT] = Field(
        default=(),
        title="Témoins négatifs",
        description="listes d'événements que les traitements ne causent pas ; cinq au moins",
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
    opened_gates: Openings = Field(
        default=(),
        title="Contrôles levés",
        description="acte nommé : contrôle, par qui, quand, pourquoi",
    )

    def opened(self) -> tuple[str, ...]:
        """The names of the gates that the request opens."""
        return tuple(each.gate for each in self.opened_gates)
