"""Landing a delimited text file: scanned, cast, written, piece by piece."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from studylib.errors import DataMissing, TableError
from studylib.sources.landing.casting import REASONS, Caster
from studylib.sources.landing.known import column_names, known
from studylib.sources.landing.parts import Incoming, Outcome, Part
from studylib.sources.landing.pieces import Position
from studylib.sources.landing.scanning import Block, Scanner, Wrong
from studylib.sources.landing.survey import survey

_BLOCK = 16 << 20


def land_text(incoming: Incoming) -> Outcome:
    """Lands a CSV file; TableError when it cannot be read or too many lines are wrong."""
    file, target = incoming.file, incoming.target
    seen = survey(file, incoming.options)
    columns = column_names(file.name, target, seen.header)
    caster = Caster.of(columns, known(target), incoming.options)
    with file.open("rb") as stream, closing(caster.session):

        def read(part: Part, start: Position) -> Position | None:
            stream.seek(start["offset"])
            scanner = Scanner(
                stream, seen.encoding, seen.separator, columns, incoming.advance, **start
            )
            for block in scanner.blocks():
                part.set_aside(block.wrong)
                if block.numbers:
                    _write(part, block, caster, scanner)
                part.stop_if_hopeless()
                after = scanner.position
                if part.full and after and after["offset"] < incoming.identity["size"]:
                    return after
            _require_every_line(incoming, scanner.line, seen.ends_with_newline)
            return None

        start = {"offset": seen.skip, "line": 1}
        outcome = incoming.land(
            caster.schema, start, read, encoding=seen.encoding, separator=seen.separator
        )
    if seen.ends_with_newline:
        return outcome
    return outcome.remarked({"kind": "no_final_newline"})


def _require_every_line(incoming: Incoming, line: int, ends_with_newline: bool) -> None:
    """DataMissing when the last line read is not the last line of the file."""
    expected = (incoming.lines or 0) + (not ends_with_newline)
    if line != expected:
        raise DataMissing(
            f"{incoming.file.name} : {line} lignes lues au lieu de {expected} ; le fichier a "
            "changé pendant l'import, le relancer."
        )


def _write(part: Part, block: Block, caster: Caster, scanner: Scanner) -> None:
    table, wrong = caster.cast(_parsed(block, len(caster.columns), scanner.separator))
    rows = np.flatnonzero(wrong >= 0).tolist()
    if rows:
        part.set_aside(
            Wrong(
                block.numbers[row],
                f"la valeur {REASONS[caster.kinds[wrong[row]]]}",
                scanner.shown(block.written[row]),
                caster.columns[wrong[row]],
            )
            for row in rows
        )
        table = table.filter(pa.array(wrong < 0))
    part.write(table)


def _parsed(block: Block, width: int, separator: str) -> pa.Table:
    """The lines of a block as text columns, named by their place."""
    names = [str(position) for position in range(width)]
    try:
        parsed = arrow_csv.read_csv(
            pa.py_buffer(block.text + b"\n"),
            read_options=arrow_csv.ReadOptions(column_names=names, block_size=_BLOCK),
            parse_options=arrow_csv.ParseOptions(
                delimiter=separator,
                newlines_in_values=block.spans_lines,
                ignore_empty_lines=False,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types={name: pa.string() for name in names},
                strings_can_be_null=True,
                null_values=[""],
                quoted_strings_can_be_null=True,
            ),
        )
        rows = parsed.num_rows
    except pa.ArrowInvalid:
        rows = -1
    if rows != len(block.numbers):
        raise TableError(
            f"Lignes {block.numbers[0]} à {block.numbers[-1]} : leurs guillemets ne se lisent pas "
            "d'une seule façon ; les ôter ou les doubler."
        )
    return parsed
