"""A JSON object too large to be held: its values one at a time."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO

from studylib.errors import DataMissing, TableError

_BLOCK = 1 << 20
_BLANK = " \t\r\n"


def values(path: Path) -> Iterator[tuple[str, Any]]:
    """Key and value of a JSON object, in the file's order; of a list, its elements one by one.

    UTF-8, decompressed when the name ends with ``.gz``. TableError when the file holds no object,
    DataMissing when it is absent, cut or not JSON.
    """
    try:
        with _opened(path) as stream:
            yield from _members(path, _Reader(stream))
    except FileNotFoundError as error:
        raise DataMissing(f"Fichier {path} absent.") from error
    except (ValueError, EOFError, zlib.error, OSError) as error:
        raise DataMissing(
            f"Fichier {path.name} : JSON illisible ou tronqué ; le télécharger à nouveau."
        ) from error


def _opened(path: Path) -> TextIO:
    if path.suffix.lower() == ".gz":
        return TextIOWrapper(gzip.open(path), encoding="utf-8-sig")
    return path.open(encoding="utf-8-sig")


class _Reader:
    """What is read of the text and not yet decoded."""

    def __init__(self, stream: TextIO) -> None:
        self.stream, self.text, self.at = stream, "", 0

    def _more(self) -> bool:
        block = self.stream.read(_BLOCK)
        self.text, self.at = self.text[self.at :] + block, 0
        return bool(block)

    def sign(self, skipped: str = _BLANK) -> str:
        """The next character that is none of ``skipped``, left in place; ValueError at the end."""
        while True:
            while self.at < len(self.text) and self.text[self.at] in skipped:
                self.at += 1
            if self.at < len(self.text):
                return self.text[self.at]
            if not self._more():
                raise ValueError("end of file")

    def value(self) -> Any:
        """The next value, whole: one that stops where the text read stops may go on."""
        self.sign(_BLANK + ",:")
        while True:
            try:
                found, end = json.JSONDecoder().raw_decode(self.text, self.at)
            except ValueError:
                if not self._more():
                    raise
                continue
            if end < len(self.text):
                self.at = end
                return found
            if not self._more():
                raise ValueError("end of file")  # an object ends with its brace


def _members(path: Path, reader: _Reader) -> Iterator[tuple[str, Any]]:
    if reader.sign() != "{":
        raise TableError(f"Fichier {path.name} : un objet JSON est attendu.")
    reader.at += 1
    while reader.sign(_BLANK + ",") != "}":
        key = reader.value()
        if reader.sign(_BLANK + ":") != "[":
            yield key, reader.value()
            continue
        reader.at += 1
        while reader.sign(_BLANK + ",") != "]":
            yield key, reader.value()
        reader.at += 1
