"""Fetching an open data file: resumed where it was cut, checked, never half a file.

Bytes go to a hidden ``.part`` file; what identifies the version on the server (ETag or date, and
total size) stands beside it, so that a resumed download never glues two versions together. The
file takes its name only once its size and layout are right.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from studylib.errors import DataMissing
from studylib.sources.open_data import layout, register
from studylib.sources.open_data.catalogue import DataSet, dataset
from studylib.sources.open_data.opening import sha256_of
from studylib.sources.open_data.register import Entry

BLOCK = 1 << 16
Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class _Version:
    """What tells one version of a remote file from another."""

    url: str
    validator: str = ""
    total: int | None = None


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
    _download(address, part, attempts, timeout_seconds, progress)
    found = sha256_of(part)
    if sha256 is not None and found != sha256.lower():
        _forget(part)
        raise DataMissing(
            f"Fichier {target.name} : SHA-256 {found[:12]}… reçu, {sha256[:12]}… attendu ; "
            "vérifier l'adresse, puis télécharger à nouveau."
        )
    _check_under_its_name(entry, part, target.name)
    os.replace(part, target)
    _forget(part)
    return register.record(entry, target, today=today, origin=address)


def _address(entry: DataSet, url: str | None) -> str:
    address = url or entry.download
    if not address:
        raise DataMissing(
            f"Jeu de données « {entry.name} » : aucune adresse durable connue ; donner celle du "
            f"fichier par --url, ou à la main : {entry.obtain} (page : {entry.page})"
        )
    if urllib.parse.urlsplit(address).scheme not in ("http", "https"):
        raise DataMissing(f"Adresse {address} : http:// ou https:// attendu.")
    return address


def _file_name(entry: DataSet, address: str) -> str:
    name = urllib.parse.unquote(Path(urllib.parse.urlsplit(address).path).name)
    if entry.match(name):
        return name
    raise DataMissing(
        f"Adresse {address} : le fichier « {name} » n'a pas le nom de « {entry.name} », comme "
        f"{entry.example} ; le télécharger à la main, le renommer, puis studylib data add FICHIER."
    )


def _download(
    address: str, part: Path, attempts: int, timeout: float, progress: Progress | None
) -> None:
    reason = ""
    for _ in range(attempts):
        try:
            total = _receive(address, part, timeout, progress)
        except urllib.error.HTTPError as error:
            raise DataMissing(
                f"Adresse {address} : le serveur répond {error.code} ; vérifier l'adresse."
            ) from error
        except (OSError, http.client.HTTPException) as error:
            reason = str(getattr(error, "reason", error)) or type(error).__name__
            continue
        received = part.stat().st_size
        if total is None or received == total:
            return
        reason = f"{received} octets reçus sur {total}"
        if received > total:
            _forget(part)
    raise DataMissing(
        f"Téléchargement de {address} interrompu ({reason}) : relancer la même commande, il "
        "reprendra où il s'est arrêté."
    )


def _receive(address: str, part: Path, timeout: float, progress: Progress | None) -> int | None:
    """The total size the server announces, once what it sent is written to ``part``."""
    before = _version_of(part)
    start = _resume_point(part, before, address)
    if start and start == before.total:
        return start
    request = urllib.request.Request(address, headers={"Accept-Encoding": "identity"})
    if start:
        request.add_header("Range", f"bytes={start}-")
        request.add_header("If-Range", before.validator)
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        total, resumed = _announced(answer, start)
        version = _Version(address, _validator(answer), total)
        if resumed and before.total is not None and total != before.total:
            _forget(part)
            raise OSError("le fichier a changé sur le serveur")
        _note_of(part).write_text(json.dumps(vars(version)), encoding="utf-8")
        with part.open("ab" if resumed else "wb") as sink:
            while block := answer.read(BLOCK):
                sink.write(block)
                if progress is not None:
                    progress(sink.tell(), total)
    return total


def _resume_point(part: Path, before: _Version, address: str) -> int:
    """Bytes already there that the server can vouch for: none without the same address and tag."""
    if not part.exists() or before.url != address or not before.validator:
        return 0
    size = part.stat().st_size
    return size if before.total is None or size <= before.total else 0


def _announced(answer: http.client.HTTPResponse, start: int) -> tuple[int | None, bool]:
    """Total size, and whether the answer goes on from ``start`` rather than starting over."""
    span = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", answer.headers.get("Content-Range", ""))
    if answer.status == 206 and span and int(span[1]) == start:
        return int(span[2]), True
    if answer.status == 206:
        raise OSError("le serveur ne rend pas la suite demandée")
    length = answer.headers.get("Content-Length")
    return (int(length) if length else None), False


def _validator(answer: http.client.HTTPResponse) -> str:
    """A strong ETag, else the date of change; If-Range accepts no weak tag."""
    tag = answer.headers.get("ETag", "")
    return tag if tag.startswith('"') else answer.headers.get("Last-Modified", "")


def _note_of(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _version_of(part: Path) -> _Version:
    try:
        return _Version(**json.loads(_note_of(part).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return _Version("")


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    _note_of(part).unlink(missing_ok=True)


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
        _forget(part)
        raise
    else:
        os.replace(shown, part)
    finally:
        shown.unlink(missing_ok=True)
        folder.rmdir()
