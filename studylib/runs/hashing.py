"""Hashes of what goes into a run, so that one can say what changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def of_text(text: str) -> str:
    """The sha256 of a text, as hexadecimal.

    >>> of_text("")[:8]
    'e3b0c442'
    """
    return hashlib.sha256(text.encode()).hexdigest()


def of_file(file: Path) -> str:
    """The sha256 of a file's bytes."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def of_value(value: Any) -> str:
    """The sha256 of a JSON value in canonical form: sorted keys, no spaces.

    >>> of_value({"b": 1, "a": 2}) == of_value({"a": 2, "b": 1})
    True
    """
    return of_text(canonical(value))


def canonical(value: Any) -> str:
    """A JSON value as text in one form only; dates and paths as text.

    >>> canonical({"b": [1, "01"], "a": None})
    '{"a":null,"b":[1,"01"]}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def of_files(files: Iterable[Path], base: Path) -> str:
    """The sha256 over the names (relative to ``base``) and bytes of several files."""
    listing = sorted((file.relative_to(base).as_posix(), of_file(file)) for file in files)
    return of_value(listing)
