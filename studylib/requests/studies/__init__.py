"""One parameter model per kind of study."""

from studylib.requests.studies.data_quality import (
    DataQualityParameters,
)
from studylib.requests.studies.iatrogenic_risk import (
    IatrogenicRiskParameters,
)
from studylib.requests.studies.inappropriate_medication import (
    InappropriateMedicationParameters,
)
from studylib.requests.studies.pooled_synthesis import (
    PooledSynthesisParameters,
)
from studylib.requests.studies.regional_spending import (
    RegionalSpendingParameters,
)
from studylib.requests.studies.self_controlled import (
    SelfControlledParameters,
)
from studylib.requests.studies.sequence_symmetry import (
    SequenceSymmetryParameters,
)
from studylib.requests.studies.validation import (
    ValidationParameters,
)

__all__ = [
    "DataQualityParameters",
    "IatrogenicRiskParameters",
    "InappropriateMedicationParameters",
    "PooledSynthesisParameters",
    "RegionalSpendingParameters",
    "SelfControlledParameters",
    "SequenceSymmetryParameters",
    "ValidationParameters",
]
