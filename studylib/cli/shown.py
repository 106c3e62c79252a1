"""What the commands write: results on stdout, everything else on stderr."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from studylib import project

NBSP = "\u00a0"
NARROW = "\u202f"
_ERROR_LOG = "erreurs.log"
STYLES = {
    "réussi": "green",
    "à jour": "green",
    "publié": "green",
    "échec": "bold red",
    "refusé": "bold yellow",
    "données absentes": "yellow",
    "interrompu": "yellow",
}


def to_utf8() -> None:
    """Write French even where the terminal announces an older encoding."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace", encoding="utf-8")


def results() -> Console:
    """The console of results."""
    return Console(highlight=False, markup=False, soft_wrap=not sys.stdout.isatty())


def messages() -> Console:
    """The console of messages and progress."""
    return Console(stderr=True, highlight=False, markup=False, soft_wrap=not sys.stderr.isatty())


def error(text: str) -> None:
    """Say what went wrong, on stderr."""
    say(messages(), text, style="red")


def say(console: Console, text: str, *, style: str = "") -> None:
    """Write lines in French typography; plain ones off a terminal, where rich would alter tabs."""
    if console.is_terminal:
        console.print(Text(french(text), style=style))
    else:
        print(french(text), file=console.file, flush=True)


def french(text: str) -> str:
    """``text`` with the spaces of French typography, which do not break.

    >>> french("Relancer : « x » ?") == "Relancer\u00a0: «\u00a0x\u00a0»\u202f?"
    True
    """
    text = re.sub(" (?=[:»%€])", NBSP, text).replace("« ", f"«{NBSP}")
    return re.sub(" (?=[;?!])", NARROW, text)


def duration(seconds: float | None) -> str:
    r"""A duration in French.

    >>> duration(3.21), duration(75), duration(None)
    ('3,2\u202fs', '1\u202fmin\u202f15\u202fs', '')
    """
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds:.1f}".replace(".", ",") + f"{NARROW}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}{NARROW}min{NARROW}{rest:02d}{NARROW}s"


def plural(count: int, one: str, many: str) -> str:
    r"""A count with its noun.

    >>> plural(1, "exécution", "exécutions"), plural(2500, "ligne", "lignes")
    ('1 exécution', '2\u202f500 lignes')
    """
    return f"{number(count)} {one if count < 2 else many}"


def number(count: int) -> str:
    r"""A count as it is written in French.

    >>> number(1234567)
    '1\u202f234\u202f567'
    """
    return f"{count:,}".replace(",", NARROW)


def path(file: Path | None) -> str:
    """A path as short as it can be copied: from the working folder when it lies below."""
    if file is None:
        return ""
    try:
        return str(file.relative_to(Path.cwd()))
    except ValueError:
        return str(file)


def table(console: Console, columns: Sequence[str], rows: Sequence[Sequence[str | int]]) -> None:
    """A table on a terminal; elsewhere one line per row, its cells separated by tabs.

    Counts are given as numbers: a terminal aligns and groups them, a program reads them bare.
    """
    if not console.is_terminal:
        for row in (columns, *rows):
            say(console, "\t".join(map(str, row)))
        return
    drawn = Table(box=None, pad_edge=False)
    for place, column in enumerate(columns):
        counts = bool(rows) and isinstance(rows[0][place], int)
        drawn.add_column(column, overflow="fold", justify="right" if counts else "left")
    for row in rows:
        cells = [number(cell) if isinstance(cell, int) else cell for cell in row]
        drawn.add_row(*(Text(french(cell), style=STYLES.get(cell, "")) for cell in cells))
    console.print(drawn)


def error_log(trace: str) -> Path:
    """The file where the traceback of a defect of studylib was added."""
    when = datetime.now().isoformat(sep=" ", timespec="seconds")
    for folder in (project.outputs(), Path(tempfile.gettempdir())):
        file = folder / _ERROR_LOG
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with file.open("a", encoding="utf-8") as stream:
                stream.write(f"{when}\n{trace}\n")
        except OSError:
            continue
        return file
    return Path(_ERROR_LOG)
