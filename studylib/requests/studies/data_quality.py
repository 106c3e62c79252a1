"""Parameters of a data quality report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from studylib.requests.scalars import (
    DISTINCT,
    FREEZE,
    FROM_LIST,
    Entier,
    Fault,
    Ligne,
    Nom,
    Nombre,
    Part,
    SchemaExtra,
    refusal,
    within,
)
from studylib.requests.strict import StrictModel, StudyParameters
from studylib.requests.wording import suggestion
from studylib.sources import quality_checks


class ExpectedRange(StrictModel):
    """The limits of one check, in place of the usual ones, and why."""

    model_config = ConfigDict(title="Attendu")

    low: Nombre | None = Field(
        default=None, title="Au moins", description="dans l'unité du contrôle"
    )
    high: Nombre | None = Field(
        default=None,
        validate_default=True,
        title="Au plus",
        description="dans l'unité du contrôle",
    )
    reason: Ligne = Field(title="Raison", description="pourquoi ces limites, en une ligne")

    @field_validator("high")
    @classmethod
    def _a_range(cls, high: float | None, info: ValidationInfo) -> float | None:
        low = info.data.get("low")
        if "low" in info.data and low is None and high is None:
            raise refusal("au moins une limite, low ou high")
        if low is not None and high is not None and high < low:
            raise refusal(f"une limite haute égale ou supérieure à la basse ({low:g})")
        return high


class DataQualityParameters(StudyParameters):
    """Every choice of the report; what is expected of each check has its usual values."""

    model_config = ConfigDict(title="Paramètres d'un rapport de qualité des données")

    flow_months: Annotated[Entier, *within(1, 12, "un nombre de mois de 1 à 12")] = Field(
        default=6, title="Délai de flux (mois)", description="mois après lesquels tout est arrivé"
    )
    complete_share: Part = Field(
        default=0.98,
        title="Part d'un mois complet",
        description="part des lignes arrivées à partir de laquelle un mois est complet",
    )
    drift_tolerance: Annotated[Nombre, SchemaExtra({"exclusiveMinimum": 0})] = Field(
        default=0.5,
        title="Variation tolérée",
        description="variation annuelle d'une classe de codes, 0.5 pour moitié plus",
    )
    tables: Annotated[tuple[Ligne, ...], FROM_LIST, *DISTINCT] = Field(
        default=(), title="Tables dessinées", description="noms des tables ; vide : toutes"
    )
    listed_codes: Annotated[Entier, *within(1, 100, "un nombre de codes de 1 à 100")] = Field(
        default=20, title="Codes inconnus listés", description="les plus fréquents"
    )
    expected: Annotated[dict[Nom, ExpectedRange], FREEZE] = Field(
        default_factory=dict,
        validate_default=True,
        title="Attendus propres",
        description="contrôle: limites qui remplacent les habituelles, avec leur raison",
    )

    @field_validator("drift_tolerance")
    @classmethod
    def _positive(cls, tolerance: float) -> float:
        if tolerance <= 0:
            raise refusal("un nombre supérieur à 0, par exemple 0.5")
        return tolerance

    @field_validator("expected")
    @classmethod
    def _known_checks(cls, given: Mapping[str, ExpectedRange]) -> Mapping[str, ExpectedRange]:
        known = sorted({check for check, _, _ in quality_checks.ranges()})
        unknown = [
            Fault(suggestion(name, known, what="le nom d'un contrôle"), (name,), name)
            for name in given
            if name not in known
        ]
        if unknown:
            raise refusal(*unknown)
        return given

    def choices(self) -> quality_checks.Choices:
        """These choices as the checks take them."""
        usual_first = reversed(list(quality_checks.ranges().items()))
        usual = {check: one for (check, _, _), one in usual_first}
        own = {
            name: usual[name].changed(limits.low, limits.high, limits.reason)
            for name, limits in self.expected.items()
        }
        return quality_checks.Choices(
            self.flow_months, self.complete_share, self.drift_tolerance, own
        )
