"""A text file line by line: well-formed UTF-8 lines on one side, wrong lines on the other."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import BinaryIO

import numpy as np

from studylib.sources.landing.survey import LONGEST_LINE

_CHUNK = 8 << 20
_LONGEST_RECORD = 64  # lines one quoted value may span
_SHOWN = 2_000  # characters kept of a wrong line
_CONTROLS = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_NOT_PLAIN = bytes([*range(9), *range(11, 32), 127, ord('"')])  # controls, and quotes

_QUOTED = re.compile(r'"([^"]|"")*"')

csv.field_size_limit(LONGEST_LINE * 2)


@dataclass(frozen=True)
class Wrong:
    """A line set aside: its number, the column when one is at fault, why, and as it was written."""

    line: int
    reason: str
    text: str
    column: str | None = None


@dataclass
class Block:
    """Well-formed lines of a piece of the file: text in UTF-8, line numbers, lines as written.

    ``whole`` is a piece without anything wrong, as it was written and in UTF-8: its lines are
    parted only when one has to be shown.
    """

    clean: list[bytes] = field(default_factory=list)
    numbers: Sequence[int] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    wrong: list[Wrong] = field(default_factory=list)
    spans_lines: bool = False
    whole: tuple[bytes, bytes] | None = None

    @property
    def text(self) -> bytes:
        """The well-formed lines in UTF-8."""
        return self.whole[1] if self.whole else b"\n".join(self.clean)

    @cached_property
    def written(self) -> list[bytes]:
        """The well-formed lines as they were written."""
        return self.whole[0].split(b"\n") if self.whole else self.raw

    def take(self, number: int, record: bytes, clean: bytes) -> None:
        """Adds a well-formed line."""
        self.clean.append(clean)
        self.raw.append(record)
        self.numbers = self.numbers or []
        assert isinstance(self.numbers, list)
        self.numbers.append(number)
        self.spans_lines |= b"\n" in clean


def _even_lines(data: bytes, separator: str, width: int) -> int:
    """How many lines there are when all have this many fields and none is empty; else 0."""
    octets = np.frombuffer(data, np.uint8)
    ends = np.append(np.flatnonzero(octets == ord("\n")), len(octets))
    if not len(data) or (np.diff(ends, prepend=-1) == 1).any():
        return 0
    places = np.flatnonzero(octets == ord(separator))
    fields = np.diff(np.searchsorted(places, ends), prepend=0) + 1
    return len(ends) if (fields == width).all() else 0


@dataclass
class Scanner:
    """Reads lines of ``columns`` after the header; ``advance`` is told the bytes read.

    The stream stands at ``offset``, where line ``line`` has ended.
    """

    stream: BinaryIO
    encoding: str
    separator: str
    columns: Sequence[str]
    advance: Callable[[int], None]
    offset: int = 0
    line: int = 1
    _pending: list[bytes] = field(default_factory=list)

    def blocks(self) -> Iterator[Block]:
        """The file piece by piece, in constant memory; the stream stands after the header."""
        for data, cut_short in self._pieces():
            block = Block()
            if cut_short:
                self._close_record(block)
                self.line += 1
                reason = "ligne de plus de 1 Mo, ou fins de ligne absentes"
                block.wrong.append(Wrong(self.line, reason, self.shown(data)))
            else:
                self._read(data, block)
            yield block
        block = Block()
        self._close_record(block)
        yield block

    @property
    def position(self) -> dict[str, int] | None:
        """Where another scanner can go on after the blocks given; None inside a quoted value."""
        return None if self._pending else {"offset": self.offset, "line": self.line}

    def shown(self, line: bytes) -> str:
        """A line as it was written, bytes that are no letter being told by their code."""
        text = line.decode(self.encoding, errors="backslashreplace")[:_SHOWN]
        return re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", lambda found: f"\\x{ord(found[0]):02x}", text)

    def _pieces(self) -> Iterator[tuple[bytes, bool]]:
        """Whole lines, without the last end of line; or the start of a line that is too long."""
        carry = b""
        while chunk := self.stream.read(_CHUNK):
            self.advance(len(chunk))
            carry += chunk
            cut = carry.rfind(b"\n")
            if cut >= 0:
                self.offset += cut + 1
                yield carry[:cut], False
                carry = carry[cut + 1 :]
            if len(carry) > LONGEST_LINE:
                start = carry[:_SHOWN]
                carry = self._rest_of_long_line(carry)
                yield start, True
        if carry:
            self.offset += len(carry)
            yield carry.removesuffix(b"\n"), False

    def _rest_of_long_line(self, carry: bytes) -> bytes:
        self.offset += len(carry)
        while (chunk := self.stream.read(_CHUNK)) and (cut := chunk.find(b"\n")) < 0:
            self.advance(len(chunk))
            self.offset += len(chunk)
        self.advance(len(chunk))
        self.offset += cut + 1 if chunk else 0
        return chunk[cut + 1 :] if chunk else b""

    def _read(self, data: bytes, block: Block) -> None:
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n").removesuffix(b"\r")
        plain = not self._pending and len(data.translate(None, _NOT_PLAIN)) == len(data)
        lines = _even_lines(data, self.separator, len(self.columns)) if plain else 0
        with suppress(UnicodeDecodeError):  # the line that holds it is looked for one by one
            if lines:
                block.whole = data, data.decode(self.encoding).encode()
                block.numbers = range(self.line + 1, self.line + 1 + lines)
                self.line += lines
                return
        for line in data.split(b"\n"):
            self.line += 1
            self._take(line, block)

    def _take(self, line: bytes, block: Block) -> None:
        """One line, which may continue a quoted value begun before it."""
        if not line and not self._pending:
            return
        self._pending.append(line)
        record = b"\n".join(self._pending)
        reason, place = self._judged(record, block)
        if reason == _OPEN:
            too_long = len(self._pending) >= _LONGEST_RECORD or len(record) > LONGEST_LINE
            if too_long:
                self._close_record(block)
            return
        self._pending = []
        if reason:
            column = self.columns[place] if 0 <= place < len(self.columns) else None
            block.wrong.append(Wrong(self.line, reason, self.shown(record), column))

    def _close_record(self, block: Block) -> None:
        """A quoted value that never ends: its first line is wrong, the others are read anew."""
        while self._pending:
            first, *others = self._pending
            number = self.line - len(others)
            self._pending = []
            block.wrong.append(Wrong(number, "guillemet ouvert et non fermé", self.shown(first)))
            last, self.line = self.line, number
            for line in others:
                self.line += 1
                self._take(line, block)
            self.line = last

    def _judged(self, record: bytes, block: Block) -> tuple[str, int]:
        """Keeps a well-formed record, or returns why it is wrong and in which field (-1: none)."""
        if found := _CONTROLS.search(record):
            return "caractère de commande dans la ligne", self._field(record[: found.start()])
        try:
            text = record.decode(self.encoding)
        except UnicodeDecodeError as error:
            told = f"octet {record[error.start]:#04x} qui n'est pas du codage {self.encoding}"
            return told, self._field(record[: error.start])
        if '"' in text:
            try:
                rows = list(
                    csv.reader(io.StringIO(text, newline=""), delimiter=self.separator, strict=True)
                )
            except csv.Error as error:
                if "unexpected end" in str(error):
                    return _OPEN, -1
                return "guillemets mal placés", self._misquoted(text)
            values = rows[0] if len(rows) == 1 else []
            written = _quoted(values, self.separator)
        else:
            values, written = text.split(self.separator), text.encode()
        width = len(self.columns)
        if len(values) != width:
            kind, place = ("trop", -1) if len(values) > width else ("trop peu", len(values))
            return f"{kind} de champs : {len(values)} au lieu de {width}", place
        block.take(self.line - record.count(b"\n"), record, written)
        return "", -1

    def _field(self, before: bytes) -> int:
        """The rank of the field that begins or goes on after these bytes of a line."""
        outside_quotes = b"".join(before.split(b'"')[::2])
        return outside_quotes.count(self.separator.encode())

    def _misquoted(self, text: str) -> int:
        """The rank of the first field whose quotes are neither around it nor doubled."""
        fields = text.split(self.separator)
        wrong = (i for i, each in enumerate(fields) if '"' in each and not _QUOTED.fullmatch(each))
        return next(wrong, -1)


_OPEN = "open"


def _quoted(values: list[str], separator: str) -> bytes:
    written = io.StringIO()
    csv.writer(written, delimiter=separator, lineterminator="\n").writerow(values)
    return written.getvalue().removesuffix("\n").encode()
