"""Receiving a file over HTTP: resumed where it was cut, never two versions glued together.

Bytes go to a ``.part`` file; what identifies the version on the server (ETag or date, and total
size) stands beside it, so that a resumed download goes on only when the server vouches for it.
"""

from __future__ import annotations

import http.client
import json
import re
import socket
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from studylib.errors import ChoiceError, DataMissing

BLOCK = 1 << 16
Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class _Version:
    """What tells one version of a remote file from another."""

    url: str
    validator: str = ""
    total: int | None = None


def require_web_address(address: str) -> str:
    """``address`` itself when it is one of the web; else ChoiceError."""
    if urllib.parse.urlsplit(address).scheme not in ("http", "https"):
        raise ChoiceError(f"Adresse {address} : http:// ou https:// attendu.")
    return address


def name_in(address: str) -> str:
    """Name of the file that an address ends with.

    >>> name_in("https://exemple.fr/a/CIS%20bdpm.txt?v=2")
    'CIS bdpm.txt'
    """
    return urllib.parse.unquote(Path(urllib.parse.urlsplit(address).path).name)


def receive_whole(
    address: str,
    part: Path,
    *,
    attempts: int = 3,
    timeout_seconds: float = 60,
    progress: Progress | None = None,
) -> None:
    """Nothing, once every byte of the file at ``address`` is in ``part``.

    A cut download is resumed, up to ``attempts`` times here and again at the next call; a server
    without Range starts over. DataMissing when the address fails or the file stays cut.
    """
    reason = ""
    for _ in range(attempts):
        try:
            total = _receive(address, part, timeout_seconds, progress)
        except urllib.error.HTTPError as error:
            raise DataMissing(
                f"Adresse {address} : le serveur répond {error.code} ; vérifier l'adresse."
            ) from error
        except (OSError, http.client.HTTPException) as error:
            reason = _why(error)
            continue
        received = part.stat().st_size
        if total is None or received == total:
            return
        reason = f"{received} octets reçus sur {total}"
        if received > total:
            forget(part)
    raise DataMissing(
        f"Téléchargement de {address} interrompu ({reason}) : relancer la même commande, il "
        "reprendra où il s'est arrêté."
    )


def _why(error: Exception) -> str:
    """Why a server could not be reached, in French where it is one of the usual reasons."""
    cause = getattr(error, "reason", error)
    usual = {
        socket.gaierror: "serveur introuvable",
        ConnectionRefusedError: "connexion refusée",
        TimeoutError: "le serveur ne répond pas",
    }
    known = (said for kind, said in usual.items() if isinstance(cause, kind))
    return next(known, str(cause) or type(cause).__name__)


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
            forget(part)
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


def forget(part: Path) -> None:
    """Remove a part and what was noted of its version."""
    part.unlink(missing_ok=True)
    _note_of(part).unlink(missing_ok=True)
