"""Parameters of a study of medicines that harm or may: rules, polypharmacy, load, admissions."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field

from studylib import codes, usage
from studylib.errors import CodeError, RequestError
from studylib.requests import dose_files, rule_files
from studylib.requests.coded import DiagnosisList, DrugList
from studylib.requests.dose_files import DoseTable, dose_table, dose_table_names
from studylib.requests.rule_files import rule_set, rule_set_names
from studylib.requests.scalars import (
    DISTINCT,
    FROM_LIST,
    NOT_EMPTY,
    Age,
    Entier,
    Fault,
    Fenetre,
    FenetreNonVide,
    Ligne,
    Nom,
    refusal,
    within,
)
from studylib.requests.strict import StrictModel, StudyParameters
from studylib.requests.studies.outcome import Period
from studylib.requests.wording import suggestion
from studylib.usage.rules import LEVELS

Level = Literal[LEVELS]  # type: ignore[valid-type]


def _known_rules(name: str) -> str:
    if name not in rule_set_names():
        raise refusal(suggestion(name, rule_set_names(), what="le nom d'un fichier de règles"))
    try:
        rule_set(name)
    except RequestError as error:
        first = error.problems[0]
        raise refusal(f"un fichier de règles correct ; celui-ci ne l'est pas ({first})") from None
    return name


def _known_doses(name: str) -> str:
    if name not in dose_table_names():
        raise refusal(suggestion(name, dose_table_names(), what="le nom d'un fichier de doses"))
    try:
        dose_table(name)
    except RequestError as error:
        first = error.problems[0]
        raise refusal(f"un fichier de doses correct ; celui-ci ne l'est pas ({first})") from None
    return name


def _known_scale(name: str) -> str:
    try:
        usage.scale(name)
    except CodeError as error:
        raise refusal(f"le nom d'une échelle ({error})") from None
    return name


def _atc_prefixes(prefixes: tuple[str, ...]) -> tuple[str, ...]:
    faults = []
    for rank, prefix in enumerate(prefixes):
        try:
            codes.system("ATC").check(prefix, prefix=True)
        except CodeError:
            faults.append(Fault("un début de code ATC, par exemple D ou J07", (rank,), prefix))
    if faults:
        raise refusal(*faults)
    return prefixes


def _growing(cuts: tuple[int, ...]) -> tuple[int, ...]:
    if list(cuts) != sorted(cuts):
        raise refusal("des âges croissants, par exemple [65, 75, 85]")
    return cuts


class Polypharmacy(StrictModel):
    """How substances are counted."""

    model_config = ConfigDict(title="Polymédication")

    atc_level: Annotated[Entier, *within(4, 5, "4 (sous-groupe) ou 5 (substance)")] = Field(
        default=5, title="Niveau ATC", description="5 : substance ; 4 : sous-groupe chimique"
    )
    excluded: Annotated[tuple[Ligne, ...], FROM_LIST, *DISTINCT, AfterValidator(_atc_prefixes)] = (
        Field(
            default=("D", "S", "V", "J07"),
            title="Classes non comptées",
            description="débuts de codes ATC (topiques, vaccins…)",
        )
    )
    quarters: Annotated[Entier, *within(1, 40, "un nombre de trimestres de 1 à 40")] = Field(
        default=3, title="Trimestres consécutifs", description="pour la polymédication continue"
    )
    presence: Literal["in_use", "dispensed"] = Field(
        default="in_use",
        title="Présence dans un trimestre",
        description="in_use : un jour couvert ; dispensed : une délivrance",
    )


class Load(StrictModel):
    """A scale, and from when its load counts."""

    model_config = ConfigDict(title="Charge")

    scale: Annotated[Nom, AfterValidator(_known_scale)] = Field(
        title="Échelle", description="nom d'une échelle fournie"
    )
    at_least: Annotated[Entier, *within(1, 50, "un seuil de 1 à 50")] = Field(
        title="Charge d'un jour à partir de",
        description="somme des scores en cours",
    )
    minimum_days: FenetreNonVide = Field(
        default=30, title="Pendant (jours)", description="jours de la période à ce niveau"
    )


class Admissions(StrictModel):
    """How drug-related stays are found."""

    model_config = ConfigDict(title="Séjours liés aux médicaments")

    coded: Annotated[tuple[DiagnosisList, ...], FROM_LIST, *NOT_EMPTY, *DISTINCT] = Field(
        title="Listes de codes", description="codes CIM-10 qui nomment un médicament"
    )
    intentional: DiagnosisList = Field(
        title="Actes volontaires", description="auto-intoxications, comptées à part"
    )
    bleeding: DiagnosisList = Field(
        title="Hémorragies", description="première des deux listes, en diagnostic principal"
    )
    antithrombotics: Annotated[tuple[DrugList, ...], FROM_LIST, *NOT_EMPTY, *DISTINCT] = Field(
        title="Antithrombotiques", description="seconde liste, délivrés avant l'entrée"
    )
    carry_days: Fenetre = Field(
        default=15,
        title="Report (jours)",
        description="jours ajoutés à ce que couvre la dernière délivrance",
    )


Percent = Annotated[Entier, *within(1, 100, "un pourcentage de 1 à 100")]


class InappropriateMedicationParameters(StudyParameters):
    """Every choice of the study of inappropriate medication."""

    model_config = ConfigDict(title="Paramètres d'une étude de médication inappropriée")

    period: Period = Field(title="Période", description="jours de traitement étudiés, compris")
    minimum_age: Age = Field(default=75, title="Âge minimal", description="âge révolu")
    age_bands: Annotated[
        tuple[Age, ...], FROM_LIST, *NOT_EMPTY, *DISTINCT, AfterValidator(_growing)
    ] = Field(default=(65, 75, 85), title="Classes d'âge", description="bornes, croissantes")
    rules: Annotated[Nom, AfterValidator(_known_rules)] = Field(
        title="Règles", description="nom d'un fichier de règles de prescription"
    )
    doses: Annotated[Nom, AfterValidator(_known_doses)] | None = Field(
        default=None,
        title="Doses par boîte",
        description="nom d'un fichier de doses ; sans lui, pas de règle de dose",
    )
    levels: Annotated[tuple[Level, ...], FROM_LIST, *NOT_EMPTY, *DISTINCT] = Field(
        default=("inappropriate",),
        title="Niveaux réunis",
        description="niveaux de règles de l'indicateur d'ensemble",
    )
    history_days: Fenetre = Field(
        default=365, title="Historique (jours)", description="délivrances lues avant la période"
    )
    grace_days: Fenetre = Field(
        default=30, title="Délai de grâce (jours)", description="trou toléré entre délivrances"
    )
    polypharmacy: Polypharmacy = Field(default_factory=Polypharmacy, title="Polymédication")
    loads: Annotated[tuple[Load, ...], FROM_LIST] = Field(
        default=(), title="Charges", description="anticholinergique, sédative"
    )
    admissions_period: Period = Field(
        title="Période des séjours", description="jours d'entrée des séjours, compris"
    )
    admissions: Admissions = Field(title="Séjours liés aux médicaments")
    avoidable_percents: Annotated[tuple[Percent, ...], FROM_LIST, *NOT_EMPTY, *DISTINCT] = Field(
        default=(100,),
        title="Scénarios (% du dépassement)",
        description="parts du dépassement du niveau de l'ensemble que l'on éviterait",
    )

    def dose_table(self) -> DoseTable | None:
        """The doses of packs, where the request names a file of them."""
        return None if self.doses is None else dose_table(self.doses)

    def files(self) -> tuple[Path, ...]:
        """The project's own files of rules and doses that the request names, if any."""
        own = [rule_files.own_file(self.rules), dose_files.own_file(self.doses or "")]
        return tuple(file for file in own if file is not None)

    def days(self) -> tuple[date, date]:
        """The period of treatment, first and last day included."""
        return self.period.start, self.period.end

    def in_time(self) -> dict[str, Any]:
        """What makes runs of treatment, as the producers of ``usage`` take it."""
        return {
            "period": self.days(),
            "history_days": self.history_days,
            "grace_days": self.grace_days,
            "carry_over": True,
        }

    def stays(self) -> dict[str, Any]:
        """What finds drug-related stays, as ``risk.admissions`` takes it."""
        asked, period = self.admissions, self.admissions_period
        return {
            "period": (period.start, period.end),
            "coded": [codes.codelist(name) for name in asked.coded],
            "intentional": codes.codelist(asked.intentional),
            "bleeding": codes.codelist(asked.bleeding),
            "antithrombotics": [codes.codelist(name) for name in asked.antithrombotics],
            "carry_days": asked.carry_days,
        }

    def scenarios(self) -> dict[str, float]:
        """The share of the excess avoided in each scenario, by its name."""
        return {f"{percent} %": percent / 100 for percent in self.avoidable_percents}
