"""Landing a Parquet file: read to the end, so that a damaged page is seen, and rewritten."""

from __future__ import annotations

import pyarrow as pa
from pyarrow import parquet

from studylib.errors import DataMissing, TableError
from studylib.sources.landing.known import column_names
from studylib.sources.landing.parts import Incoming, Outcome, Part
from studylib.sources.landing.pieces import Position

_BATCH = 131_072


def land_parquet(incoming: Incoming) -> Outcome:
    """Lands a Parquet file with normalised names; types are kept, the reading checks them.

    DataMissing when the file is damaged or cut, TableError when a column holds no plain value.
    """
    name = incoming.file.name
    try:
        source = parquet.ParquetFile(incoming.file)
        columns = column_names(name, incoming.target, source.schema_arrow.names)
        schema = pa.schema(
            [
                (column, _plain(name, incoming, column, given.type))
                for column, given in zip(columns, source.schema_arrow, strict=True)
            ]
        )
        expected = source.metadata.num_rows
        groups, size = source.metadata.num_row_groups, incoming.file.stat().st_size

        def read(part: Part, start: Position) -> Position | None:
            for group in range(start["row_group"], groups):
                for batch in source.iter_batches(batch_size=_BATCH, row_groups=[group]):
                    table = pa.Table.from_batches([batch]).rename_columns(columns)
                    part.write(table.cast(schema))
                incoming.advance(size // groups)
                if part.full and group + 1 < groups:
                    return {"row_group": group + 1}
            if part.tally.rows != expected:
                raise DataMissing(
                    f"{name} : {part.tally.rows} lignes lues au lieu de {expected} ; le fichier "
                    "est abîmé, le copier ou l'extraire à nouveau."
                )
            return None

        return incoming.land(schema, {"row_group": 0}, read)
    except (pa.ArrowException, ValueError) as error:
        raise _damaged(name) from error
    except OSError as error:
        if error.errno is not None:  # the machine's refusal, not the file's fault
            raise
        raise _damaged(name) from error


def _damaged(name: str) -> DataMissing:
    return DataMissing(
        f"{name} : ce fichier Parquet est abîmé ou coupé ; le copier ou l'extraire à nouveau."
    )


def _plain(name: str, incoming: Incoming, column: str, given: pa.DataType) -> pa.DataType:
    """The type a column is written with; dictionaries become their values."""
    kind = given.value_type if pa.types.is_dictionary(given) else given
    if pa.types.is_nested(kind) or pa.types.is_null(kind):
        if pa.types.is_null(kind):
            return pa.string()
        raise TableError(
            f"{name}, table {incoming.target.table}, colonne {column} : de type {given}, alors "
            "qu'une colonne tient une valeur par ligne ; l'aplatir avant l'import."
        )
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    return kind
