"""Every table studylib hands from one room to another, column by column.

A ``Table`` declares its columns once: kind, unit, meaning, and what small-cell control needs to
know. Checks, documentation and disclosure control all derive from it. Days are integers since
1970-01-01 and intervals of time are half-open ``[start, end)``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd
from pandas.api import types as dtypes

from studylib.errors import TableError

Kind = Literal["text", "integer", "number", "flag", "day"]


@dataclass(frozen=True)
class Column:
    """One column: what it holds and how it may be shown.

    ``counts`` names what a count column counts (persons, events, stays…); such a column is masked
    when small. ``from_counts`` names the count columns a value can be worked back to; the value is
    withheld whenever one of them is.
    """

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    nullable: bool = False
    counts: str = ""
    from_counts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """The contract of a table: its columns in order and the key that is unique in it."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """Column names in declared order."""
        return [column.name for column in self.columns]

    def column(self, name: str) -> Column:
        """The declared column called ``name``; KeyError when it is not declared."""
        return {column.name: column for column in self.columns}[name]


def _kind_matches(values: pd.Series, kind: Kind) -> bool:
    if kind in ("integer", "day"):
        return dtypes.is_integer_dtype(values.dtype)
    if kind == "number":
        return dtypes.is_numeric_dtype(values.dtype) and not dtypes.is_bool_dtype(values.dtype)
    if kind == "flag":
        return dtypes.is_bool_dtype(values.dtype)
    return all(isinstance(value, str) for value in values.dropna())


def missing_columns(names: Iterable[str], table: Table) -> list[str]:
    """The declared columns that are not among ``names``."""
    present = set(names)
    return [name for name in table.names if name not in present]


def check(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """``frame`` with the declared columns first, or a ``TableError`` naming what is wrong.

    >>> flow = pd.DataFrame({"step": ["Population"], "persons": [120], "excluded": [0]})
    >>> list(check(flow, FLOW).columns)
    ['step', 'persons', 'excluded']
    """
    absent = missing_columns(frame.columns, table)
    if absent:
        raise TableError(
            f"Table « {table.name} » : colonnes absentes {', '.join(absent)} ; "
            f"reçu {', '.join(map(str, frame.columns))}."
        )
    for column in table.columns:
        values = frame[column.name]
        if not column.nullable and values.isna().any():
            raise TableError(f"Table « {table.name} », colonne {column.name} : valeur manquante.")
        if values.notna().any() and not _kind_matches(values, column.kind):
            raise TableError(
                f"Table « {table.name} », colonne {column.name} : type {values.dtype}, "
                f"attendu {column.kind}."
            )
    if table.key and frame.duplicated(list(table.key)).any():
        raise TableError(f"Table « {table.name} » : la clé {', '.join(table.key)} se répète.")
    extra = [name for name in frame.columns if name not in table.names]
    return frame[[*table.names, *extra]]


def empty(table: Table) -> pd.DataFrame:
    """A frame with the declared columns and no row."""
    numpy_types = {"text": "object", "integer": "int64", "day": "int64", "number": "float64"}
    return pd.DataFrame(
        {c.name: pd.Series(dtype=numpy_types.get(c.kind, "bool")) for c in table.columns}
    )


def stack(named: Mapping[str, pd.DataFrame], column: str = "analysis") -> pd.DataFrame:
    """The frames one under the other, each carrying its name in ``column``.

    >>> stack({"primary": pd.DataFrame({"estimate": [0.8]})}).loc[0, "analysis"]
    'primary'
    """
    parts = [frame.assign(**{column: name}) for name, frame in named.items()]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


# --- person level: never shown ------------------------------------------------------------------

PERSON_ID = Column("person_id", "integer", "the person")

EVENTS = Table(
    "events",
    (
        PERSON_ID,
        Column("code", "text", "code in the code system of the code list"),
        Column("start", "day", "first day"),
        Column("end", "day", "day after the last one"),
        Column("quantity", "number", "boxes, acts or stays"),
        Column("cost", "number", "amount reimbursed", unit="euros"),
    ),
)

PEOPLE = Table(
    "people",
    (
        PERSON_ID,
        Column("arm", "text", "compared group"),
        Column("index_date", "day", "day 0 of follow-up"),
    ),
    key=("person_id",),
)

EPISODES = Table(
    "episodes",
    (
        PERSON_ID,
        Column("arm", "text", "drug group"),
        Column("start", "day", "first day covered"),
        Column("end", "day", "day after the last one covered"),
    ),
    key=("person_id", "arm", "start"),
)

SUPPLY = Table(
    "supply",
    (
        PERSON_ID,
        Column("arm", "text", "drug group"),
        Column("start", "day", "day of dispensing or administration"),
        Column("days", "integer", "days of treatment given that day", unit="days"),
    ),
    key=("person_id", "arm", "start"),
)

CONCURRENT = Table(
    "concurrent",
    (
        PERSON_ID,
        Column("drugs", "text", "drug groups in use, in alphabetical order"),
        Column("number", "integer", "how many they are"),
        Column("start", "day", "first day with these drugs"),
        Column("end", "day", "day after the last one"),
    ),
    key=("person_id", "start"),
)

TREATMENT_CHANGES = Table(
    "treatment_changes",
    (
        PERSON_ID,
        Column("index_date", "day", "day 0 of follow-up"),
        Column("change", "text", "switch, add_on, stop or none"),
        Column("day", "day", "first day of the other drug group, or end of the treatment"),
        Column("other", "text", "the other drug group", nullable=True),
    ),
    key=("person_id", "index_date"),
)

DAYS_COVERED = Table(
    "days_covered",
    (
        PERSON_ID,
        Column("covered", "integer", "days of the window with treatment at hand", unit="days"),
        Column("window", "integer", "days looked at", unit="days"),
        Column("pdc", "number", "proportion of days covered"),
    ),
)

FOLLOW_UP = Table(
    "follow_up",
    (
        PERSON_ID,
        Column("arm", "text", "compared group"),
        Column("entry", "day", "day time at risk begins"),
        Column("exit", "day", "day time at risk ends (not at risk that day)"),
        Column("event", "flag", "the outcome occurred at exit"),
        Column("exit_reason", "text", "why time at risk ended"),
    ),
)

# --- results: shown, through disclosure control -------------------------------------------------

_ALL = ("persons", "events")

ESTIMATES = Table(
    "estimates",
    (
        Column("analysis", "text", "primary, or the name of a sensitivity analysis"),
        Column("population", "text", "region or set of regions"),
        Column("comparison", "text", "arm, or arm against reference"),
        Column("outcome", "text", "the event studied"),
        Column("measure", "text", "the statistic"),
        Column("estimate", "number", "point estimate", nullable=True, from_counts=_ALL),
        Column("ci_low", "number", "lower 95 % limit", nullable=True, from_counts=_ALL),
        Column("ci_high", "number", "upper 95 % limit", nullable=True, from_counts=_ALL),
        Column("p_value", "number", "two-sided", nullable=True, from_counts=_ALL),
        Column("persons", "integer", "persons analysed", counts="persons"),
        Column("events", "integer", "outcomes counted", counts="events"),
        Column("person_years", "number", "time at risk", unit="years", from_counts=_ALL),
        Column("method", "text", "estimator and its choices"),
    ),
)

FLOW = Table(
    "flow",
    (
        Column("step", "text", "what is required at this step"),
        Column("persons", "integer", "persons kept", counts="persons"),
        Column("excluded", "integer", "persons lost at this step", counts="persons"),
    ),
)

BALANCE = Table(
    "balance",
    (
        Column("covariate", "text", "characteristic at index"),
        Column("kind", "text", "share or mean"),
        Column("arm", "text", "compared group"),
        Column("reference", "text", "reference group"),
        Column("arm_persons", "integer", "persons of the arm", counts="persons"),
        Column("arm_count", "integer", "of whom with it (shares)", nullable=True, counts="persons"),
        Column(
            "arm_mean",
            "number",
            "mean, or share with it",
            nullable=True,
            from_counts=("arm_persons", "arm_count"),
        ),
        Column(
            "arm_sd",
            "number",
            "standard deviation",
            nullable=True,
            from_counts=("arm_persons", "arm_count"),
        ),
        Column("reference_persons", "integer", "persons of the reference", counts="persons"),
        Column("reference_count", "integer", "of whom with it", nullable=True, counts="persons"),
        Column(
            "reference_mean",
            "number",
            "mean, or share with it",
            nullable=True,
            from_counts=("reference_persons", "reference_count"),
        ),
        Column(
            "reference_sd",
            "number",
            "standard deviation",
            nullable=True,
            from_counts=("reference_persons", "reference_count"),
        ),
        Column(
            "smd",
            "number",
            "standardised mean difference",
            nullable=True,
            from_counts=("arm_persons", "arm_count", "reference_persons", "reference_count"),
        ),
    ),
)

CURVES = Table(
    "curves",
    (
        Column("arm", "text", "compared group"),
        Column("day", "integer", "days since index", unit="days"),
        Column("measure", "text", "survival or cumulative incidence"),
        Column("estimate", "number", "probability", nullable=True, from_counts=("at_risk",)),
        Column("ci_low", "number", "lower 95 % limit", nullable=True, from_counts=("at_risk",)),
        Column("ci_high", "number", "upper 95 % limit", nullable=True, from_counts=("at_risk",)),
        Column("at_risk", "integer", "persons still at risk", counts="persons"),
        Column("events", "integer", "outcomes so far", counts="events"),
    ),
)

WIDE_COLUMNS = Table(
    "wide_columns",
    (
        Column("column", "integer", "column of the sparse matrix, from 0"),
        Column("domain", "text", "code system and length of the codes"),
        Column("code", "text", "the code, cut to that length"),
        Column("persons", "integer", "persons with the code", counts="persons"),
    ),
    key=("column",),
)

EXITS = Table(
    "exits",
    (
        Column("arm", "text", "compared group"),
        Column("exit_reason", "text", "why time at risk ended"),
        Column("persons", "integer", "persons who left so", counts="persons"),
    ),
    key=("arm", "exit_reason"),
)

SERIES = Table(
    "series",
    (
        Column("period", "text", "month (YYYY-MM) or year"),
        Column("stratum", "text", "region or group"),
        Column("observed", "number", "value observed", nullable=True),
        Column("expected", "number", "value expected", nullable=True),
        Column("ci_low", "number", "lower limit of the expected value", nullable=True),
        Column("ci_high", "number", "upper limit of the expected value", nullable=True),
        Column("phase", "text", "before, shock, after, incomplete…"),
    ),
)


@dataclass(frozen=True)
class CheckResult:
    """A diagnostic: it passes, fails, or only informs (``passed`` is None), in a sentence."""

    name: str
    passed: bool | None
    table: pd.DataFrame
    text: str
