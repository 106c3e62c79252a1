"""Landing a delimited text file: scanned, cast, written, piece by piece."""

from __future__ import annotations

import pyarrow as pa
from pyarrow import csv as arrow_csv

from studylib.errors import TableError
from studylib.sources.landing.casting import REASONS, Caster
from studylib.sources.landing.known import column_names, known
from studylib.sources.landing.parts import Incoming, Outcome, Part
from studylib.sources.landing.scanning import Block, Scanner, Wrong
from studylib.sources.landing.survey import survey

_BLOCK = 16 << 20


def land_text(incoming: Incoming) -> Outcome:
    """Lands a CSV file; TableError when it cannot be read or too many lines are wrong."""
    file, target = incoming.file, incoming.target
    seen = survey(file, incoming.options)
    columns = column_names(file.name, target, seen.header)
    caster = Caster.of(columns, known(target), incoming.options)
    with incoming.part(caster.schema) as part, file.open("rb") as stream:
        stream.seek(seen.skip)
        incoming.advance(seen.skip)
        scanner = Scanner(stream, seen.encoding, seen.separator, len(columns), incoming.advance)
        for block in scanner.blocks():
            part.set_aside(block.wrong)
            if block.clean:
                _write(part, block, caster, scanner)
            part.stop_if_hopeless()
    remark = "" if seen.ends_with_newline else "no_final_newline"
    caster.session.close()
    return part.outcome(encoding=seen.encoding, separator=seen.separator, remark=remark)


def _write(part: Part, block: Block, caster: Caster, scanner: Scanner) -> None:
    table, wrong = caster.cast(_parsed(block, len(caster.columns), scanner.separator))
    if any(column is not None for column in wrong):
        part.set_aside(
            Wrong(
                block.numbers[row],
                f"la valeur {REASONS[caster.kinds[column]]}",
                scanner.shown(block.raw[row]),
                caster.columns[column],
            )
            for row, column in enumerate(wrong)
            if column is not None
        )
        table = table.filter(pa.array([column is None for column in wrong]))
    part.write(table)


def _parsed(block: Block, width: int, separator: str) -> pa.Table:
    """The lines of a block as text columns, named by their place."""
    names = [str(position) for position in range(width)]
    try:
        parsed = arrow_csv.read_csv(
            pa.py_buffer(b"\n".join(block.clean) + b"\n"),
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
