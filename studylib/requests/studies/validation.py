"""Parameters of the validation dossier of the library."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from studylib.requests.scalars import DISTINCT, FROM_LIST, NOT_EMPTY, Entier, within
from studylib.requests.strict import StudyParameters
from studylib.risk.validation import SIMULATIONS

Family = Literal[
    "time_to_event",
    "confounded",
    "self_controlled",
    "sequence_symmetry",
    "case_crossover",
    "nested_case_control",
    "pooled",
    "calibrated",
]


class ValidationParameters(StudyParameters):
    """What is run again to show that estimators find what is true."""

    model_config = ConfigDict(title="Paramètres du dossier de validation")
    one_scope: ClassVar[bool] = True

    replicates: Annotated[Entier, *within(20, 10_000, "de 20 à 10 000 répétitions")] = Field(
        default=1000,
        title="Répétitions",
        description="jeux de données simulés pour chaque couverture ; 1 000 en un quart d'heure",
    )
    seed: Entier = Field(default=0, title="Graine", description="celle du premier jeu de données")
    families: Annotated[tuple[Family, ...], FROM_LIST, *NOT_EMPTY, *DISTINCT] = Field(
        default=tuple(SIMULATIONS),  # type: ignore[arg-type]
        title="Familles d'estimateurs",
        description="celles dont la couverture est simulée",
    )
