"""Text values to their declared kinds, by the engine; a value that is not of its kind is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import duckdb
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

    def cast(self, text: pa.Table) -> tuple[pa.Table, list[int | None]]:
        """The table with its types, and for each line the column that is wrong (None: good)."""
        if set(self.kinds) == {"text"}:
            return text.rename_columns(list(self.columns)), [None] * text.num_rows
        named = text.rename_columns([f"c{i}" for i in range(len(self.columns))])
        named = named.append_column("n_", pa.array(range(text.num_rows), pa.int64()))
        self.session.register("chunk", named)
        done = self.session.sql(f"{self._query()} ORDER BY n_").to_arrow_table()
        self.session.unregister("chunk")
        wrong = done.column("wrong_").to_pylist()
        return done.select(range(len(self.columns))).cast(self.schema), wrong

    def _query(self) -> str:
        """Values by TRY_CAST, and the first column whose text gives nothing."""
        casts, tests = [], []
        for i, (name, kind) in enumerate(zip(self.columns, self.kinds, strict=True)):
            value = _value(f"c{i}", kind, self.decimal, self.dates)
            casts.append(f'{value} AS "{name}"')
            if kind != "text":
                filled = f"nullif(nullif(trim(c{i}), ''), '.') IS NOT NULL"
                tests.append(f"WHEN {filled} AND ({value}) IS NULL THEN {i}")
        return (
            f"SELECT {', '.join(casts)}, CASE {' '.join(tests)} END AS wrong_, n_ AS n_ FROM chunk"
        )


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
