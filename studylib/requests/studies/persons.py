"""Who a study of harm compares, on what, and how long they are followed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from itertools import combinations
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from studylib import codes
from studylib.requests.coded import CovariateList, DrugList
from studylib.requests.scalars import (
    DISTINCT,
    FREEZE,
    FROM_LIST,
    Age,
    Fault,
    Fenetre,
    FenetreNonVide,
    Jour,
    Libelle,
    refusal,
)
from studylib.requests.strict import StudyParameters
from studylib.requests.studies.non_users import NonUsers
from studylib.requests.studies.outcome import Outcome, Period
from studylib.requests.studies.variants import FollowUp, beyond, shorter
from studylib.requests.wording import suggestion


class PersonsParameters(StudyParameters):
    """Who is compared on what, and how long they are followed."""

    arms: Annotated[dict[Libelle, DrugList], FREEZE] = Field(
        title="Groupes comparés",
        description="nom du groupe: liste de codes (ATC ou CIP13) ; deux, ou un et non_users",
        json_schema_extra={"minProperties": 1},
    )
    non_users: NonUsers | None = Field(
        default=None,
        validate_default=True,
        title="Groupe sans traitement",
        description="à défaut d'un médicament comparable ; ses biais sont dits dans le rapport",
    )
    reference: Libelle = Field(title="Référence", description="le groupe de référence")
    outcome: Outcome = Field(title="Événement étudié", description="liste, positions et libellé")
    inclusion: Period = Field(title="Inclusion", description="jours d'entrée, bornes comprises")
    follow_up_end: Jour = Field(title="Fin du suivi", description="dernier jour observé")
    follow_up: FollowUp = Field(
        default="on_treatment", title="Type de suivi", description="sous traitement ou en intention"
    )
    history_days: Fenetre = Field(
        default=365, title="Historique exigé (jours)", description="observation avant l'entrée"
    )
    washout_days: Fenetre = Field(
        default=365,
        validate_default=True,
        title="Période sans traitement (jours)",
        description="jours sans aucun des groupes avant l'entrée ; au plus l'historique",
    )
    prior_outcome_days: Fenetre = Field(
        default=365,
        validate_default=True,
        title="Recul sans événement (jours)",
        description="jours sans l'événement avant l'entrée ; 0 : non exigé",
    )
    minimum_age: Age = Field(default=18, title="Âge minimal", description="en années, à l'entrée")
    grace_days: Fenetre = Field(
        default=30, title="Délai de grâce (jours)", description="trou toléré entre deux délivrances"
    )
    follow_up_days: FenetreNonVide = Field(
        default=365, title="Suivi maximal (jours)", description="durée maximale du suivi"
    )
    latency_days: Fenetre = Field(
        default=0,
        title="Latence (jours)",
        description="premiers jours hors du temps à risque",
    )
    risk_window_days: Fenetre = Field(
        default=0,
        title="Risque prolongé après l'arrêt (jours)",
        description="sous traitement : jours à risque après le dernier jour couvert",
    )
    users: Literal["new", "prevalent"] = Field(
        default="new",
        title="Utilisateurs",
        description="new (débutants) ou prevalent (déjà traités admis : washout_days à 0)",
    )
    lookback_days: FenetreNonVide = Field(
        default=365,
        validate_default=True,
        title="Recul des covariables (jours)",
        description="fenêtre avant l'entrée",
    )
    covariates: Annotated[tuple[CovariateList, ...], FROM_LIST, *DISTINCT] = Field(
        default=(), title="Covariables", description="listes de codes cherchées dans le recul"
    )

    @field_validator("arms")
    @classmethod
    def _comparable(cls, arms: Mapping[str, str]) -> Mapping[str, str]:
        if not arms:
            raise refusal("au moins un groupe, avec sa liste de codes")
        for (name, one), (other, two) in combinations(arms.items(), 2):
            shared = _shared_code(codes.codelist(one), codes.codelist(two))
            if shared:
                accepted = f"des groupes sans code commun ; « {name} » contient aussi {shared}"
                raise refusal(Fault(accepted, (other,), two))
        return arms

    @field_validator("non_users")
    @classmethod
    def _something_to_compare(cls, given: NonUsers | None, info: ValidationInfo) -> NonUsers | None:
        arms = info.data.get("arms", {})
        if given is None and len(arms) == 1:
            raise refusal("un groupe sans traitement, ou un second groupe dans arms")
        if given is not None and given.label in arms:
            raise refusal(Fault("un nom qui n'est pas celui d'un groupe de arms", ("label",)))
        return given

    @field_validator("reference")
    @classmethod
    def _one_of_the_arms(cls, reference: str, info: ValidationInfo) -> str:
        if "arms" in info.data and "non_users" in info.data:
            names = _arm_names(info.data["arms"], info.data["non_users"])
            if reference not in names:
                raise refusal(suggestion(reference, names, what="l'un des groupes comparés"))
        return reference

    @field_validator("follow_up_end")
    @classmethod
    def _after_the_last_entry(cls, end: date, info: ValidationInfo) -> date:
        inclusion = info.data.get("inclusion")
        if inclusion is not None and end <= inclusion.end:
            raise refusal(f"une fin de suivi après la dernière inclusion ({inclusion.end})")
        return end

    @field_validator("washout_days", "prior_outcome_days", "lookback_days")
    @classmethod
    def _within_the_history(cls, days: int, info: ValidationInfo) -> int:
        history = info.data.get("history_days")
        if history is not None and days > history:
            raise refusal(beyond(history))
        return days

    @field_validator("latency_days")
    @classmethod
    def _leaves_time_at_risk(cls, days: int, info: ValidationInfo) -> int:
        last = info.data.get("follow_up_days")
        if last is not None and days >= last:
            raise refusal(shorter(last))
        return days

    @field_validator("users")
    @classmethod
    def _says_what_the_washout_does(cls, users: str, info: ValidationInfo) -> str:
        washout = info.data.get("washout_days")
        if washout == 0 and users == "new":
            raise refusal("« prevalent », puisque washout_days vaut 0 : déjà traités admis")
        if washout and users == "prevalent":
            raise refusal(f"« new », ou washout_days à 0 ; il vaut {washout}")
        return users

    @field_validator("covariates")
    @classmethod
    def _not_an_arm(cls, names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        used = set(info.data.get("arms", {}).values())
        accepted = "une liste qui n'est pas déjà un groupe comparé"
        found = [Fault(accepted, (i,), name) for i, name in enumerate(names) if name in used]
        if found:
            raise refusal(*found)
        return names

    @property
    def risk_day(self) -> int:
        """The day at which risks are read: the last of follow-up, counted from time at risk.

        Time at risk begins after the latency, so nobody is ever followed for ``follow_up_days``.
        """
        return self.follow_up_days - self.latency_days

    @property
    def time_origin(self) -> str:
        """From when the days of curves and risks are counted, in French."""
        return "depuis le début du temps à risque" if self.latency_days else "depuis l'inclusion"

    def arm_names(self) -> list[str]:
        """The arms compared: those with a list, then the one without treatment."""
        return _arm_names(self.arms, self.non_users)


def _arm_names(arms: Mapping[str, str], non_users: NonUsers | None) -> list[str]:
    return [*arms, *([non_users.label] if non_users else [])]


def _shared_code(one: codes.Codelist, two: codes.Codelist) -> str | None:
    if one.system != two.system:
        return None
    shared = [code for code in one.codes if two.matches(code)]
    shared += [code for code in two.codes if one.matches(code)]
    return shared[0] if shared else None
