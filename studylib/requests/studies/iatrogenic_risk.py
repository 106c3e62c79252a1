"""Parameters of a study of harm: new users of two or more arms, compared on one outcome."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, ValidationInfo, field_validator

from studylib import codes
from studylib.requests.gates import Share
from studylib.requests.scalars import (
    FREEZE,
    Fault,
    Libelle,
    Nom,
    refusal,
)
from studylib.requests.studies.comparison import ComparisonParameters
from studylib.requests.studies.doubt import DoubtParameters
from studylib.requests.studies.persons import PersonsParameters
from studylib.requests.studies.variants import (
    PRIMARY,
    Variant,
    usable_names,
    variant_faults,
)


# pydantic lists the fields of the last base first: persons, comparison, doubt, then its own.
class IatrogenicRiskParameters(DoubtParameters, ComparisonParameters, PersonsParameters):
    """Every choice of the study, with the defaults of a usual new-user design."""

    model_config = ConfigDict(title="Paramètres d'une étude de risque iatrogène")

    prevention: Annotated[dict[Libelle, Share], FREEZE] = Field(
        default_factory=dict,
        title="Scénarios de prévention",
        description="nom : part des cas attribuables qu'une mesure éviterait",
    )
    sensitivity: Annotated[dict[Nom, Variant], AfterValidator(usable_names), FREEZE] = Field(
        default_factory=dict,
        validate_default=True,
        title="Analyses de sensibilité",
        description="nom: ce qui diffère de l'analyse principale",
    )

    @field_validator("sensitivity")
    @classmethod
    def _differ_and_hold(cls, by_name: Mapping[str, Variant], info: ValidationInfo) -> Any:
        found = [
            Fault(fault.accepted, (name, *fault.at), fault.given)
            for name, variant in by_name.items()
            for fault in variant_faults(variant.changes(), info.data)
        ]
        if found:
            raise refusal(*found)
        return by_name

    def analyses(self) -> dict[str, IatrogenicRiskParameters]:
        """The parameters of each analysis: ``primary``, then the variants, changes applied."""
        bare: dict[str, Any] = {"sensitivity": {}}
        changed = {name: bare | variant.changes() for name, variant in self.sensitivity.items()}
        return {
            name: self.model_copy(update=update)
            for name, update in ({PRIMARY: bare} | changed).items()
        }

    def analysis_labels(self) -> dict[str, str]:
        """The French label of each analysis, in the order of ``analyses()``."""
        named = {name: variant.label for name, variant in self.sensitivity.items()}
        return {PRIMARY: "Analyse principale"} | named

    def codelists(self) -> tuple[codes.Codelist, ...]:
        """Every codelist used, once: arms, outcomes of all analyses, covariates."""
        outcomes = [analysis.outcome.codelist for analysis in self.analyses().values()]
        names = dict.fromkeys(
            [*self.arms.values(), *outcomes, *self.covariates, *self.negative_controls]
        )
        return tuple(codes.codelist(name) for name in names)
