"""What one observatory sends to another: no person, no small cell, checked at both ends."""

from studylib.report.bundle.checking import faults
from studylib.report.bundle.identity import Identity, fingerprint
from studylib.report.bundle.pieces import CONTENTS, SITES
from studylib.report.bundle.reading import Bundles, read
from studylib.report.bundle.writing import ArmRule, bundle, write

__all__ = [
    "CONTENTS",
    "SITES",
    "ArmRule",
    "Bundles",
    "Identity",
    "bundle",
    "faults",
    "fingerprint",
    "read",
    "write",
]
