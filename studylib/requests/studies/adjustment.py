"""How a study deals with confounding, as its request says it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, ValidationInfo, field_validator

from studylib.errors import EstimationError
from studylib.requests.scalars import (
    Entier,
    Fault,
    Ligne,
    Nombre,
    OuiNon,
    Part,
    refusal,
    within,
)
from studylib.requests.strict import StrictModel
from studylib.risk.propensity.formula import terms

Method = Literal[
    "none", "regression", "iptw", "overlap", "matching_weights", "matching", "stratification"
]

WEIGHTED = ("iptw", "overlap", "matching_weights", "matching")


def _positive(value: float) -> float:
    if not value > 0:
        raise refusal("un nombre supérieur à 0")
    return value


def _readable(formula: str) -> str:
    try:
        terms(formula)
    except EstimationError as fault:
        raise refusal(f"une formule lisible ; {fault}") from None
    return formula


Positive = Annotated[Nombre, AfterValidator(_positive)]


class Adjustment(StrictModel):
    """What makes the arms comparable, with every choice that changes the answer."""

    model_config = ConfigDict(title="Ajustement")

    method: Method = Field(
        default="regression",
        title="Méthode",
        description="none, regression, iptw, overlap, matching_weights, matching, stratification",
    )
    score: Literal["formula", "large_scale", "high_dimensional"] = Field(
        default="formula",
        title="Score de propension",
        description="formula (les covariables), large_scale (en plus, chaque code du recul) ou "
        "high_dimensional (en plus, les codes que hdPS choisit)",
    )
    fewest_persons: Annotated[Entier, *within(10, 100_000, "de 10 à 100 000 personnes")] = Field(
        default=100,
        title="Personnes par code, au moins",
        description="large_scale, high_dimensional : en dessous, le code n'entre pas",
    )
    per_domain: Annotated[Entier, *within(1, 10_000, "de 1 à 10 000 codes")] = Field(
        default=200,
        title="Codes par domaine",
        description="high_dimensional : les plus fréquents de chaque système et longueur",
    )
    kept: Annotated[Entier, *within(1, 10_000, "de 1 à 10 000 codes")] = Field(
        default=500,
        title="Codes gardés",
        description="high_dimensional : chacun avec sa récurrence (une fois, souvent…)",
    )
    ranking: Literal["bias", "exposure"] = Field(
        default="bias",
        title="Codes classés selon",
        description="bias (le biais possible) ou exposure (le traitement seul, sans l'événement)",
    )
    formula: Annotated[Ligne, AfterValidator(_readable)] | None = Field(
        default=None,
        title="Formule du score",
        description="par défaut : âge en spline, chaque covariable, la région",
    )
    population: Literal["ate", "att"] = Field(
        default="ate", title="Population visée", description="ate (tous) ou att (le groupe comparé)"
    )
    stabilise: OuiNon = Field(default=True, title="Poids stabilisés")
    trim: Literal["none", "crump", "asymmetric", "quantile"] = Field(
        default="none", title="Restriction sur le score"
    )
    trim_bound: Part = Field(default=0.1, title="Borne de la restriction")
    truncate: Positive | None = Field(default=None, title="Poids plafonnés à")
    caliper: Positive | None = Field(
        default=0.2, title="Distance limite", description="appariement ; sur l'échelle choisie"
    )
    scale: Literal["ps", "logit", "standardised_logit"] = Field(
        default="standardised_logit", title="Échelle de la distance"
    )
    ratio: Annotated[Entier, *within(1, 20, "de 1 à 20 comparateurs par personne")] = Field(
        default=1, title="Comparateurs par personne"
    )
    replacement: OuiNon = Field(default=False, title="Appariement avec remise")
    order: Literal["descending", "ascending", "random", "data"] = Field(
        default="descending", title="Ordre de passage", description="selon le score"
    )
    strata: Annotated[Entier, *within(2, 100, "de 2 à 100 strates")] = Field(
        default=10, title="Strates"
    )
    cut_on: Literal["all", "compared"] = Field(default="all", title="Strates découpées sur")
    seed: Entier | None = Field(default=None, title="Graine du tirage")

    @field_validator("seed")
    @classmethod
    def _given_when_drawn(cls, seed: int | None, info: ValidationInfo) -> int | None:
        if info.data.get("order") == "random" and seed is None:
            raise refusal("une graine, puisque l'ordre de passage est tiré au sort")
        return seed

    @property
    def over_codes(self) -> bool:
        """Whether the score is over codes found before index, all of them or those chosen."""
        return self.score != "formula"

    @property
    def represents_others(self) -> bool:
        """Whether the weights give persons other than those of the compared arm."""
        if self.trim != "none" or self.method in ("overlap", "matching_weights", "matching"):
            return True
        return self.method == "iptw" and self.population != "att"

    def choices(self) -> dict[str, Any]:
        """The keyword arguments of ``risk.comparison``."""
        given = self.model_dump()
        method, formula, score = (given.pop(name) for name in ("method", "formula", "score"))
        del given["fewest_persons"]
        chosen = {name: given.pop(name) for name in ("per_domain", "kept", "ranking")}
        selection = {"high_dimensional": chosen} if score == "high_dimensional" else {}
        return {"adjustment": method, "formula": formula or "", **selection, **given}


class OutcomeModel(StrictModel):
    """The choices of the hazard model that change its answer."""

    model_config = ConfigDict(title="Modèle de risque")

    ties: Literal["efron", "breslow", "exact"] = Field(default="efron", title="Ex æquo")
    interval: Literal["wald", "profile"] = Field(
        default="wald",
        title="Intervalle",
        description="wald (normal) ou profile (vraisemblance profilée, sans pondération)",
    )
    fewest_carriers: Annotated[Entier, *within(1, 10_000, "de 1 à 10 000 personnes")] = Field(
        default=10,
        title="Personnes porteuses, au moins",
        description="en dessous, la covariable n'entre pas dans les modèles",
    )

    @property
    def profile_ties(self) -> Literal["efron", "breslow"]:
        """How a likelihood profile takes ties: it knows no exact ones, which are Efron's there."""
        return "efron" if self.ties == "exact" else self.ties

    @field_validator("interval")
    @classmethod
    def _exact_has_no_profile(cls, interval: str, info: ValidationInfo) -> str:
        if interval == "profile" and info.data.get("ties") == "exact":
            raise refusal("wald, puisque ties vaut « exact »")
        return interval


def model_faults(adjustment: Adjustment, model: OutcomeModel) -> list[Fault]:
    """The choices of the model that weights do not go with: it has no likelihood of its own."""
    if adjustment.method not in WEIGHTED:
        return []
    told = f"puisque l'ajustement ({adjustment.method}) pondère"
    refused = {
        "ties": (model.ties == "exact", f"efron ou breslow, {told}"),
        "interval": (model.interval == "profile", f"wald, {told}"),
    }
    return [
        Fault(accepted, (name,), getattr(model, name))
        for name, (wrong, accepted) in refused.items()
        if wrong
    ]
