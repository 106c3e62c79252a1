"""Diagnostic gates: what must hold before an estimate may be seen."""

from studylib.risk.gates.gate import Gates
from studylib.risk.gates.schemas import GATES, measured
from studylib.risk.gates.thresholds import Thresholds

__all__ = ["GATES", "Gates", "Thresholds", "measured"]
