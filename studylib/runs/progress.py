"""What a campaign of runs tells while it lasts; the command line draws it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from studylib.runs.carry_out import Outcome
    from studylib.runs.plan import PlannedRun


class Progress(Protocol):
    """Listens to runs; called from several threads."""

    def started(self, item: PlannedRun) -> None:
        """A run begins."""

    def section(self, item: PlannedRun, heading: str, position: int, total: int) -> None:
        """A run reached a cell: the heading above it, and how far it is."""

    def finished(self, item: PlannedRun, outcome: Outcome) -> None:
        """A run ended, well or not."""


class Silent:
    """Says nothing."""

    def started(self, item: PlannedRun) -> None:
        """Nothing is shown."""

    def section(self, item: PlannedRun, heading: str, position: int, total: int) -> None:
        """Nothing is shown."""

    def finished(self, item: PlannedRun, outcome: Outcome) -> None:
        """Nothing is shown."""
