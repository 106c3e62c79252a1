"""Progress of runs: a few live lines on a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from types import TracebackType

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from studylib.cli.shown import duration, say
from studylib.runs import Outcome, PlannedRun

_REFRESH = 4


class PlainLines:
    """One line when a run starts, at each new section, and when it ends."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._sections: dict[str, str] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> PlainLines:
        """Nothing to prepare."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing to put away."""

    def started(self, item: PlannedRun) -> None:
        """Tell that a run begins, unless there is nothing to do for it."""
        if item.action != "none":
            self._say(item, "départ")

    def section(self, item: PlannedRun, heading: str, position: int, total: int) -> None:
        """Tell the section a run has reached, once."""
        with self._lock:
            known = self._sections.get(item.name) == heading
            self._sections[item.name] = heading
        if heading and not known:
            self._say(item, f"section « {heading} » ({position + 1}/{total})")

    def finished(self, item: PlannedRun, outcome: Outcome) -> None:
        """Tell how a run ended."""
        seconds = outcome.record.seconds if outcome.record and outcome.executed else None
        self._say(item, " ".join(filter(None, [outcome.status, duration(seconds)])))

    def _say(self, item: PlannedRun, text: str) -> None:
        say(self._console, f"{time.strftime('%H:%M:%S')} {item.name} : {text}")


class LiveLines:
    """One line per active run: name, section, elapsed and expected time; and one overall bar."""

    def __init__(self, console: Console, total: int) -> None:
        self._console, self._total, self._done = console, total, 0
        self._active: dict[str, tuple[PlannedRun, str, float]] = {}
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._live = Live(self, console=console, refresh_per_second=_REFRESH, transient=True)

    def __enter__(self) -> LiveLines:
        """Take the bottom lines of the terminal."""
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the lines back."""
        self._live.stop()

    def started(self, item: PlannedRun) -> None:
        """Add a line."""
        with self._lock:
            self._active[item.name] = (item, "démarrage du noyau", time.monotonic())

    def section(self, item: PlannedRun, heading: str, position: int, total: int) -> None:
        """Change the section shown on a run's line."""
        with self._lock:
            since = self._active[item.name][2] if item.name in self._active else time.monotonic()
            self._active[item.name] = (item, heading, since)

    def finished(self, item: PlannedRun, outcome: Outcome) -> None:
        """Remove a line and move the bar."""
        with self._lock:
            self._active.pop(item.name, None)
            self._done += 1

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The lines as they stand."""
        with self._lock:
            active, done = list(self._active.values()), self._done
        now = time.monotonic()
        lines = Table.grid(padding=(0, 2), expand=True)
        lines.add_column(no_wrap=True, overflow="ellipsis")
        lines.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        lines.add_column(no_wrap=True, justify="right")
        for item, heading, since in active:
            lines.add_row(Text(item.name), Text(heading, style="cyan"), _times(item, now - since))
        bar = Table.grid(padding=(0, 2), expand=True)
        bar.add_column(no_wrap=True)
        bar.add_column(ratio=1)
        bar.add_column(no_wrap=True, justify="right")
        drawn = ProgressBar(total=self._total, completed=done)
        bar.add_row(f"{done} sur {self._total}", drawn, duration(now - self._started))
        yield lines
        yield bar


def _times(item: PlannedRun, elapsed: float) -> str:
    """The time elapsed, and the one the last good run took."""
    expected = item.previous.seconds if item.previous and item.action == "execute" else 0
    return duration(elapsed) + (f" sur ~{duration(expected)}" if expected else "")
