"""Diagnostic gates: what must hold before an estimate may be seen."""

from studylib.risk.gates.gate import Gates

__all__ = ["Gates"]
