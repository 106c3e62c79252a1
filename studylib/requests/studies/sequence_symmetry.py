"""Parameters of a prescription sequence symmetry analysis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from studylib import codes
from studylib.requests.coded import CovariateList, DrugList
from studylib.requests.gates import GateThresholds, Openings, among
from studylib.requests.scalars import (
    FREEZE,
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
from studylib.requests.studies.outcome import Period


class Pair(StrictModel):
    """Two treatments, or a treatment and a diagnosis, whose order of beginning is studied."""

    model_config = ConfigDict(title="Paire")

    index: DrugList = Field(title="Médicament étudié", description="liste de codes")
    marker: CovariateList = Field(
        title="Marqueur", description="liste de codes du traitement ou du diagnostic qui suivrait"
    )
    label: Ligne = Field(title="Libellé", description="nom de la paire dans le rapport")

    @model_validator(mode="after")
    def _two(self) -> Pair:
        if self.index == self.marker:
            raise refusal("un marqueur qui n'est pas le médicament étudié")
        return self


class SequenceSymmetryParameters(StudyParameters):
    """Every choice of the study, with the defaults in use."""

    model_config = ConfigDict(title="Paramètres d'une symétrie de séquences")

    pairs: Annotated[dict[Nom, Pair], FREEZE] = Field(
        title="Paires étudiées",
        description="nom: médicament étudié, marqueur, libellé",
        json_schema_extra={"minProperties": 1},
    )
    period: Period = Field(title="Période", description="premiers jours retenus, bornes comprises")
    run_in_days: Fenetre = Field(
        default=365,
        title="Jours sans délivrance exigés",
        description="observation avant la première délivrance, pour l'un et l'autre",
    )
    window_days: FenetreNonVide = Field(
        default=365, title="Fenêtre (jours)", description="écart maximal entre les deux débuts"
    )
    blackout_days: Fenetre = Field(
        default=0, title="Écart minimal (jours)", description="débuts plus proches, écartés"
    )
    same_day: Literal["drop", "split", "index_first", "marker_first"] = Field(
        default="drop", title="Débuts le même jour", description="écartés, partagés ou attribués"
    )
    null_window_days: FenetreNonVide = Field(
        default=548,
        title="Fenêtre du rapport attendu (jours)",
        description="pour corriger les tendances des débuts",
    )
    interval: Literal["beta_posterior", "clopper_pearson"] = Field(
        default="beta_posterior", title="Intervalle", description="loi bêta, ou binomial exact"
    )

    gap_weeks: Annotated[Entier, *within(1, 52, "un nombre de semaines de 1 à 52")] = Field(
        default=13, title="Semaines par ligne", description="du tableau des écarts entre débuts"
    )

    negative_controls: Annotated[dict[Nom, Pair], FREEZE] = Field(
        default_factory=dict,
        title="Paires témoins",
        description="nom: paire que rien ne lie, même forme ; cinq au moins",
    )
    gates: GateThresholds = Field(
        default=GateThresholds(),
        title="Seuils des contrôles",
        description="en deçà ou au-delà, les estimations sont retenues",
    )
    opened_gates: Annotated[Openings, among("mdrr", "sequence_trend", "systematic_error")] = Field(
        default=(),
        title="Contrôles levés",
        description="acte nommé : contrôle, par qui, quand, pourquoi",
    )

    @field_validator("pairs")
    @classmethod
    def _some(cls, pairs: Mapping[str, Pair]) -> Mapping[str, Pair]:
        if not pairs:
            raise refusal("au moins une paire")
        return pairs

    @model_validator(mode="after")
    def _wide_enough(self) -> SequenceSymmetryParameters:
        if min(self.window_days, self.null_window_days) <= self.blackout_days:
            raise refusal("des fenêtres plus longues que l'écart minimal (blackout_days)")
        return self

    @model_validator(mode="after")
    def _controls_apart(self) -> SequenceSymmetryParameters:
        seen = [(pair.index, pair.marker) for pair in self.pairs.values()]
        found = []
        for name, pair in self.negative_controls.items():
            if name in self.pairs:
                accepted = "un nom qui n'est pas celui d'une paire étudiée"
                found.append(Fault(accepted, ("negative_controls", name), name))
            if (pair.index, pair.marker) in seen:
                accepted = "une paire qui n'est ni étudiée, ni déjà témoin"
                found.append(Fault(accepted, ("negative_controls", name), pair.marker))
            seen.append((pair.index, pair.marker))
        if found:
            raise refusal(*found)
        return self

    def design(self) -> dict[str, Any]:
        """The choices that gates and ratios share, as ``risk.sequence_symmetry`` takes them."""
        return {
            "window": self.window_days,
            "blackout": self.blackout_days,
            "same_day": self.same_day,
            "null_window": self.null_window_days,
        }

    def opened(self) -> tuple[str, ...]:
        """The names of the gates that the request opens."""
        return tuple(each.gate for each in self.opened_gates)

    def labels(self) -> dict[str, Libelle]:
        """The French of each pair."""
        return {name: pair.label for name, pair in self.pairs.items()}

    def codelists(self) -> tuple[codes.Codelist, ...]:
        """Every codelist used, once."""
        pairs = [*self.pairs.values(), *self.negative_controls.values()]
        lists = [name for pair in pairs for name in (pair.index, pair.marker)]
        return tuple(codes.codelist(name) for name in dict.fromkeys(lists))
