"""Sensitivity analyses: each names what it changes of the primary one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import ConfigDict, Field

from studylib.requests.scalars import Age, Fault, Fenetre, FenetreNonVide, Ligne, refusal
from studylib.requests.strict import StrictModel
from studylib.requests.studies.adjustment import Adjustment, OutcomeModel, model_faults
from studylib.requests.studies.outcome import Outcome

PRIMARY = "primary"
FollowUp = Literal["on_treatment", "intention_to_treat"]


class Variant(StrictModel):
    """What one sensitivity analysis changes; a field left out stays as in the primary one."""

    model_config = ConfigDict(title="Analyse de sensibilité")

    label: Ligne = Field(title="Libellé", description="nom de l'analyse dans le rapport")
    grace_days: Fenetre | None = Field(default=None, title="Délai de grâce (jours)")
    follow_up_days: FenetreNonVide | None = Field(default=None, title="Suivi maximal (jours)")
    follow_up: FollowUp | None = Field(default=None, title="Type de suivi")
    washout_days: Fenetre | None = Field(default=None, title="Période sans traitement (jours)")
    minimum_age: Age | None = Field(default=None, title="Âge minimal")
    prior_outcome_days: Fenetre | None = Field(default=None, title="Recul sans événement (jours)")
    latency_days: Fenetre | None = Field(default=None, title="Latence (jours)")
    risk_window_days: Fenetre | None = Field(
        default=None, title="Risque prolongé après l'arrêt (jours)"
    )
    adjustment: Adjustment | None = Field(default=None, title="Ajustement")
    model: OutcomeModel | None = Field(default=None, title="Modèle de risque")
    outcome: Outcome | None = Field(default=None, title="Événement étudié")

    def changes(self) -> dict[str, Any]:
        """The fields that differ from the primary analysis, with their values."""
        named = {name: getattr(self, name) for name in type(self).model_fields if name != "label"}
        return {name: value for name, value in named.items() if value is not None}


def usable_names(names: Mapping[str, Variant]) -> Mapping[str, Variant]:
    """The analyses, refused when one takes the name of the primary one."""
    if PRIMARY in names:
        raise refusal(Fault(f"un autre nom que « {PRIMARY} », réservé", (PRIMARY,), PRIMARY))
    return names


def beyond(history: int) -> str:
    """What is accepted of a window that the history must hold."""
    return f"au plus l'historique exigé (history_days, {history} jours), seul observé chez tous"


def shorter(follow_up: int) -> str:
    """What is accepted of a latency: some time at risk is left."""
    return f"moins que le suivi maximal (follow_up_days, {follow_up} jours)"


def variant_faults(changes: Mapping[str, Any], primary: Mapping[str, Any]) -> list[Fault]:
    """What is wrong with the changes of one analysis, beside the primary one."""
    if not changes:
        return [Fault("au moins un champ qui change, en plus de label")]
    history, together = primary.get("history_days"), {**primary, **changes}
    # An override may give the primary analysis the very value of a variant: that is not a fault.
    found = [
        Fault(beyond(history), (name,), changes[name])
        for name in ("washout_days", "prior_outcome_days")
        if history is not None and changes.get(name, 0) > history
    ]
    if {"latency_days", "follow_up_days"} & set(changes):
        last = together.get("follow_up_days")
        if last is not None and together.get("latency_days", 0) >= last:
            found.append(Fault(shorter(last), ("latency_days",), together["latency_days"]))
    if {"adjustment", "model"} & set(changes) and {"adjustment", "model"} <= set(together):
        wrong = model_faults(together["adjustment"], together["model"])
        found += [_placed(fault, "model" in changes) for fault in wrong]
    return found


def _placed(fault: Fault, in_model: bool) -> Fault:
    """A fault of the model at its place in the variant, which may change the adjustment only."""
    if in_model:
        return fault._replace(at=("model", *fault.at))
    accepted = f"avec lui, model: {{{fault.at[0]}: {fault.accepted}}}"
    return Fault(accepted, ("adjustment",))
