"""Fetching an open data file: received whole, checked, never half a file under its name.

The file takes its name only once its size and layout are right.
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

from studylib.errors import DataMissing
from studylib.files import layout
from studylib.files.download import Progress, forget, name_in, receive_whole, require_web_address
from studylib.files.layout import sha256_of
from studylib.sources.open_data import register
from studylib.sources.open_data.catalogue import DataSet, dataset
from studylib.sources.open_data.register import Entry


def fetch(
    name: str,
    *,
    today: date,
    url: str | None = None,
    sha256: str | None = None,
    attempts: int = 3,
    timeout_seconds: float = 60,
    progress: Progress | None = None,
) -> Entry:
    """The register entry of a file downloaded whole, checked and put in place.

    ``url`` is needed when the catalogue holds no address. A cut download is resumed, up to
    ``attempts`` times here and again at the next call; a server without Range starts over.
    DataMissing when the address fails, the file is cut, or size or ``sha256`` differ.
    """
    entry = dataset(name)
    address = _address(entry, url)
    target = register.folder_of(entry) / _file_name(entry, address)
    part = target.with_name(f".{target.name}.part")
    receive_whole(
        address, part, attempts=attempts, timeout_seconds=timeout_seconds, progress=progress
    )
    found = sha256_of(part)
    if sha256 is not None and found != sha256.lower():
        forget(part)
        raise DataMissing(
            f"Fichier {target.name} : SHA-256 {found[:12]}… reçu, {sha256[:12]}… attendu ; "
            "vérifier l'adresse, puis télécharger à nouveau."
        )
    _check_under_its_name(entry, part, target.name)
    os.replace(part, target)
    forget(part)
    return register.record(entry, target, today=today, origin=address)


def _address(entry: DataSet, url: str | None) -> str:
    address = url or entry.download
    if not address:
        raise DataMissing(
            f"Jeu de données « {entry.name} » : aucune adresse durable connue ; donner celle du "
            f"fichier par --url, ou à la main : {entry.obtain} (page : {entry.page})"
        )
    return require_web_address(address)


def _file_name(entry: DataSet, address: str) -> str:
    name = name_in(address)
    if entry.match(name):
        return name
    raise DataMissing(
        f"Adresse {address} : le fichier « {name} » n'a pas le nom de « {entry.name} », comme "
        f"{entry.example} ; le télécharger à la main, le renommer, puis studylib data add FICHIER."
    )


def _check_under_its_name(entry: DataSet, part: Path, name: str) -> None:
    """Check size-less downloads too: a cut .gz is found by reading it, a page by its layout."""
    folder = part.parent / f".{name}.check"
    folder.mkdir(exist_ok=True)
    shown = folder / name
    try:
        os.replace(part, shown)
        layout.require_whole(shown)
        register.check_layout(entry, shown)
    except Exception:
        forget(part)
        raise
    else:
        os.replace(shown, part)
    finally:
        shown.unlink(missing_ok=True)
        folder.rmdir()
