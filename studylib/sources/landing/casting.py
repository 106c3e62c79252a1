"""Text values to their declared kinds, by the engine; a value that is not of its kind is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import duckdb
import numpy as np
import pyarrow as pa

from studylib.sources.engine import EngineSettings
from studylib.sources.landing.known import Known
from studylib.sources.landing.options import AUTO, Options

ARROW_TYPES = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "day": pa.date32(),
}
REASONS = {
    "integer": "n'est pas un nombre entier",
    "number": "n'est pas un nombre",
    "day": "n'est pas une date",
}
_MARKS = {AUTO: "[.,]", ",": ",", ".": "[.]"}
_TIME = r"([ T:]\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?)?"


@dataclass(frozen=True)
class Caster:
    """Casts the columns of one file; its DuckDB session keeps the order of lines."""

    columns: tuple[str, ...]
    kinds: tuple[str, ...]
    decimal: str
    dates: str
    session: duckdb.DuckDBPyConnection = field(repr=False)

    @classmethod
    def of(cls, columns: Sequence[str], known: Known, options: Options) -> Caster:
        """A caster for these columns, of the kinds the layout declares."""
        threads = EngineSettings.from_environment().threads
        session = duckdb.connect(config={"threads": threads} if threads else {})
        kinds = tuple(known.kind(name) for name in columns)
        return cls(tuple(columns), kinds, options.decimal, options.dates, session)

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema of what is written."""
        return pa.schema(
            [(name, ARROW_TYPES[kind]) for name, kind in zip(self.columns, self.kinds, strict=True)]
        )

    def cast(self, text: pa.Table) -> tuple[pa.Table, np.ndarray]:
        """The table with its types, and for each line the column that is wrong (-1: none)."""
        arrays: list[pa.Array] = []
        faulty = np.full(text.num_rows, -1)
        for place, kind in enumerate(self.kinds):
            values = text.column(place).combine_chunks()
            if kind != "text":
                values, wrong = self._typed(values, kind)
                if wrong.any():
                    faulty = np.where((faulty < 0) & wrong, place, faulty)
            arrays.append(values)
        return pa.Table.from_arrays(arrays, schema=self.schema), faulty

    def _typed(self, texts: pa.Array, kind: str) -> tuple[pa.Array, np.ndarray]:
        """The values of a column, and which are wrong; each distinct text is cast once."""
        encoded = texts.dictionary_encode()
        distinct = encoded.dictionary
        ranks = pa.array(np.arange(len(distinct)))
        self.session.register("chunk", pa.table({"c": distinct, "n": ranks}))
        value = _value("c", kind, self.decimal, self.dates)
        done = self.session.sql(
            f"SELECT {value} AS v, v IS NULL AND nullif(nullif(trim(c), ''), '.') IS NOT NULL AS w "
            "FROM chunk ORDER BY n"
        ).to_arrow_table()
        self.session.unregister("chunk")
        values = done.column("v").combine_chunks().cast(ARROW_TYPES[kind])
        wrong = done.column("w").combine_chunks().take(encoded.indices).fill_null(False)
        return values.take(encoded.indices), wrong.to_numpy(zero_copy_only=False)


def _value(column: str, kind: str, decimal: str, dates: str) -> str:
    """The SQL of one value; NULL when the text is not of its kind."""
    text = f"trim({column})"
    if kind == "integer":
        mark = _MARKS[decimal]
        # « 1,000 » is one or a thousand: read only when the decimal mark is stated
        zeros = "(0{0,2}|0{4,})" if decimal == AUTO else "0*"
        whole = f"regexp_full_match({text}, '[+-]?\\d+({mark}{zeros})?')"
        return (
            f"CASE WHEN {whole} THEN TRY_CAST(regexp_replace({text}, '[.,]0*$', '') AS BIGINT) END"
        )
    if kind == "number":
        mark = _MARKS[decimal]
        pattern = rf"[+-]?(\d+({mark}\d*)?|{mark}\d+)([eE][+-]?\d{{1,3}})?"
        number = f"TRY_CAST(replace({text}, ',', '.') AS DOUBLE)"
        return (
            f"CASE WHEN regexp_full_match({text}, '{pattern}') AND isfinite({number}) "
            f"THEN {number} END"
        )
    if kind == "day":
        return _day(text, dates)
    return column


def _day(text: str, dates: str) -> str:
    forms = {
        "dd/mm/yyyy": (
            rf"\d{{1,2}}/\d{{1,2}}/\d{{4}}{_TIME}",
            f"TRY_CAST(try_strptime(regexp_extract({text}, '[0-9/]+'), '%d/%m/%Y') AS DATE)",
        ),
        "yyyy-mm-dd": (
            rf"\d{{4}}-\d{{2}}-\d{{2}}{_TIME}",
            f"TRY_CAST(left({text}, 10) AS DATE)",
        ),
        "ddmmmyyyy": (
            rf"\d{{2}}[A-Za-z]{{3}}\d{{4}}{_TIME}",
            f"TRY_CAST(try_strptime(left({text}, 9), '%d%b%Y') AS DATE)",
        ),
    }
    chosen = forms if dates == AUTO else {dates: forms[dates]}
    branches = " ".join(
        f"WHEN regexp_full_match({text}, '{pattern}') THEN {value}"
        for pattern, value in chosen.values()
    )
    return f"CASE {branches} END"
