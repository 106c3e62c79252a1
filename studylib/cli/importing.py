"""``studylib import``: files or a database landed as Parquet, with a bar while it lasts."""

from __future__ import annotations

import getpass
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from studylib.cli.shown import messages, plural, results, say, table
from studylib.errors import ChoiceError, DataMissing
from studylib.sources import landing

PASSWORD_VARIABLE = "STUDYLIB_ORACLE_PASSWORD"
_REMARKS = {
    "no_final_newline": "la dernière ligne n'a pas de fin de ligne : si le fichier a été coupé, sa "
    "dernière valeur l'est peut-être aussi",
    "no_rows": "aucune ligne sous l'en-tête ; si la table n'est pas vide à la source, refaire "
    "l'extraction",
    "no_date": "colonne {column}, {rows} au 01/01/1600, par quoi le SNDS dit qu'il n'y a pas de "
    "date ; rien n'y est changé",
    "early": "colonne {column}, {rows} avant 1880, hors de ce qui est possible ; rien n'y "
    "est changé, vérifier l'extraction",
    "late": "colonne {column}, {rows} en 2050 ou après ; rien n'y est changé, vérifier "
    "l'extraction (ou y lire « sans fin », si la colonne est une fin de droit)",
}


def files(sources: Sequence[Path], out: Path, options: landing.Options) -> int:
    """Land files or folders; the exit code comes back."""
    with _Shown(messages()) as progress:
        done = landing.land(sources, out, options, progress=progress)
    _tell(done, out)
    if others := landing.unread(sources):
        names = ", ".join(path.name for path in others[:5]) + (", …" if len(others) > 5 else "")
        said = plural(len(others), "fichier laissé de côté", "fichiers laissés de côté")
        say(results(), f"{said}, que l'import ne lit pas : {names}.")
    return 0


@dataclass(frozen=True)
class Database:
    """Where the lines are, as the person gave it; the password is never among it."""

    dsn: str
    user: str
    table: str
    query: str | None
    between: tuple[str, str, str] | None


def oracle(asked: Database, out: Path) -> int:
    """Extract from Oracle, month by month; the exit code comes back."""
    if (
        "/" in asked.user
        or "@" in asked.user
        or ("/" in asked.dsn.split("@")[0] and "@" in asked.dsn)
    ):
        raise ChoiceError(
            "Le mot de passe ne se donne pas dans la commande, où d'autres peuvent le lire ; le "
            f"mettre dans la variable {PASSWORD_VARIABLE} ou le taper quand il est demandé."
        )
    between = None
    if asked.between:
        column, first, last = asked.between
        between = (column, _day(first), _day(last))
    extraction = landing.Extraction(asked.table, asked.query, between)
    connection = _connected(asked)
    try:
        with _Shown(messages()) as progress:
            done = landing.extract(connection, extraction, out, progress=progress)
    finally:
        connection.close()
    _tell(done, out)
    return 0


def _connected(asked: Database) -> Any:
    if find_spec("oracledb") is None:
        raise DataMissing(
            "L'extraction d'Oracle demande le complément « oracle » ; l'installer par "
            "pip install 'studylib[oracle]'."
        )
    import oracledb

    password = os.environ.get(PASSWORD_VARIABLE) or getpass.getpass("Mot de passe : ")
    try:
        return oracledb.connect(user=asked.user, password=password, dsn=asked.dsn)
    except oracledb.Error as error:
        said = str(error).splitlines()[0].replace(password, "***")
        raise DataMissing(
            f"Connexion à Oracle impossible ({said}) ; vérifier --dsn, --user et le mot de passe."
        ) from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ChoiceError(
            f"Option --between : « {text} » n'est pas une date AAAA-MM-JJ, par exemple 2021-01-01."
        ) from None


def _tell(done: Sequence[landing.Landed], out: Path) -> None:
    rows = [
        [
            one.source,
            one.target.table,
            "à jour" if one.status == "up_to_date" else "importé",
            one.rows,
            one.rejected,
        ]
        for one in done
    ]
    console = results()
    table(console, ["fichier", "table", "état", "lignes", "écartées"], rows)
    for one in done:
        for remark in one.remarks:
            words = {"column": remark.get("column"), "rows": _dates(remark.get("rows", 0))}
            place = f"{one.source}, table {one.target.table}"
            say(console, f"{place} : {_REMARKS[remark['kind']].format(**words)}.")
    new = [one for one in done if one.status == "landed"]
    if not new:
        say(
            console, f"Rien à faire : {plural(len(done), 'fichier', 'fichiers')} à jour dans {out}."
        )
    elif any(one.rejected for one in new):
        say(console, f"Les lignes écartées, avec leur raison, sont dans {out / 'rejected'}.")


def _dates(count: int) -> str:
    return plural(count, "date", "dates")


class _Shown:
    """A bar for the source in progress on a terminal, one line per source elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = console.is_terminal
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> _Shown:
        """Takes the bottom line of a terminal."""
        if self._live:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Gives it back."""
        if self._live:
            self._bar.stop()

    def started(self, name: str, size: int) -> None:
        """A source begins."""
        if self._live:
            self._task = self._bar.add_task(name, total=max(size, 1))
        else:
            say(self._console, f"{name} : début")

    def advanced(self, amount: int) -> None:
        """More was read."""
        if self._task is not None:
            self._bar.update(self._task, advance=amount)

    def finished(self, landed: landing.Landed) -> None:
        """The source is landed."""
        if self._task is not None:
            self._bar.remove_task(self._task)
            self._task = None
        done = "à jour" if landed.status == "up_to_date" else "importé"
        say(self._console, f"{landed.source} : {done}, {plural(landed.rows, 'ligne', 'lignes')}")
