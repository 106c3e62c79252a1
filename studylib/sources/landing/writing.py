"""Writing so that nothing half is taken for whole: ``NAME.part``, then a rename."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
from pyarrow import parquet

from studylib.errors import StudyError, system_fault

if sys.platform != "win32":
    import fcntl

PART = ".part"
LOCK = ".import.lock"
_ROWS_IN_GROUP = 250_000


@contextmanager
def whole_file(file: Path) -> Iterator[Path]:
    """A path to write to; it takes its name when the block ends well, and vanishes otherwise."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(file.name + PART)
    try:
        yield part
        with part.open("rb+") as stream:
            os.fsync(stream.fileno())
        os.replace(part, file)
    finally:
        part.unlink(missing_ok=True)


class ParquetPart:
    """Arrow tables written one after the other to one Parquet file, which appears when whole."""

    def __init__(self, part: Path, schema: pa.Schema) -> None:
        self._stream: IO[Any] = part.open("wb")
        self.rows = 0
        self._writer = parquet.ParquetWriter(self._stream, schema, compression="zstd")
        self._schema = schema

    def write(self, table: pa.Table) -> None:
        """Adds lines."""
        if table.num_rows:
            self._writer.write_table(table.cast(self._schema), row_group_size=_ROWS_IN_GROUP)
            self.rows += table.num_rows

    def close(self) -> None:
        """Ends the file; errors of the disk are raised here too."""
        self._writer.close()
        self._stream.close()

    def abandon(self) -> None:
        """Lets go of the file, which is not to be kept."""
        self._writer.is_open = False  # pyarrow would otherwise write the end of it on its own
        try:
            self._stream.close()
        except OSError:
            return  # the disk is full: the unwritten rest is not wanted


@contextmanager
def parquet_part(file: Path, schema: pa.Schema) -> Iterator[ParquetPart]:
    """A ``ParquetPart`` that becomes ``file`` when the block ends well."""
    with whole_file(file) as part:
        writer = ParquetPart(part, schema)
        try:
            yield writer
            writer.close()
        finally:
            writer.abandon()


@contextmanager
def disk_faults() -> Iterator[None]:
    """Faults of the machine told in a sentence: full disk, refused access (StudyError)."""
    try:
        yield
    except OSError as error:
        told = system_fault(error)
        if told is None and error.errno in (errno.EIO, errno.EFBIG, errno.ENOENT, errno.EISDIR):
            name = Path(str(error.filename)).name if error.filename else "un fichier"
            told = f"{name} : lecture ou écriture impossible ; vérifier le chemin et le disque."
        if told is None:
            raise
        raise StudyError(
            f"{told} Les parties terminées sont gardées ; relancer l'import."
        ) from error


@contextmanager
def alone(location: Path) -> Iterator[None]:
    """Holds the location for this import; StudyError when another import is at work there."""
    location.mkdir(parents=True, exist_ok=True)
    if sys.platform == "win32":
        yield
        return
    with (location / LOCK).open("a") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StudyError(
                f"Un autre import écrit en ce moment dans {location.name} ; attendre qu'il finisse."
            ) from None
        yield
