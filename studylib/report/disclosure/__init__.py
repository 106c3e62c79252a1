"""Small-cell control: no count under the threshold is shown, nor follows from what is shown."""

from studylib.report.disclosure.across import exposed_by_parts
from studylib.report.disclosure.curves import coarsen
from studylib.report.disclosure.derived import hide_derived
from studylib.report.disclosure.masking import Masked, combine, mask, review
from studylib.report.disclosure.system import DEFAULT_THRESHOLD, CountSystem
from studylib.report.disclosure.together import exposed_together
from studylib.report.disclosure.told import Told

__all__ = [
    "DEFAULT_THRESHOLD",
    "CountSystem",
    "Masked",
    "Told",
    "coarsen",
    "combine",
    "exposed_by_parts",
    "exposed_together",
    "hide_derived",
    "mask",
    "review",
]
