"""Writing a simulated SNDS, block by block: finished blocks are kept, and their bytes are fixed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from studylib import project
from studylib.errors import StudyError, system_fault
from studylib.sources.engine import EngineSettings
from studylib.sources.engine.duck import DuckEngine
from studylib.sources.made_once import made_once
from studylib.sources.simulated.generation import create_world
from studylib.sources.simulated.settings import Settings
from studylib.sources.snds.simulation.dcir import write_dcir
from studylib.sources.snds.simulation.flows import create_calendar
from studylib.sources.snds.simulation.hospital import write_hospital
from studylib.sources.snds.simulation.identities import BLOCK, create_identities
from studylib.sources.snds.simulation.people import write_people
from studylib.sources.snds.simulation.prestations import create_prestations
from studylib.sources.snds.simulation.referentials import (
    create_referentials,
    write_referentials,
)
from studylib.sources.snds.simulation.town import create_drug_lines
from studylib.sources.snds.simulation.traps import Traps, everything
from studylib.sources.snds.simulation.truth import FOLDER as TRUTH
from studylib.sources.snds.simulation.truth import write_truth

MANIFEST = "simulation.json"
WHOLE = "whole"  # a file of the truth: all blocks are written
MEMORY_GB = 4.0  # for a block, where the machine's user grants none: more gains a tenth of the time
_CODE = Path(__file__).parent
_NO_SPACE = ("no space left", "could not write all bytes", "disk quota")


@dataclass(frozen=True)
class Progress:
    """How far a simulation is: blocks finished and in all."""

    done: int
    blocks: int


def fingerprint(settings: Settings, traps: Traps) -> str:
    """Hash of the settings, the traps, the world's code and the recording's."""
    digest = hashlib.sha256(f"{settings.fingerprint}/{','.join(traps.keys())}".encode())
    for path in sorted([*_CODE.glob("*.py"), *_CODE.parent.glob("referential/*.csv")]):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def simulate(
    settings: Settings,
    folder: Path,
    *,
    traps: Traps | None = None,
    told: Callable[[Progress], None] = lambda progress: None,
) -> None:
    """Writes the raw tables, and the truth beside them, into ``folder``.

    A folder begun with the same settings is completed; StudyError when it holds anything else, or
    when the disk is full. ``told`` hears of each block as it is finished.
    """
    chosen = everything() if traps is None else traps
    _begin(settings, chosen, folder)
    blocks = -(-settings.persons // BLOCK)
    marks = folder / TRUTH / "blocks"
    marks.mkdir(parents=True, exist_ok=True)
    for block in range(blocks):
        mark = marks / f"{block:05d}"
        if not mark.exists():
            try:
                write_block(settings, chosen, folder, block)
            except (duckdb.Error, OSError) as error:
                raise _refusal(error, folder) from error
            mark.touch()
        told(Progress(block + 1, blocks))
    (folder / TRUTH / WHOLE).touch()


def ensure(settings: Settings, traps: Traps) -> Path:
    """The folder of this simulated SNDS, written first if it is not there whole."""
    mark = fingerprint(settings, traps)
    folder = project.writable_data() / "simulated" / f"snds-{mark[:16]}"
    return made_once(
        folder,
        lambda part: simulate(settings, part, traps=traps),
        whole=lambda made: (made / TRUTH / WHOLE).exists(),
        goes_on=True,
    )


def write_block(settings: Settings, traps: Traps, folder: Path, block: int) -> None:
    """Writes the files of one block; blocks may be made in any order."""
    granted = EngineSettings.from_environment()
    with DuckEngine.start(replace(granted, memory_gb=granted.memory_gb or MEMORY_GB)) as engine:
        connection = engine.connection
        connection.execute("SET preserve_insertion_order = true")  # the same bytes, any threads
        low = block * BLOCK
        create_world(connection, settings, low, min(low + BLOCK, settings.persons))
        create_referentials(connection, settings, traps)
        create_identities(connection, settings, traps)
        write_people(connection, settings, traps, folder, block)
        create_calendar(connection, settings, traps)
        create_drug_lines(connection, settings, traps)
        create_prestations(connection, settings, traps)
        write_dcir(connection, settings, traps, folder, block)
        write_truth(connection, settings, traps, folder, block)
        write_hospital(connection, settings, traps, folder, block)
        if block == 0:
            write_referentials(connection, settings, folder)


def _begin(settings: Settings, traps: Traps, folder: Path) -> None:
    """Writes the manifest of a new folder, or checks that of one already begun."""
    wanted: dict[str, Any] = {
        "kind": "simulated_snds",
        "settings": asdict(settings) | {"regions": list(settings.regions)},
        "traps": traps.keys(),
        "fingerprint": fingerprint(settings, traps),
    }
    manifest = folder / MANIFEST
    if manifest.exists():
        if json.loads(manifest.read_text(encoding="utf-8")) != wanted:
            raise StudyError(
                f"Le dossier {folder} contient un SNDS simulé avec d'autres réglages ou une autre "
                "version de studylib ; choisir un autre dossier, ou supprimer celui-ci."
            )
        return
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StudyError(
            f"Le dossier {folder} n'est pas vide et ne vient pas d'une simulation ; "
            "choisir un dossier vide ou nouveau."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StudyError(
            system_fault(error)
            or f"Le dossier {folder} ne peut pas être créé ici ; en choisir un autre."
        ) from error
    text = json.dumps(wanted, ensure_ascii=False, indent=1)
    manifest.write_text(text, encoding="utf-8")


def _refusal(error: Exception, folder: Path) -> Exception:
    """A sentence when the disk is full; the error itself otherwise."""
    if any(sign in str(error).lower() for sign in _NO_SPACE):
        return StudyError(
            f"Écriture impossible ({folder.name}) : le disque est plein ; libérer de la place et "
            "relancer la même commande, les blocs déjà écrits sont gardés."
        )
    return error
