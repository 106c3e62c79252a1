"""A comparator without treatment, as a request says it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field

from studylib.cohort.non_users import LARGEST_SHARE
from studylib.requests.scalars import Entier, Libelle, Nombre, SchemaExtra, refusal, within
from studylib.requests.strict import StrictModel


def _can_be_set_aside(share: float) -> float:
    if not 0 < share <= LARGEST_SHARE:
        raise refusal(f"une part au-dessus de 0 et jusqu'à {LARGEST_SHARE}, par exemple 0.1")
    return share


SetAside = Annotated[
    Nombre,
    AfterValidator(_can_be_set_aside),
    SchemaExtra({"exclusiveMinimum": 0, "maximum": LARGEST_SHARE}),
]


class NonUsers(StrictModel):
    """Persons who take none of the treatments, for want of an active comparator."""

    model_config = ConfigDict(title="Groupe sans traitement")

    label: Libelle = Field(title="Nom du groupe", description="nom du groupe dans le rapport")
    per_user: Annotated[Entier, *within(1, 20, "de 1 à 20 personnes par personne traitée")] = Field(
        default=2, title="Par personne traitée, au plus"
    )
    drawn_share: SetAside = Field(
        default=0.2,
        title="Part de la population tirée au sort",
        description="d'avance ; celles qui débutent ensuite un traitement sortent des traitées",
    )
    birth_band_years: Annotated[Entier, *within(1, 30, "de 1 à 30 années de naissance")] = Field(
        default=5,
        title="Années de naissance par tranche",
        description="même sexe, même région, même tranche",
    )
    seed: Entier = Field(default=0, title="Graine du tirage")

    def choices(self) -> dict[str, Any]:
        """The keyword arguments of ``cohort.with_non_users``."""
        given = self.model_dump()
        return {"arm": given.pop("label"), **given}
