"""What a request chooses of a case-crossover, beside a case series."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from studylib.requests.scalars import Entier, Fenetre, FenetreNonVide, within
from studylib.requests.strict import StrictModel

_WINDOWS = within(1, 50, "un nombre de fenêtres de 1 à 50")
_CASES = within(0, 10, "un nombre de cas à venir de 0 à 10 ; 0 : sans correction")
_SEED = within(0, 999_999, "une graine de 0 à 999 999")


class CaseCrossover(StrictModel):
    """The windows of each case that are compared, and the correction of exposure trends."""

    model_config = ConfigDict(title="Cas croisés")

    window_days: FenetreNonVide = Field(
        default=30, title="Fenêtre du cas (jours)", description="jours qui finissent à l'événement"
    )
    referent_windows: Annotated[Entier, *_WINDOWS] = Field(
        default=4,
        title="Fenêtres de référence, au plus",
        description="de même durée, plus tôt chez la même personne",
    )
    apart_days: Fenetre = Field(
        default=30, title="Jours entre fenêtres", description="entre deux fenêtres qui se suivent"
    )
    lag_days: Fenetre = Field(
        default=0,
        title="Jours écartés avant l'événement",
        description="0 : le jour de l'événement compte",
    )
    exposed_by: Literal["dispensing", "supply"] = Field(
        default="dispensing",
        title="Fenêtre exposée par",
        description="une délivrance qui y tombe, ou un jour couvert par une délivrance",
    )
    future_cases: Annotated[Entier, *_CASES] = Field(
        default=0,
        title="Cas à venir pris comme témoins, par cas",
        description="pour diviser par la tendance de l'exposition ; 0 : sans cette correction",
    )
    seed: Annotated[Entier, *_SEED] = Field(
        default=0, title="Graine", description="du tirage des témoins"
    )

    def choices(self) -> dict[str, object]:
        """The same as ``risk.case_crossovers`` takes them."""
        return {
            "case_window": self.window_days,
            "number": self.referent_windows,
            "washout": self.apart_days,
            "lag": self.lag_days,
            "exposed_by": self.exposed_by,
            "future_cases": self.future_cases,
            "seed": self.seed,
        }
