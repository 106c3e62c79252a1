"""Plan, execute, record and publish runs of study notebooks."""

from studylib.runs.carry_out import Outcome, carry_out, describe, exit_code
from studylib.runs.plan import Plan, PlannedRun, make, read_all
from studylib.runs.progress import Progress, Silent
from studylib.runs.publish import rebuild
from studylib.runs.record import RunRecord, folder_of, history
from studylib.runs.site import Entry, entries, index

__all__ = [
    "Entry",
    "Outcome",
    "Plan",
    "PlannedRun",
    "Progress",
    "RunRecord",
    "Silent",
    "carry_out",
    "describe",
    "entries",
    "exit_code",
    "folder_of",
    "history",
    "index",
    "make",
    "read_all",
    "rebuild",
]
