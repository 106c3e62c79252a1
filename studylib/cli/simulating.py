"""``studylib simulate``: a simulated SNDS written as raw tables, with a bar while it lasts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from studylib.cli.shown import duration, french, messages, plural, results, say
from studylib.errors import ChoiceError
from studylib.sources.simulated import Settings
from studylib.sources.snds.simulation import simulate
from studylib.sources.snds.simulation import traps as every
from studylib.sources.snds.simulation.generation import Progress as Done


@dataclass(frozen=True)
class Asked:
    """A simulation as the command line gives it; lists are separated by commas."""

    persons: int
    years: str
    seed: int
    out: Path
    without: str = ""
    only: str = ""
    regions: str = ""


def run(asked: Asked) -> int:
    """Write the simulated SNDS; the exit code comes back."""
    settings, traps = _settings(asked), _traps(asked)
    begun = monotonic()
    console = messages()
    if console.is_terminal:
        with _bar() as bar:
            task = bar.add_task("Simulation", total=None, said="")

            def shown(done: Done) -> None:
                said = french(f"bloc {done.done} sur {done.blocks}")
                bar.update(task, completed=done.done, total=done.blocks, said=said)

            simulate(settings, asked.out, traps=traps, told=shown)
    else:
        simulate(settings, asked.out, traps=traps, told=_plain)
    persons = plural(settings.persons, "personne simulée", "personnes simulées")
    tables = len([path for path in asked.out.iterdir() if path.is_dir()]) - 1
    said = f"{persons} de {settings.first_year} à {settings.last_year} dans {asked.out}"
    say(results(), f"{said} : {tables} tables, {duration(monotonic() - begun)}.")
    return 0


def _settings(asked: Asked) -> Settings:
    years = re.fullmatch(r"(\d{4})(?:-(\d{4}))?", asked.years.strip())
    if not years:
        raise ChoiceError(
            f"Option --years : reçu « {asked.years} » ; il faut deux années, par exemple 2018-2024."
        )
    first, last = int(years[1]), int(years[2] or years[1])
    regions = _listed(asked.regions) or Settings().regions
    return Settings(
        persons=asked.persons,
        first_year=first,
        last_year=last,
        regions=tuple(regions),
        seed=asked.seed,
    )


def _traps(asked: Asked) -> every.Traps:
    if asked.only and asked.without:
        raise ChoiceError("Options --only et --without : donner l'une ou l'autre, pas les deux.")
    if asked.only:
        return every.only(_keys(asked.only))
    return every.everything().without(*_keys(asked.without))


def _keys(text: str) -> list[str]:
    return [key.upper() for key in _listed(text)]


def _listed(text: str) -> Sequence[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _plain(done: Done) -> None:
    say(messages(), f"bloc {done.done} sur {done.blocks}")


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[said]}"),
        TimeElapsedColumn(),
        console=messages(),
        transient=True,
    )
