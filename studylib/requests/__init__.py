"""Study requests: reading their files, checking them, knowing the kinds of study."""

from studylib.requests.codelists import codelists_of
from studylib.requests.finding import find
from studylib.requests.gates import GateThresholds, Opening, Openings
from studylib.requests.models import Scope, StudyRequest
from studylib.requests.reading import read
from studylib.requests.registry import STUDIES, StudyType
from studylib.requests.schema import schema
from studylib.requests.strict import StudyParameters
from studylib.requests.studies import IatrogenicRiskParameters, RegionalSpendingParameters

__all__ = [
    "STUDIES",
    "GateThresholds",
    "IatrogenicRiskParameters",
    "Opening",
    "Openings",
    "RegionalSpendingParameters",
    "Scope",
    "StudyParameters",
    "StudyRequest",
    "StudyType",
    "codelists_of",
    "find",
    "read",
    "schema",
]
