"""Parameters of a synthesis: which bundles, and how they are pooled."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict, Field

from studylib import project
from studylib.requests.scalars import (
    DISTINCT,
    FROM_LIST,
    NOT_EMPTY,
    Fault,
    Identifiant,
    Ligne,
    Nom,
    Nombre,
    refusal,
)
from studylib.requests.strict import StudyParameters


def _bundle_file(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or path.suffix != ".json" or "\\" in name:
        raise refusal("un chemin depuis la racine du projet, par exemple parameters/lots/11.json")
    return name


def _present(names: tuple[str, ...]) -> tuple[str, ...]:
    absent = [
        Fault("un fichier du projet ; celui-ci n'existe pas", (place,), name)
        for place, name in enumerate(names)
        if not (project.root() / name).is_file()
    ]
    if absent:
        raise refusal(*absent)
    return names


def _not_negative(value: float) -> float:
    if not 0 <= value <= 1:
        raise refusal("un nombre de 0 à 1 ; 1 : jamais plus étroit que l'intervalle normal")
    return value


BundleFile = Annotated[Ligne, AfterValidator(_bundle_file)]


class PooledSynthesisParameters(StudyParameters):
    """Which bundles of which request are pooled, and every choice of the pooling."""

    model_config = ConfigDict(title="Paramètres d'une synthèse de plusieurs observatoires")
    one_scope: ClassVar[bool] = True

    answered: Identifiant = Field(
        title="Demande étudiée",
        description="identifiant de la demande à laquelle les lots répondent",
    )
    bundles: Annotated[
        tuple[BundleFile, ...], FROM_LIST, *NOT_EMPTY, *DISTINCT, AfterValidator(_present)
    ] = Field(
        title="Lots de résultats",
        description="fichiers écrits par « studylib bundle export », un par observatoire",
    )
    analysis: Nom = Field(
        default="primary", title="Analyse", description="primary ou le nom d'une analyse des lots"
    )
    pooling: Literal["profiles", "estimates"] = Field(
        default="profiles",
        title="Ce qui est combiné",
        description="profils de vraisemblance (profiles) ou estimations (estimates)",
    )
    effects: Literal["fixed", "random"] = Field(
        default="random",
        title="Effets",
        description="un même effet partout (fixed) ou un effet par site (random)",
    )
    between_variance: Literal["reml", "dersimonian_laird"] = Field(
        default="reml", title="Variance entre sites", description="son estimateur"
    )
    interval: Literal["hartung_knapp", "normal"] = Field(
        default="hartung_knapp",
        title="Intervalle",
        description="des effets aléatoires, entre estimations",
    )
    profile_interval: Literal["hartung_knapp", "profile"] = Field(
        default="hartung_knapp",
        title="Intervalle des profils",
        description="des effets aléatoires ; profile (publié) est trop étroit sous douze sites",
    )
    least_scale: Annotated[Nombre, AfterValidator(_not_negative)] = Field(
        default=0.0,
        title="Facteur de Hartung-Knapp, au moins",
        description="0 : leur règle d'origine ; 1 : jamais plus étroit que l'intervalle normal",
    )
    i_squared_from: Literal["tau2", "q"] = Field(
        default="tau2", title="I² calculé", description="de la variance entre sites, ou de Q"
    )

    def files(self) -> tuple[Path, ...]:
        """The bundles' files, in the order given."""
        return tuple(project.root() / name for name in self.bundles)
