"""Extraction from a database (Oracle), month by month, every count checked.

The connection is any DB-API 2.0 connection: python-oracledb in thin mode in real life. A version of
python-oracledb lost lines while fetching repeated DATE values as Arrow dates (its issue 606): lines
are fetched one by one as Python values, dates as timestamps that are cast here, and the number of
lines is always compared with ``COUNT(*)`` of the same predicate.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa

from studylib.errors import ChoiceError, DataMissing, TableError
from studylib.sources.landing import parts
from studylib.sources.landing.fetched import schema_of, table_of
from studylib.sources.landing.importing import Landed, Progress, Silent, kept
from studylib.sources.landing.known import column_names
from studylib.sources.landing.manifest import Manifest
from studylib.sources.landing.options import Options
from studylib.sources.landing.parts import Incoming, Outcome, Part
from studylib.sources.landing.pieces import Position
from studylib.sources.landing.recognition import Target, recognise
from studylib.sources.landing.writing import alone, disk_faults

ROWS = 50_000
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_$#]*(\.[A-Za-z][A-Za-z0-9_$#]*)?")


@dataclass(frozen=True)
class Extraction:
    """What to extract: a table (or a query, for a table), and the months of one date column.

    ``between`` is (column, first day, last day), both days included; None takes everything at once.
    """

    table: str
    query: str | None = None
    between: tuple[str, date, date] | None = None

    def __post_init__(self) -> None:
        """Refuses (ChoiceError) names that are not names, a query that is not a SELECT."""
        names = [self.table, *([self.between[0]] if self.between else [])]
        for name in names:
            if not _NAME.fullmatch(name):
                raise ChoiceError(
                    f"« {name} » n'est pas un nom de table ou de colonne ; attendu des lettres, "
                    "chiffres et « _ », par exemple ER_PRS_F ou FLX_DIS_DTD."
                )
        if self.query is not None and not re.match(r"\s*(SELECT|WITH)\b", self.query, re.I):
            raise ChoiceError("Option --query : une requête commence par SELECT ; la corriger.")
        if self.between and self.between[1] > self.between[2]:
            raise ChoiceError(
                f"Option --between : {self.between[1]} est après {self.between[2]} ; les inverser."
            )

    @property
    def source(self) -> str:
        """The FROM clause: the table, or the query in brackets."""
        return self.table if self.query is None else f"({self.query.strip().rstrip(';')})"

    def slices(self) -> list[Slice]:
        """One slice per month, the first and the last cut at the days asked for.

        >>> [s.name for s in Extraction("T", between=("D", date(2021, 1, 15), date(2021, 3, 1)))
        ...  .slices()]
        ['2021-01', '2021-02', '2021-03']
        """
        if self.between is None:
            return [Slice("", None, None, None)]
        column, first, last = self.between
        end, slices = date.fromordinal(last.toordinal() + 1), []
        start = first
        while start < end:
            following = date(start.year + start.month // 12, start.month % 12 + 1, 1)
            slices.append(Slice(f"{start:%Y-%m}", column, start, min(following, end)))
            start = following
        return slices


@dataclass(frozen=True)
class Slice:
    """The lines of one month: ``start <= column < end``."""

    name: str
    column: str | None
    start: date | None
    end: date | None

    @property
    def predicate(self) -> str:
        """The WHERE clause, with bound values."""
        if self.column is None:
            return ""
        return f" WHERE {self.column} >= :low AND {self.column} < :high"

    def days(self) -> list[Slice]:
        """The same lines day by day; the slice itself when it has no dates."""
        if self.start is None or self.end is None:
            return [self]
        first, end = self.start.toordinal(), self.end.toordinal()
        days = [date.fromordinal(day) for day in range(first, end + 1)]
        return [Slice(f"{a}", self.column, a, b) for a, b in pairwise(days)]

    @property
    def values(self) -> dict[str, date]:
        """The bound values."""
        if self.start is None or self.end is None:
            return {}
        return {"low": self.start, "high": self.end}


_NOWHEN = Slice("", None, None, None)


def extract(
    connection: Any,
    extraction: Extraction,
    location: Path,
    options: Options | None = None,
    *,
    progress: Progress | None = None,
) -> list[Landed]:
    """Lands the lines of a database as Parquet below ``location``, one part per month.

    A month already there, untouched, with as many lines as the database counts, is left alone. A
    month of more than ``PIECE_ROWS`` lines is taken day by day, and goes on where it was stopped.
    Raises TableError when the lines received are not as many as the database counts.
    """
    told = progress or Silent()
    bare = extraction.table.split(".")[-1]
    target = recognise(Path(bare), table=(options or Options()).table or bare)
    with disk_faults(), alone(location):
        manifest = Manifest.read(location)
        return [
            _land_slice(connection, extraction, each, target, manifest, told)
            for each in extraction.slices()
        ]


def _land_slice(
    connection: Any,
    extraction: Extraction,
    piece: Slice,
    table: Target,
    manifest: Manifest,
    progress: Progress,
) -> Landed:
    part = "_".join(filter(None, [table.table.lower(), piece.name]))
    target = Target(table.table, table.year, part)
    cursor = connection.cursor()
    try:
        counted = _counted(cursor, extraction, piece)
        progress.started(part, counted)
        source = {
            "source": f"{extraction.source}{piece.predicate}",
            "between": [str(day) for day in piece.values.values()],
            "counted": counted,
        }
        if manifest.holds(target, source):
            done = Landed(part, target, "up_to_date", counted, 0)
        else:
            place = Path(extraction.table)
            incoming = Incoming(place, manifest, target, Options(), source, progress.advanced)
            outcome = _fetch(cursor, extraction, piece, incoming, counted)
            done = kept(manifest, target, part, source, outcome)
    finally:
        cursor.close()
    progress.finished(done)
    return done


def _counted(cursor: Any, extraction: Extraction, piece: Slice) -> int:
    _execute(cursor, f"SELECT COUNT(*) FROM {extraction.source}{piece.predicate}", piece)
    return int(cursor.fetchone()[0])


def _execute(cursor: Any, statement: str, piece: Slice) -> None:
    try:
        cursor.execute(statement, piece.values)
    except Exception as error:  # every driver has its own hierarchy
        raise DataMissing(
            f"La base refuse la requête « {statement[:120]} » ({str(error).splitlines()[0]}) ; "
            "vérifier le nom de la table, les colonnes et les droits."
        ) from error


def _fetch(
    cursor: Any, extraction: Extraction, piece: Slice, incoming: Incoming, counted: int
) -> Outcome:
    cursor.arraysize = ROWS
    slices = piece.days() if counted > parts.PIECE_ROWS else [piece]
    _execute(cursor, f"SELECT * FROM {extraction.source} WHERE 1 = 0", _NOWHEN)
    described: Sequence[Sequence[Any]] = cursor.description
    names = [str(column[0]) for column in described]
    columns = column_names(extraction.table, incoming.target, names)
    schema = schema_of(columns, described, incoming.target)

    def read(part: Part, start: Position) -> Position | None:
        at = start["slice"]
        due = counted if len(slices) == 1 else _counted(cursor, extraction, slices[at])
        _execute(cursor, f"SELECT * FROM {extraction.source}{slices[at].predicate}", slices[at])
        while rows := _fetched(cursor, extraction):
            part.write(_typed(rows, schema, extraction))
            incoming.advance(len(rows))
        _require_all(extraction, slices[at], part.rows, due)
        if at + 1 < len(slices):
            return {"slice": at + 1}
        _require_all(extraction, piece, part.tally.rows, counted)
        return None

    return incoming.land(schema, {"slice": 0}, read)


def _require_all(extraction: Extraction, piece: Slice, received: int, counted: int) -> None:
    """TableError when the lines received are not as many as the database counts."""
    if received != counted:
        when = f", {'mois' if len(piece.name) == 7 else 'jour'} {piece.name}" if piece.name else ""
        raise TableError(
            f"Table {extraction.table}{when} : {received} lignes reçues alors que la base en "
            f"compte {counted} ; rien n'en est gardé, relancer l'extraction (et, si l'écart "
            "demeure, mettre à jour python-oracledb)."
        )


def _fetched(cursor: Any, extraction: Extraction) -> list[Sequence[Any]]:
    try:
        return list(cursor.fetchmany(ROWS))
    except Exception as error:  # every driver has its own hierarchy
        raise DataMissing(
            f"Table {extraction.table} : la base a cessé de répondre "
            f"({str(error).splitlines()[0]}) ; relancer l'extraction, qui garde les mois terminés."
        ) from error


def _typed(rows: list[Sequence[Any]], schema: pa.Schema, extraction: Extraction) -> pa.Table:
    try:
        return table_of(rows, schema)
    except (pa.ArrowException, ArithmeticError, ValueError, TypeError) as error:
        raise TableError(
            f"Table {extraction.table} : une valeur reçue n'est pas du type de sa colonne "
            f"({str(error).splitlines()[0]}) ; convertir cette colonne dans la requête (--query)."
        ) from error
