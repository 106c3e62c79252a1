"""An import: each file landed once, verified by hash, whatever interrupted the last time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from studylib.errors import ChoiceError, DataMissing
from studylib.sources.landing.manifest import Manifest, hash_and_lines, size_of
from studylib.sources.landing.options import Options
from studylib.sources.landing.parquet_file import land_parquet
from studylib.sources.landing.parts import Incoming, Outcome
from studylib.sources.landing.recognition import EXTENSIONS, Target, recognise
from studylib.sources.landing.sas_file import land_sas
from studylib.sources.landing.text_file import land_text
from studylib.sources.landing.writing import alone, disk_faults

Status = Literal["landed", "up_to_date"]
_READERS: dict[str, Callable[[Incoming], Outcome]] = {
    "parquet": land_parquet,
    "text": land_text,
    "sas": land_sas,
}


@dataclass(frozen=True)
class Landed:
    """What became of one source: its target, whether there was anything to do, its lines.

    ``remarks`` are what to know of it: ``kind``, and where it applies ``column`` and ``rows``.
    """

    source: str
    target: Target
    status: Status
    rows: int
    rejected: int
    remarks: tuple[Mapping[str, Any], ...] = ()


class Progress(Protocol):
    """Who is told how far the import is."""

    def started(self, name: str, size: int) -> None:
        """A source begins; ``size`` in bytes (or lines, for a database)."""

    def advanced(self, amount: int) -> None:
        """That much more of the source was read."""

    def finished(self, landed: Landed) -> None:
        """The source is landed."""


class Silent:
    """Tells nobody."""

    def started(self, name: str, size: int) -> None:
        """Nothing."""

    def advanced(self, amount: int) -> None:
        """Nothing."""

    def finished(self, landed: Landed) -> None:
        """Nothing."""


def land(
    sources: Sequence[Path],
    location: Path,
    options: Options | None = None,
    *,
    progress: Progress | None = None,
) -> list[Landed]:
    """Lands files, or the files of folders, as Parquet below ``location``; one row per file.

    A file already landed, whose source and result have not changed, is left alone. Raises a
    StudyError at the first file that cannot be landed: those before it are kept.
    """
    chosen, told = options or Options(), progress or Silent()
    with disk_faults():
        planned = _planned(sources, chosen)
        with alone(location):
            manifest = Manifest.read(location)
            return [_land_one(each, target, manifest, chosen, told) for each, target in planned]


def _land_one(
    file: Path, target: Target, manifest: Manifest, options: Options, progress: Progress
) -> Landed:
    size = size_of(file)
    progress.started(file.name, 2 * size)
    digest, lines = hash_and_lines(file, progress.advanced)
    source: dict[str, Any] = {
        "source": file.name,
        "size": size,
        "source_sha256": digest,
        "options": options.as_read(),
    }
    if manifest.holds(target, source):
        entry = manifest.parts[target.key]
        done = Landed(file.name, target, "up_to_date", entry["rows"], entry["rejected_rows"])
    else:
        incoming = Incoming(file, manifest, target, options, source, progress.advanced, lines)
        outcome = _READERS[EXTENSIONS[file.suffix.lower()]](incoming)
        done = kept(manifest, target, file.name, source, outcome)
    progress.finished(done)
    return done


def kept(
    manifest: Manifest, target: Target, name: str, source: Mapping[str, Any], outcome: Outcome
) -> Landed:
    """The source landed, once the manifest says so."""
    manifest.keep(target, {**source, **outcome.entry})
    remarks = list(outcome.remarks)
    if not outcome.rows + outcome.rejected:
        remarks.append({"kind": "no_rows"})
    return Landed(name, target, "landed", outcome.rows, outcome.rejected, tuple(remarks))


def _planned(sources: Sequence[Path], options: Options) -> list[tuple[Path, Target]]:
    """Each file with its target; ChoiceError tells every file that has none, or another's."""
    files = [file for source in sources for file in _files(source)]
    planned: dict[str, tuple[Path, Target]] = {}
    refused = []
    for file in dict.fromkeys(path.resolve() for path in files):
        try:
            target = recognise(file, table=options.table, year=options.year)
        except ChoiceError as refusal:
            refused.append(str(refusal))
            continue
        other = planned.setdefault(target.key, (file, target))[0]
        if other != file:
            refused.append(
                f"{file.name} et {other.name} donneraient la même partie, {target.key}.parquet ; "
                "renommer l'un des deux fichiers."
            )
    if refused:
        raise _none_begun(refused, len(planned))
    return list(planned.values())


def _none_begun(refused: Sequence[str], good: int) -> ChoiceError:
    """One refusal as it is; several with their count and what to do."""
    if len(refused) == 1:
        return ChoiceError(refused[0])
    others = f", ou n'importer que les autres ({good}) en les nommant" if good else ""
    head = (
        f"{len(refused)} fichiers ne peuvent pas être importés, et rien n'est commencé. Les "
        f"retirer ou les renommer{others} :"
    )
    return ChoiceError("\n".join([head, *refused]))


def unread(sources: Sequence[Path]) -> list[Path]:
    """The files of these folders that no reader knows, in order; hidden ones apart."""
    found = [path for source in sources if source.is_dir() for path in sorted(source.rglob("*"))]
    return [
        path
        for path in found
        if path.is_file() and path.suffix.lower() not in EXTENSIONS and path.name[0] != "."
    ]


def _files(source: Path) -> list[Path]:
    if source.is_dir():
        found = sorted(
            path
            for path in source.rglob("*")
            if path.is_file() and path.suffix.lower() in EXTENSIONS
        )
        if not found:
            raise DataMissing(
                f"{source.name} : aucun fichier à importer dans ce dossier ; extensions lues : "
                f"{', '.join(EXTENSIONS)}."
            )
        return found
    if not source.exists():
        raise DataMissing(f"{source} : ce fichier n'existe pas ; vérifier son chemin.")
    if source.suffix.lower() not in EXTENSIONS:
        given = f"l'extension « {source.suffix} » n'est pas lue"
        raise ChoiceError(
            f"{source.name} : {given if source.suffix else 'son nom est sans extension'} ; lues : "
            f"{', '.join(EXTENSIONS)} (décompresser d'abord une archive)."
        )
    return [source]
