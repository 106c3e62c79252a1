"""A producer's file becomes a dated version of a referential: received, parsed, checked, kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import pandas as pd

from studylib import project, tables
from studylib.errors import DataMissing, StudyError, TableError
from studylib.files import layout
from studylib.files.download import Progress, forget, name_in, receive_whole, require_web_address
from studylib.referentials import drug_files, finess, hospital, store
from studylib.referentials.catalogue import Referential, all_known, how_to_get, known
from studylib.referentials.parsed import Parsed, Parser
from studylib.referentials.schemas import CONTRACTS
from studylib.referentials.store import Version

PARSERS: Mapping[str, Parser] = MappingProxyType(
    {
        "cim10": hospital.cim10,
        "atc": drug_files.atc,
        "ddd": drug_files.ddd,
        "bdpm_specialities": drug_files.specialities,
        "bdpm_presentations": drug_files.presentations,
        "bdpm_compositions": drug_files.compositions,
        "bdpm_essential_drugs": drug_files.essential_drugs,
        "bdpm_generic_groups": drug_files.generic_groups,
        "ucd": hospital.ucd,
        "ucd_atc": hospital.ucd_atc,
        "liste_en_sus": hospital.liste_en_sus,
        "ghs_tariffs": hospital.ghs_tariffs,
        "finess": finess.finess,
        "finess_duplicates": hospital.finess_duplicates,
    }
)
_FEWEST = 0.8  # of the rows of the version before


@dataclass(frozen=True)
class Updated:
    """What an update did: the version, whether it is new, and how its date is known."""

    version: Version
    is_new: bool
    dated_by: Literal["option", "file", "today"]


def update(
    name: str,
    file: str | Path,
    *,
    today: date,
    version: date | None = None,
    origin: str = "",
    fewer_rows: bool = False,
) -> Updated:
    """The version made of a producer's file, kept in the project's data folder.

    Its date is ``version``, else the one the file tells, else ``today``. The same file again
    changes nothing. DataMissing when the file is absent, cut or undecodable, TableError when it
    is another file, holds a wrong code, contradicts a version of the same date, or has lost more
    than a fifth of the rows of the version before (``fewer_rows`` allows it).
    """
    entry, path = _updatable(name), Path(file).expanduser()
    if not path.is_file():
        what = "est un dossier" if path.is_dir() else "absent"
        raise DataMissing(f"Fichier {path} {what} : donner le chemin du fichier du producteur.")
    parsed, frame = _parsed(entry, path)
    when = version or parsed.state or today
    if when > today:
        raise TableError(
            f"Référentiel « {name} » : version {when.isoformat()} dans le futur ; vérifier la date."
        )
    told: Literal["option", "file", "today"] = (
        "option" if version else "file" if parsed.state else "today"
    )
    described = _described(entry, path, when, today, origin)
    described = replace(described, rows=len(frame))
    same = _same_date(described)
    if same is not None:
        return Updated(same, False, told)
    if not fewer_rows:
        _require_rows(described)
    return Updated(store.keep(frame, described), True, told)


def update_from(
    name: str,
    url: str,
    *,
    today: date,
    version: date | None = None,
    fewer_rows: bool = False,
    attempts: int = 3,
    timeout_seconds: float = 60,
    progress: Progress | None = None,
) -> Updated:
    """``update`` with the file at an address, received whole; resumed when it was cut.

    DataMissing when the address fails or the file stays cut: the same call then goes on from
    there. A file that is refused is not kept.
    """
    entry = _updatable(name)
    wanted = name_in(require_web_address(url)) or entry.example
    folder = project.writable_data() / store.FOLDER / name / ".received"
    folder.mkdir(parents=True, exist_ok=True)
    part, whole = folder / f".{wanted}.part", folder / wanted
    receive_whole(url, part, attempts=attempts, timeout_seconds=timeout_seconds, progress=progress)
    part.replace(whole)
    forget(part)
    try:
        return update(name, whole, today=today, version=version, origin=url, fewer_rows=fewer_rows)
    finally:
        whole.unlink(missing_ok=True)


def at_hand(name: str) -> Path:
    """The producer's file of a referential found in the data folders, by its name.

    DataMissing says how to get it when there is none.
    """
    entry = _updatable(name)
    for folder in project.data_folders():
        found = [path for path in sorted(folder.glob("**/*")) if entry.accepts(path.name)]
        if found:
            return found[0]
    raise DataMissing(
        f"Référentiel « {name} » : aucun fichier comme {entry.example} dans les dossiers de "
        f"données ; donner --file ou --url. {how_to_get(name)}"
    )


def _updatable(name: str) -> Referential:
    entry = known(name)
    if entry.is_shipped:
        brought = ", ".join(other for other, its in all_known().items() if not its.is_shipped)
        raise DataMissing(
            f"Référentiel « {name} » fourni avec studylib, il ne se met pas à jour ; ceux qui se "
            f"mettent à jour : {brought}."
        )
    return entry


def _parsed(entry: Referential, path: Path) -> tuple[Parsed, pd.DataFrame]:
    layout.require_whole(path)
    try:
        parsed = PARSERS[entry.name](path)
        if parsed.frame.empty:
            raise TableError(f"Fichier {path.name} : aucune ligne.")
        return parsed, _checked(entry.name, path, parsed.frame)
    except StudyError as refusal:
        if entry.accepts(path.name):
            raise
        raise type(refusal)(
            f"{refusal} Le fichier attendu pour « {entry.name} » s'appelle comme {entry.example}."
        ) from refusal


def _checked(name: str, path: Path, frame: pd.DataFrame) -> pd.DataFrame:
    """The columns of the contract of a referential, in order; TableError names the file."""
    contract = CONTRACTS[name]
    try:
        return tables.check(frame, contract)[contract.names].reset_index(drop=True)
    except TableError as refusal:
        raise TableError(f"Fichier {path.name} : {refusal}") from refusal


def _described(entry: Referential, path: Path, when: date, today: date, origin: str) -> Version:
    """The version a file makes, before its table is written."""
    return Version(
        name=entry.name,
        version=when.isoformat(),
        title=entry.title,
        producer=entry.producer,
        licence=entry.licence,
        source=origin or path.name,
        file_sha256=layout.sha256_of(path),
        sha256="",
        rows=0,
        added=today.isoformat(),
        place="",
    )


def _same_date(described: Version) -> Version | None:
    """The version already kept when it is this one; TableError when it is another content."""
    for other in store.versions_of(described.name):
        if other.version != described.version:
            continue
        if other.file_sha256 == described.file_sha256:
            store.table_of(other)
            return other
        raise TableError(
            f"Référentiel « {described.name} » : une version {other.version} d'un autre contenu "
            f"est déjà là (SHA-256 {other.file_sha256[:12]}…, reçu "
            f"{described.file_sha256[:12]}…) ; donner la date de celle-ci par --version, ou "
            f"supprimer le dossier {other.place}."
        )
    return None


def _require_rows(described: Version) -> None:
    before = [v for v in store.versions_of(described.name) if v.version < described.version]
    if before and described.rows < _FEWEST * before[-1].rows:
        raise TableError(
            f"Référentiel « {described.name} » : {described.rows} lignes reçues contre "
            f"{before[-1].rows} dans la version {before[-1].version} ; le fichier semble tronqué, "
            "sinon ajouter --fewer-rows."
        )
