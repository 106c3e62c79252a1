"""Landing a SAS table (.sas7bdat, .xpt), by chunks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from studylib.errors import DataMissing
from studylib.sources.landing.casting import ARROW_TYPES, REASONS
from studylib.sources.landing.known import column_names, known
from studylib.sources.landing.parts import Incoming, Outcome, Part
from studylib.sources.landing.pieces import Position
from studylib.sources.landing.scanning import Wrong

ROWS = 200_000
_DAYS_1960_TO_1970 = 3653
_DAY = 86_400
_FARTHEST_DAY = 2_000_000  # beyond it, a SAS date without format counts seconds
_DAY_FORMATS = ("DATE", "DDMMYY", "MMDDYY", "YYMMDD", "E8601DA", "B8601DA", "JULIAN", "MONYY")
_SECOND_FORMATS = ("DATETIME", "E8601DT", "B8601DT", "DATEAMPM", "DTDATE")


def land_sas(incoming: Incoming) -> Outcome:
    """Lands a SAS table. DataMissing when pyreadstat is not installed or the file is damaged."""
    name = incoming.file.name
    if find_spec("pyreadstat") is None:
        raise DataMissing(
            f"{name} : la lecture des fichiers SAS demande le complément « sas » ; l'installer par "
            "pip install 'studylib[sas]', ou exporter la table en CSV."
        )
    first = next(_chunks(incoming.file, 0))
    columns = column_names(name, incoming.target, first.names)
    expected = known(incoming.target)
    kinds = [
        _kind(expected.kinds.get(column), first, given)
        for column, given in zip(columns, first.names, strict=True)
    ]
    schema = pa.schema([(c, ARROW_TYPES[k]) for c, k in zip(columns, kinds, strict=True)])
    total = _announced(incoming)

    def read(part: Part, start: Position) -> Position | None:
        line = start["row"]
        for chunk in _chunks(incoming.file, line):
            _write(part, chunk, columns, kinds, schema, line)
            line += chunk.rows
            incoming.advance(_share(incoming, chunk.rows, total))
            part.stop_if_hopeless()
            if part.full and line != total:
                return {"row": line}
        if total is not None and line != total:
            raise DataMissing(
                f"{name} : {line} lignes lues au lieu de {total} ; le fichier est coupé, le copier "
                "à nouveau."
            )
        return None

    return incoming.land(schema, {"row": 0}, read)


def _share(incoming: Incoming, rows: int, total: int | None) -> int:
    """The bytes of the file that these rows stand for; none when it does not say how many."""
    return incoming.file.stat().st_size * rows // total if total else 0


def _write(
    part: Part,
    chunk: _Chunk,
    columns: Sequence[str],
    kinds: Sequence[str],
    schema: pa.Schema,
    before: int,
) -> None:
    arrays, faulty = [], np.full(chunk.rows, -1)
    for place, (given, kind) in enumerate(zip(chunk.names, kinds, strict=True)):
        array, wrong = as_arrow(chunk.values[given], kind, chunk.formats[given])
        faulty = np.where((faulty < 0) & wrong, place, faulty)
        arrays.append(array)
    part.set_aside(
        Wrong(
            before + int(row) + 1,
            f"la valeur {REASONS[kinds[faulty[row]]]}",
            "|".join(str(chunk.values[given][row]) for given in chunk.names),
            columns[faulty[row]],
        )
        for row in np.flatnonzero(faulty >= 0)
    )
    table = pa.Table.from_arrays(arrays, schema=schema)
    part.write(table.filter(pa.array(faulty < 0)) if (faulty >= 0).any() else table)


class _Chunk:
    """Some rows of a SAS table: values by column, formats of the columns."""

    def __init__(self, values: Mapping[str, Any], meta: Any) -> None:
        self.values = values
        self.names: list[str] = list(meta.column_names)
        self.formats = {n: (meta.original_variable_types.get(n) or "") for n in self.names}
        self.rows = len(values[self.names[0]]) if self.names else 0


def _chunks(file: Path, offset: int) -> Iterator[_Chunk]:
    begun = offset
    while True:
        values, meta = _read(
            file,
            output_format="dict",
            disable_datetime_conversion=True,
            row_offset=offset,
            row_limit=ROWS,
        )
        chunk = _Chunk(values, meta)
        if chunk.rows or offset == begun:
            yield chunk
        offset += chunk.rows
        if chunk.rows < ROWS:
            return


def _announced(incoming: Incoming) -> int | None:
    """How many rows the file says it holds; a transport file does not say."""
    rows: int | None = _read(incoming.file, metadataonly=True)[1].number_rows
    return None if incoming.file.suffix.lower() == ".xpt" else rows


def _read(file: Path, **how: Any) -> tuple[Mapping[str, Any], Any]:
    import pyreadstat

    read = pyreadstat.read_xport if file.suffix.lower() == ".xpt" else pyreadstat.read_sas7bdat
    faults = (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, ValueError, UnicodeError)
    try:
        values, meta = read(str(file), **how)
    except faults as error:
        raise DataMissing(
            f"{file.name} : ce fichier SAS est abîmé, coupé ou chiffré ; le copier ou l'exporter à "
            "nouveau."
        ) from error
    return values, meta


def _kind(declared: str | None, chunk: _Chunk, column: str) -> str:
    """The declared kind; without one, what the SAS format and the values say."""
    if declared:
        return declared
    if chunk.formats[column].upper().startswith(_DAY_FORMATS + _SECOND_FORMATS):
        return "day"
    return "number" if np.asarray(chunk.values[column]).dtype.kind in "fiu" else "text"


def as_arrow(values: Any, kind: str, sas_format: str) -> tuple[pa.Array, np.ndarray]:
    """Values of one column as Arrow, and which of them are not of its kind.

    A number that should be text keeps no decimal point; days and seconds count from 1960.
    """
    given = np.asarray(values)
    absent = np.array([v is None or v != v or v == "" for v in given], dtype=bool)
    good = np.zeros(len(given), dtype=bool)
    if kind == "text" and given.dtype.kind not in "fiu":
        texts = [None if no else str(v) for v, no in zip(given, absent, strict=True)]
        return pa.array(texts, pa.string()), good
    numbers = np.array([0.0 if no else _number(v) for v, no in zip(given, absent, strict=True)])
    wrong = np.isnan(numbers) if kind != "integer" else numbers != np.floor(numbers)
    numbers, missing = np.where(wrong, 0.0, numbers), absent | wrong
    if kind == "day":
        days = np.floor(numbers / (_DAY if _counts_seconds(numbers, sas_format) else 1))
        since_1970 = (days - _DAYS_1960_TO_1970).astype("int32")
        return pa.array(since_1970, mask=missing).cast(pa.date32()), wrong
    if kind == "number":
        return pa.array(numbers, pa.float64(), mask=missing), wrong
    whole = numbers.astype("int64")
    if kind == "integer":
        return pa.array(whole, pa.int64(), mask=missing), wrong
    codes = [
        None if no else str(w) if w == n else str(n)
        for w, n, no in zip(whole, numbers, missing, strict=True)
    ]
    return pa.array(codes, pa.string()), wrong


def _number(value: Any) -> float:
    try:
        return float(str(value).strip().replace(",", ".")) if isinstance(value, str) else value
    except ValueError:
        return float("nan")


def _counts_seconds(numbers: np.ndarray, sas_format: str) -> bool:
    upper = sas_format.upper()
    if upper.startswith(_SECOND_FORMATS):
        return True
    return not upper.startswith(_DAY_FORMATS) and bool((np.abs(numbers) > _FARTHEST_DAY).any())
