"""Which raw file is spoilt, when something broke while raw tables were read.

Engines complain of a spoilt file in a hundred ways, and seldom name it. Rather than know their
phrases, each file is read alone, whole, once something broke: the first that does not read is the
one to name. When all of them read, what broke is no fault of the files, and goes through.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyarrow import parquet

from studylib.errors import DataMissing, StudyError
from studylib.sources.engine import EngineSettings
from studylib.sources.engine.duck import DuckEngine
from studylib.sources.snds import layout
from studylib.sources.snds.raw import Raw


@contextmanager
def named(raw: Raw) -> Iterator[None]:
    """DataMissing with its table and file when what broke is a raw file that does not read.

    Sentences of our own go through, but for those made of an engine's complaint.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, StudyError) and error.__cause__ is None:
            raise
        found = first_spoilt(raw)
        if found is None:
            raise
        table, file = found
        raise DataMissing(
            f"Source « {raw.name} », table {table} : le fichier {file.name} est abîmé, il ne se "
            "lit pas jusqu'au bout ; le copier ou l'extraire à nouveau."
        ) from error


def first_spoilt(raw: Raw) -> tuple[str, Path] | None:
    """The first raw file, with its folder, of which a column cannot be read; None without any."""
    known = [file for name in layout.tables() for file in raw.files(name)]
    return next(((file.parent.name, file) for file in known if not _reads(file, raw)), None)


def _reads(file: Path, raw: Raw) -> bool:
    """Whether every value of a file can be read, in a session that nothing else can have broken."""
    settings = EngineSettings(threads=1, memory_gb=raw.engine.settings.memory_gb)
    try:
        with DuckEngine.start(settings) as engine:
            # a hash, for footers answer a count or a maximum without reading anything
            every = engine.read_parquet([file]).to_native()
            every.query("every", "SELECT bit_xor(hash(COLUMNS(*))) FROM every").fetchall()
        for _ in parquet.ParquetFile(file).iter_batches():
            pass  # footers are read by another library than lines
    except Exception:
        return False
    return True
