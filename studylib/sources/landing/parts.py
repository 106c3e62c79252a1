"""A part being landed: its lines, those set aside, and what the manifest will say of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from studylib.errors import TableError
from studylib.sources.landing.options import Options
from studylib.sources.landing.recognition import Target
from studylib.sources.landing.scanning import Wrong
from studylib.sources.landing.writing import ParquetPart, parquet_part

REJECTED = "rejected"
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
    """What was made of a file: rows, rows set aside, columns and types, files, remarks."""

    rows: int
    rejected: int
    columns: tuple[tuple[str, str], ...]
    parquet: Path
    rejected_file: Path | None
    details: dict[str, Any] = field(default_factory=dict)


@dataclass
class Part:
    """Lines written, and lines set aside in a file of their own."""

    file: Path
    source: str
    options: Options
    rejected_file: Path
    _writer: ParquetPart
    _schema: pa.Schema
    rejected: int = 0
    first: Wrong | None = None
    _waiting: list[Wrong] = field(default_factory=list)
    _aside: ParquetPart | None = None
    _stack: ExitStack = field(default_factory=ExitStack)

    @property
    def rows(self) -> int:
        """Lines kept so far."""
        return self._writer.rows

    def write(self, table: pa.Table) -> None:
        """Adds lines."""
        self._writer.write(table)

    def set_aside(self, lines: Iterable[Wrong]) -> None:
        """Adds lines to the rejected ones."""
        for line in lines:
            self.first = self.first or line
            self.rejected += 1
            self._waiting.append(line)
        if len(self._waiting) >= _KEPT_AT_ONCE:
            self._flush()

    def stop_if_hopeless(self) -> None:
        """Refuses the file early when it is plain that too many lines are wrong."""
        if self.rows + self.rejected > _ENOUGH_TO_JUDGE:
            self._judge()

    def _flush(self) -> None:
        if self._aside is None:
            self._aside = self._stack.enter_context(
                parquet_part(self.rejected_file, _REJECTED_SCHEMA)
            )
        rows = [
            {
                "file": self.source,
                "line": wrong.line,
                "column": wrong.column,
                "reason": wrong.reason,
                "text": wrong.text,
            }
            for wrong in self._waiting
        ]
        self._aside.write(pa.Table.from_pylist(rows, schema=_REJECTED_SCHEMA))
        self._waiting = []

    def finish(self) -> None:
        """Writes what waits; TableError when more lines are set aside than is admitted."""
        if self._waiting:
            self._flush()
        self._stack.close()
        if not self.rejected:
            self.rejected_file.unlink(missing_ok=True)
        self._judge()

    def _judge(self) -> None:
        total = self.rows + self.rejected
        if self.first is None or self.rejected <= self.options.max_rejected * total:
            return
        if self._waiting:
            self._flush()
        self._stack.close()
        where = f"ligne {self.first.line}"
        where += f", colonne {self.first.column}" if self.first.column else ""
        share, admitted = (
            f"{100 * s:.3g} %".replace(".", ",")
            for s in (self.rejected / total, self.options.max_rejected)
        )
        raise TableError(
            f"{self.source}, table {self.file.parent.name} : {self.rejected} lignes sur {total} "
            f"({share}) sont à écarter, plus que la part admise ({admitted}). La première, {where} "
            f": {self.first.reason}. Les voir dans "
            f"{REJECTED}/{self.file.parent.name}/{self.rejected_file.name}, puis corriger le "
            "fichier, préciser --encoding, --delimiter, --decimal ou --dates, ou relever "
            "--max-rejected."
        )

    def abandon(self, error: BaseException) -> None:
        """Lets go of the rejected lines not yet whole."""
        self._stack.__exit__(type(error), error, error.__traceback__)

    def outcome(self, **details: Any) -> Outcome:
        """What the manifest says of this part."""
        columns = tuple((each.name, str(each.type)) for each in self._schema)
        return Outcome(
            self.rows,
            self.rejected,
            columns,
            self.file,
            self.rejected_file if self.rejected else None,
            {name: value for name, value in details.items() if value},
        )


@dataclass(frozen=True)
class Incoming:
    """A source file to land: where it goes, how it is read, who is told of the bytes read."""

    file: Path
    location: Path
    target: Target
    options: Options
    advance: Callable[[int], None]

    @contextmanager
    def part(self, schema: pa.Schema) -> Iterator[Part]:
        """The part to write to; it exists once the block ends well."""
        name = f"{self.target.part}.parquet"
        file = self.location / self.target.table / name
        rejected = self.location / REJECTED / self.target.table / name
        with parquet_part(file, schema) as writer:
            part = Part(file, self.file.name, self.options, rejected, writer, schema)
            try:
                yield part
                part.finish()
            except BaseException as error:
                part.abandon(error)
                raise
