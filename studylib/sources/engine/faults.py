"""What an engine could not do, in one sentence: which folder is full, which memory was granted."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from pyarrow import ArrowException, parquet

from studylib import project
from studylib.errors import DataMissing, StudyError
from studylib.sources.engine.settings import MEMORY_VARIABLE, TEMP_VARIABLE

_FULL = ("no space left", "file too large", "disk quota exceeded", "max_temp_directory_size")
_UNWRITABLE = ("permission denied", "read-only file system")
_CORRUPT = (
    "failed to read file",
    "tprotocolexception",
    "failed_read_file",
    "error reading parquet",
)
_MEMORY = ("out of memory", "outofmemoryerror", "unable to acquire", "gc overhead limit")


def disk_full(folder: Path, step: str) -> StudyError:
    """The disk of ``folder`` is full: how much is left there, and what to do."""
    return StudyError(
        f"Disque plein pendant « {step} » : il reste {_free(folder)} dans {shown(folder)} ; y "
        f"libérer de la place, ou désigner par {TEMP_VARIABLE} un dossier temporaire plus grand. "
        "Rien d'inachevé n'a été gardé."
    )


def output_full(file: Path) -> StudyError:
    """The disk that should receive ``file`` is full."""
    return StudyError(
        f"Disque plein en écrivant {file.name} : il reste {_free(file.parent)} dans "
        f"{shown(file.parent)} ; y libérer de la place ou écrire ailleurs. Rien d'inachevé n'a été "
        "gardé."
    )


def unwritable(folder: Path) -> StudyError:
    """``folder`` may not be written."""
    return StudyError(
        f"Écriture refusée dans {shown(folder)} ; vérifier les droits ou choisir un autre dossier."
    )


def out_of_memory(granted_gb: float, step: str, more: str) -> StudyError:
    """``step`` needs more memory than was granted; ``more`` says how to grant more."""
    granted = f"{granted_gb:.1f}".removesuffix(".0").replace(".", ",")
    return StudyError(
        f"Mémoire insuffisante pendant « {step} » : les {granted} Go accordés ne suffisent pas ; "
        f"{more}."
    )


def more_memory(granted_gb: float) -> str:
    """How to grant this process about twice the memory it had."""
    return f"en accorder davantage, par exemple {MEMORY_VARIABLE}={max(1, round(granted_gb * 2))}"


def is_full(message: str) -> bool:
    """Whether an engine's message tells of a disk without room."""
    return any(words in message.lower() for words in _FULL)


def is_unwritable(message: str) -> bool:
    """Whether an engine's message tells of a folder that may not be written."""
    return any(words in message.lower() for words in _UNWRITABLE)


def is_corrupt(message: str) -> bool:
    """Whether an engine's message tells of a Parquet file spoilt inside."""
    return any(words in message.lower() for words in _CORRUPT)


def corrupt(message: str, step: str) -> DataMissing:
    """A Parquet file opened well and could not be read to its end."""
    file = file_named(message)
    which = f"{file.parent.name}/{file.name}" if file else "un fichier Parquet de la source"
    return DataMissing(
        f"{which} est abîmé : il s'ouvre mais ne se lit pas jusqu'au bout (pendant « {step} ») ; "
        "le copier ou l'écrire à nouveau."
    )


def is_memory(message: str) -> bool:
    """Whether an engine's message tells of a lack of memory."""
    return any(words in message.lower() for words in _MEMORY)


def file_named(message: str) -> Path | None:
    """The file an engine's message quotes, if any.

    >>> file_named('Could not write file "/data/x.parquet": No space left on device').name
    'x.parquet'
    >>> file_named("Encountered error while reading file file:///data/x.parquet. SQLSTATE").name
    'x.parquet'
    """
    found = re.search(r'file \\?"([^"\\]+)\\?"|reading file file:(\S+\.parquet)', message)
    return Path(found.group(1) or found.group(2)) if found else None


def check_files(files: Sequence[Path]) -> None:
    """DataMissing when a file is no Parquet, or has not the columns of the first one."""
    if not files:
        raise DataMissing("Aucun fichier Parquet à lire ; vérifier le dossier de la source.")
    first: list[str] = []
    for file in files:
        place = f"{file.parent.name}/{file.name}"
        try:
            names = parquet.read_schema(file).names
        except (ArrowException, OSError) as error:
            raise DataMissing(
                f"{place} ne se lit pas comme du Parquet (tronqué, ou d'un autre format) ; "
                "l'écrire à nouveau."
            ) from error
        first = first or names
        different = sorted(set(first) ^ set(names))
        if different:
            raise DataMissing(
                f"{place} n'a pas les colonnes de {files[0].name} : {', '.join(different[:5])} "
                "d'un côté seulement ; écrire tous ces fichiers d'un même format."
            )


def shown(folder: Path) -> str:
    """A folder as the user knows it: from the project's root where it can be."""
    try:
        return folder.resolve().relative_to(project.root()).as_posix() or folder.name
    except ValueError:
        return str(folder)


def _free(folder: Path) -> str:
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(existing).free
    return f"{free / 1e9:.1f} Go".replace(".", ",") if free >= 1e8 else f"{free // 10**6} Mo"
