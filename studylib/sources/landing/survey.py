"""A first look at a text file: its encoding, its header, how fields are parted."""

from __future__ import annotations

import codecs
import csv
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from studylib.errors import TableError
from studylib.sources.landing.options import AUTO, Options

_CHUNK = 4 << 20
LONGEST_LINE = 1 << 20
_SEPARATORS = (";", "\t", "|", ",")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ENOUGH = 20_000  # lines beyond ASCII looked at before the encoding is settled
_MIXED = 0.05


@dataclass(frozen=True)
class Survey:
    """What a text file is: encoding, bytes to skip (mark and header), names, separator."""

    encoding: str
    skip: int
    header: tuple[str, ...]
    separator: str
    ends_with_newline: bool


def survey(file: Path, options: Options) -> Survey:
    """Reads the file, in constant memory, until its encoding is settled.

    TableError when it is empty, in UTF-16, not a text, or when two encodings are mixed in it.
    """
    utf8, other, head, carry, last = 0, 0, b"", b"", b""
    with file.open("rb") as stream:
        while utf8 + other < _ENOUGH and (chunk := stream.read(_CHUNK)):
            head = head or _head(file, chunk)
            text = carry + chunk
            cut = text.rfind(b"\n") + 1
            carry = b"" if len(text) - cut > LONGEST_LINE else text[cut:]
            more = _valid_lines(text[:cut])
            utf8, other = utf8 + more[0], other + more[1]
        if head:
            stream.seek(-1, os.SEEK_END)
            last = stream.read(1)
    if not head:
        raise TableError(f"{file.name} : le fichier est vide ; refaire l'extraction.")
    more = _valid_lines(carry)
    marked = head.startswith(codecs.BOM_UTF8)
    encoding = _encoding(file, options, marked, utf8 + more[0], other + more[1])
    return _with_header(file, options, encoding, head, last == b"\n")


def _head(file: Path, chunk: bytes) -> bytes:
    if chunk.startswith(_UTF16):
        raise TableError(
            f"{file.name} : le fichier est en UTF-16 ; l'enregistrer en UTF-8 ou en Windows-1252."
        )
    if b"\x00" in chunk.partition(b"\n")[0]:
        raise TableError(
            f"{file.name} : ce n'est pas un fichier de texte (octets nuls) ; vérifier son "
            "extension ou l'extraire à nouveau."
        )
    return chunk[: LONGEST_LINE + 1]


def _valid_lines(data: bytes) -> tuple[int, int]:
    """How many lines beyond ASCII are UTF-8, and how many are not."""
    if data.isascii():
        return 0, 0
    utf8 = other = 0
    for line in data.split(b"\n"):
        if not line.isascii():
            try:
                line.decode("utf-8")
                utf8 += 1
            except UnicodeDecodeError:
                other += 1
    return utf8, other


def _encoding(file: Path, options: Options, marked: bool, utf8: int, other: int) -> str:
    if options.encoding != AUTO:
        return options.encoding
    if marked:
        return "utf-8"
    if utf8 + other == 0:
        return "utf-8"
    share = utf8 / (utf8 + other)
    if min(utf8, other) > 1 and _MIXED < share < 1 - _MIXED:
        raise TableError(
            f"{file.name} : {utf8} lignes sont en UTF-8 et {other} ne le sont pas ; deux codages "
            "sont mêlés. Refaire l'extraction, ou choisir par --encoding cp1252 ou utf-8."
        )
    return "utf-8" if share >= 0.5 else "cp1252"


def _with_header(file: Path, options: Options, encoding: str, head: bytes, ends: bool) -> Survey:
    mark = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
    end = head.find(b"\n")
    if end < 0 and len(head) > LONGEST_LINE:
        raise TableError(
            f"{file.name} : la première ligne dépasse 1 Mo ; ce fichier n'est pas un tableau de "
            "texte, ou ses fins de ligne sont à refaire."
        )
    line = head[mark:] if end < 0 else head[mark:end]
    try:
        text = line.rstrip(b"\r").decode(encoding)
    except UnicodeDecodeError:
        raise TableError(
            f"{file.name} : la ligne d'en-tête n'est pas en {encoding} ; indiquer le codage par "
            "--encoding."
        ) from None
    separator = options.separator or max(_SEPARATORS, key=lambda each: len(fields(text, each)))
    names = tuple(fields(text, separator))
    skip = len(head) if end < 0 else end + 1
    return Survey(encoding, skip, names, separator, ends)


def fields(text: str, separator: str) -> Sequence[str]:
    """The fields of one line; the bare pieces when its quotes are wrong.

    >>> fields('a;"b;c"', ";")
    ['a', 'b;c']
    """
    try:
        rows = list(csv.reader([text], delimiter=separator, strict=True))
    except csv.Error:
        return text.split(separator)
    return rows[0] if rows else []
