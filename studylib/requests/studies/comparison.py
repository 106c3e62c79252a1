"""How the arms of a study of harm are compared, as its request says it."""

from __future__ import annotations

from pydantic import Field

from studylib.requests.strict import StudyParameters
from studylib.requests.studies.adjustment import Adjustment, OutcomeModel


class ComparisonParameters(StudyParameters):
    """How the arms are compared."""

    adjustment: Adjustment = Field(
        default=Adjustment(), title="Ajustement", description="ce qui rend les groupes comparables"
    )
    model: OutcomeModel = Field(
        default=OutcomeModel(), title="Modèle de risque", description="ex æquo, intervalle"
    )
