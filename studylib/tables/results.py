"""Tables of results: shown, through disclosure control."""

from __future__ import annotations

from typing import TypedDict

from studylib.tables.contract import Column, Table


class _Options(TypedDict):
    nullable: bool
    from_counts: tuple[str, ...]


_ALL = ("persons", "events")
_ARM = ("arm_persons", "arm_count")
_REFERENCE = ("reference_persons", "reference_count")
_BOTH: _Options = {"nullable": True, "from_counts": (*_ARM, *_REFERENCE)}

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
        Column(
            "events",
            "integer",
            "outcomes counted; missing where gates withhold them",
            nullable=True,
            counts="events",
        ),
        Column(
            "person_years", "number", "time at risk", unit="years", nullable=True, from_counts=_ALL
        ),
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
        Column("arm_mean", "number", "mean, or share with it", nullable=True, from_counts=_ARM),
        Column("arm_sd", "number", "standard deviation", nullable=True, from_counts=_ARM),
        Column("reference_persons", "integer", "persons of the reference", counts="persons"),
        Column("reference_count", "integer", "of whom with it", nullable=True, counts="persons"),
        Column(
            "reference_mean",
            "number",
            "mean, or share with it",
            nullable=True,
            from_counts=_REFERENCE,
        ),
        Column(
            "reference_sd", "number", "standard deviation", nullable=True, from_counts=_REFERENCE
        ),
        Column(
            "smd",
            "number",
            "standardised mean difference",
            nullable=True,
            from_counts=(*_ARM, *_REFERENCE),
        ),
        Column("variance_ratio", "number", "variance of the arm over the reference's", **_BOTH),
        Column("arm_mean_after", "number", "mean or share once adjusted", **_BOTH),
        Column("reference_mean_after", "number", "mean or share once adjusted", **_BOTH),
        Column("smd_after", "number", "standardised difference once adjusted", **_BOTH),
        Column("variance_ratio_after", "number", "variance ratio once adjusted", **_BOTH),
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

OUTCOME_STAYS = Table(
    "outcome_stays",
    (
        Column("population", "text", "region or set of regions"),
        Column("arm", "text", "compared group"),
        Column("persons", "integer", "persons followed", counts="persons"),
        Column("events", "integer", "outcomes counted", counts="events"),
        Column("days", "number", "days in hospital of the outcomes", from_counts=_ALL),
        Column("days_squared", "number", "sum of their squares", from_counts=_ALL),
    ),
    key=("population", "arm"),
)

REGIONAL = Table(
    "regional",
    (
        Column("indicator", "text", "what is measured"),
        Column("population", "text", "region or set of regions"),
        Column("measure", "text", "share of persons, or rate"),
        Column("persons", "integer", "persons concerned by the indicator", counts="persons"),
        Column("events", "integer", "of whom with it, or events", counts="events"),
        Column("person_years", "number", "time observed", unit="years", nullable=True),
        Column("crude", "number", "share or rate as observed", nullable=True, from_counts=_ALL),
        Column("estimate", "number", "standardised", nullable=True, from_counts=_ALL),
        Column("ci_low", "number", "lower 95 % limit", nullable=True, from_counts=_ALL),
        Column("ci_high", "number", "upper 95 % limit", nullable=True, from_counts=_ALL),
        Column("reference", "number", "the same over all regions", nullable=True),
        Column("expected", "number", "events at the rates of all regions", from_counts=_ALL),
        Column("excess", "number", "events beyond those expected", from_counts=_ALL),
        Column("excess_low", "number", "lower 95 % limit of the excess", from_counts=_ALL),
        Column("excess_high", "number", "upper 95 % limit of the excess", from_counts=_ALL),
        Column("per", "integer", "persons or person-years the figure is given for"),
    ),
)
