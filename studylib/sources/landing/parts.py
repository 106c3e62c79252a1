"""A source being landed: lines kept and lines set aside, written piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from studylib.errors import TableError
from studylib.sources.landing.days import OddDays
from studylib.sources.landing.manifest import Manifest, written
from studylib.sources.landing.options import Options
from studylib.sources.landing.pieces import Pieces, Position, Tally
from studylib.sources.landing.recognition import Target
from studylib.sources.landing.scanning import Wrong
from studylib.sources.landing.writing import ParquetPart, parquet_part

PIECE_ROWS = 1_000_000
_ENOUGH_TO_JUDGE = 100_000
_KEPT_AT_ONCE = 10_000
_REJECTED_SCHEMA = pa.schema(
    [
        ("file", pa.string()),
        ("line", pa.int64()),
        ("column", pa.string()),
        ("reason", pa.string()),
        ("text", pa.string()),
    ]
)


@dataclass(frozen=True)
class Outcome:
    """What was made of a source: rows, rows set aside, and what the manifest keeps of it."""

    rows: int
    rejected: int
    entry: Mapping[str, Any]

    @property
    def remarks(self) -> Sequence[Mapping[str, Any]]:
        """What the person importing should know, beside the lines set aside."""
        return list(self.entry.get("remarks", ()))

    def remarked(self, remark: Mapping[str, Any]) -> Outcome:
        """The same with one more remark."""
        entry = {**self.entry, "remarks": [*self.remarks, remark]}
        return Outcome(self.rows, self.rejected, entry)


@dataclass
class Part:
    """One piece being written: lines kept, and lines set aside in a file of their own."""

    source: str
    options: Options
    tally: Tally
    rejected_file: Path
    rows: int = 0
    rejected: int = 0
    odd_days: OddDays = field(default_factory=OddDays)
    _writer: ParquetPart | None = None
    _waiting: list[Wrong] = field(default_factory=list)
    _aside: ParquetPart | None = None
    _stack: ExitStack = field(default_factory=ExitStack)

    @property
    def full(self) -> bool:
        """Whether the piece is large enough to be closed, and the next one begun."""
        return self.rows >= PIECE_ROWS

    def write(self, table: pa.Table) -> None:
        """Adds lines."""
        assert self._writer is not None
        self._writer.write(table)
        self.odd_days.see(table)
        self.rows += table.num_rows
        self.tally.rows += table.num_rows

    def set_aside(self, lines: Iterable[Wrong]) -> None:
        """Adds lines to the rejected ones."""
        for line in lines:
            self.tally.reject(line.line, line.column, line.reason)
            self.rejected += 1
            self._waiting.append(line)
        if len(self._waiting) >= _KEPT_AT_ONCE:
            self._flush()

    def stop_if_hopeless(self) -> None:
        """Refuses the source early when it is plain that too many lines are wrong (TableError)."""
        too_many = self.tally.too_many(self.options.max_rejected)
        if self.tally.lines > _ENOUGH_TO_JUDGE and too_many:
            self.finish()  # the lines set aside can be looked at
            raise refusal(self.tally, self.source, self.options, self.rejected_file)

    def finish(self) -> None:
        """Writes the lines set aside that still wait."""
        if self._waiting:
            self._flush()
        self._stack.close()

    def abandon(self, error: BaseException) -> None:
        """Lets go of the rejected lines not yet whole."""
        self._stack.__exit__(type(error), error, error.__traceback__)

    def _flush(self) -> None:
        if self._aside is None:
            self._aside = self._stack.enter_context(
                parquet_part(self.rejected_file, _REJECTED_SCHEMA)
            )
        columns = ("line", "column", "reason", "text")
        rows = [
            {"file": self.source, **{name: getattr(wrong, name) for name in columns}}
            for wrong in self._waiting
        ]
        self._aside.write(pa.Table.from_pylist(rows, schema=_REJECTED_SCHEMA))
        self._waiting = []


@dataclass(frozen=True)
class Incoming:
    """A source to land: what identifies it, where it goes, how it is read, who hears of it.

    ``identity`` is what a later import compares to know whether the source is the same;
    ``lines`` the ends of line of a file, when they were counted.
    """

    file: Path
    manifest: Manifest
    target: Target
    options: Options
    identity: Mapping[str, Any]
    told: Callable[[int], None]
    lines: int | None = None
    _read: list[int] = field(default_factory=lambda: [0])

    def advance(self, amount: int) -> None:
        """Tells that much more of the source was read."""
        self._read[0] += amount
        self.told(amount)

    def land(
        self,
        schema: pa.Schema,
        start: Position,
        read: Callable[[Part, Position], Position | None],
        **details: Any,
    ) -> Outcome:
        """Lands the source piece by piece from where the last import stopped.

        ``read`` writes lines from a position on, stops when the part is full, and returns where the
        next piece begins, or None at the end of the source. TableError when too many lines are
        wrong, DataMissing when what was written has not as many lines as were read.
        """
        columns = [{"name": each.name, "type": str(each.type)} for each in schema]
        pieces = Pieces.found(self.manifest, self.target, {**self.identity, "columns": columns})
        self.told(sum(piece["read"] for piece in pieces.done))
        position = pieces.next if pieces.done else start
        tally = pieces.tally()
        try:
            while position is not None:
                self._read[0] = 0
                with self._piece(pieces, schema, tally) as part:
                    position = read(part, position)
                pieces.keep(self._record(pieces, part, position), tally)
            if tally.too_many(self.options.max_rejected):
                raise refusal(tally, self.file.name, self.options, pieces.first_rejected())
        except TableError:
            pieces.forget()
            raise
        return Outcome(tally.rows, tally.rejected, pieces.publish(tally) | _kept(details))

    @contextmanager
    def _piece(self, pieces: Pieces, schema: pa.Schema, tally: Tally) -> Iterator[Part]:
        file, rejected = pieces.next_files()
        with parquet_part(file, schema) as writer:
            part = Part(self.file.name, self.options, tally, rejected, _writer=writer)
            try:
                yield part
                part.finish()
            except BaseException as error:
                part.abandon(error)
                raise

    def _record(self, pieces: Pieces, part: Part, following: Position | None) -> dict[str, Any]:
        file, rejected = pieces.next_files()
        location = self.manifest.location
        return {
            **written(location, file),
            "rows": part.rows,
            "rejected": written(location, rejected) if part.rejected else None,
            "rejected_rows": part.rejected,
            "odd_days": part.odd_days.counts,
            "read": self._read[0],
            "next": following,
        }


def refusal(tally: Tally, source: str, options: Options, rejected: Path) -> TableError:
    """Why a source with so many wrong lines is refused, where they are and what to do."""
    share, admitted = (
        f"{100 * s:.3g} %".replace(".", ",")
        for s in (tally.rejected / tally.lines, options.max_rejected)
    )
    table = rejected.parent
    return TableError(
        f"{source}, table {table.name} : {tally.rejected} sur {tally.lines} lignes ({share}) sont "
        f"à écarter, plus que la part admise ({admitted}). La première, {tally.first}. Les voir "
        f"dans {table.parent.name}/{table.name}/{rejected.name}, corriger le fichier, préciser "
        "--encoding, --delimiter, --decimal ou --dates, ou relever --max-rejected."
    )


def _kept(details: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in details.items() if value}
