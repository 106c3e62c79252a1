"""What a file of prescribing rules may hold, and how each rule becomes one of ``usage.rules``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, ValidationInfo, field_validator

from studylib import codes
from studylib.codes import Codelist
from studylib.errors import CodeError
from studylib.requests.scalars import (
    DISTINCT,
    FREEZE,
    FROM_LIST,
    NOT_EMPTY,
    Age,
    Entier,
    Fault,
    Fenetre,
    FenetreNonVide,
    Jour,
    Ligne,
    Nom,
    Nombre,
    refusal,
    within,
)
from studylib.requests.strict import StrictModel
from studylib.requests.wording import suggestion
from studylib.usage.rules import LEVELS, Rule
from studylib.usage.rules.rule import Level

SEVERAL = "un nombre de 2 à 20 ; une seule substance se demande sans ce champ"


def _coded(system: str, others: Sequence[str] = ()) -> AfterValidator:
    """Accepts codes of ``system``, and names of lists of it or of ``others``."""

    def check(items: tuple[str, ...]) -> tuple[str, ...]:
        faults = [
            Fault(refused, (rank,), item)
            for rank, item in enumerate(items)
            if (refused := _refused(item, system, others))
        ]
        if faults:
            raise refusal(*faults)
        return items

    return AfterValidator(check)


def _refused(item: str, system: str, others: Sequence[str]) -> str:
    if item[:1].islower():
        known = codes.codelist_names()
        if item not in known:
            return suggestion(item, known, what="le nom d'une liste de codes, ou un code")
        found = codes.codelist(item).system
        accepted = (system, *others)
        return "" if found in accepted else f"une liste de codes {' ou '.join(accepted)}"
    try:
        codes.system(system).check(item, prefix=True)
    except CodeError:
        return f"un code {system}, entier ou début de code, ou le nom d'une liste de codes"
    return ""


_ITEMS = (FROM_LIST, *NOT_EMPTY, *DISTINCT)
Drugs = Annotated[tuple[Ligne, ...], *_ITEMS, _coded("ATC")]
Conditions = Annotated[tuple[Ligne, ...], FROM_LIST, *DISTINCT, _coded("CIM-10", ("ATC",))]


class RuleModel(StrictModel):
    """One rule as its file writes it."""

    model_config = ConfigDict(title="Règle de prescription")

    id: Nom = Field(title="Identifiant", description="nom court, unique dans le fichier")
    label: Ligne = Field(title="Libellé", description="ce que dit la règle, en une ligne")
    category: Ligne = Field(title="Famille", description="la famille de médicaments")
    level: Literal[LEVELS] = Field(title="Niveau", description=", ".join(LEVELS))  # type: ignore[valid-type]
    source: Nom = Field(title="Source", description="nom d'une source citée en tête de fichier")
    drugs: Drugs = Field(title="Médicaments", description="codes ATC ou listes de codes")
    exposure: Literal["given", "missing"] = Field(default="given", title="Présent ou absent")
    age_from: Age = Field(default=0, title="Âge minimal")
    age_to: Age | None = Field(default=None, title="Âge maximal")
    sex: Literal["F", "M"] | None = Field(default=None, title="Sexe")
    minimum_days: FenetreNonVide = Field(default=1, title="Durée minimale (jours)")
    substances: Annotated[Entier, *within(2, 20, SEVERAL)] | None = Field(
        default=None, title="Substances à la fois"
    )
    dose_above: Nombre | None = Field(default=None, title="Dose par jour supérieure à")
    dose_unit: Literal["DDD", "mg"] = Field(default="DDD", title="Unité de dose")
    together: Annotated[tuple[Drugs, ...], FROM_LIST] = Field(default=(), title="Associé à")
    overlap_days: FenetreNonVide = Field(default=1, title="Jours d'association")
    without: Annotated[tuple[Ligne, ...], FROM_LIST, *DISTINCT, _coded("ATC")] = Field(
        default=(), title="Sans"
    )
    present: Conditions = Field(default=(), title="Maladie présente")
    absent: Conditions = Field(default=(), title="Maladie absente")
    lookback_days: Fenetre = Field(default=365, title="Recul (jours)")

    @field_validator("age_to")
    @classmethod
    def _ages_in_order(cls, age_to: int | None, info: ValidationInfo) -> int | None:
        age_from = info.data.get("age_from")
        if age_to is not None and age_from is not None and age_to < age_from:
            raise refusal(f"un âge maximal d'au moins l'âge minimal ({age_from} ans)")
        return age_to

    @field_validator("dose_above")
    @classmethod
    def _positive_dose(cls, dose: float | None) -> float | None:
        if dose is not None and dose <= 0:
            raise refusal("une dose par jour plus grande que 0")
        return dose

    @field_validator("minimum_days", "substances", "dose_above", "together", "without")
    @classmethod
    def _given_only(cls, value: Any, info: ValidationInfo) -> Any:
        if info.data.get("exposure") == "missing" and value not in (None, 1, ()):
            raise refusal(
                "rien ici pour une règle d'omission (exposure: missing), qui ne dit que les "
                "médicaments qui manquent"
            )
        return value

    @field_validator("lookback_days")
    @classmethod
    def _some_lookback(cls, days: int, info: ValidationInfo) -> int:
        if days == 0 and (info.data.get("present") or info.data.get("absent")):
            raise refusal("un recul d'un jour ou plus, où chercher la maladie")
        return days

    def rule(self, sources: Mapping[str, str], version: str) -> Rule:
        """The rule, its codes gathered in lists of one system."""
        made = self.model_dump()
        listed = {"drugs", "together", "without", "present", "absent", "source", "substances"}
        plain = {name: value for name, value in made.items() if name not in listed}
        level: Level = made["level"]
        source = sources[self.source]

        def drugs(part: str, items: tuple[str, ...]) -> Codelist:
            return _lists(f"{self.id}_{part}", items, "ATC", version, source)[0]

        return Rule(
            **{**plain, "level": level},
            source=source,
            substances=self.substances or 1,
            drugs=drugs("drugs", self.drugs),
            together=tuple(drugs(f"together_{n}", one) for n, one in enumerate(self.together, 1)),
            without=drugs("without", self.without) if self.without else None,
            present=_lists(f"{self.id}_present", self.present, "CIM-10", version, source),
            absent=_lists(f"{self.id}_absent", self.absent, "CIM-10", version, source),
        )


class RuleFileModel(StrictModel):
    """A whole file of rules."""

    model_config = ConfigDict(title="Fichier de règles")

    label: Ligne = Field(title="Libellé", description="nom du fichier de règles dans les rapports")
    version: Jour = Field(title="Version", description="date AAAA-MM-JJ de cette version")
    status: Ligne = Field(title="Statut", description="par exemple : à valider par un pharmacien")
    sources: Annotated[dict[Nom, Ligne], FREEZE] = Field(
        title="Sources", description="nom court: référence complète"
    )
    rules: Annotated[tuple[RuleModel, ...], FROM_LIST, *NOT_EMPTY] = Field(title="Règles")


def _lists(
    name: str, items: Sequence[str], system: str, version: str, source: str
) -> tuple[Codelist, ...]:
    """The codes written, and those of the lists named, one list per code system."""
    by_system: dict[str, dict[str, None]] = {}
    for item in items:
        if item[:1].islower():
            listed = codes.codelist(item)
            by_system.setdefault(listed.system, {}).update(dict.fromkeys(listed.codes))
        else:
            by_system.setdefault(system, {})[item] = None
    return tuple(
        Codelist(name, each, tuple(found), version=version, source=source, label=name)
        for each, found in by_system.items()
    )
