"""Tables of risk estimation that are not rows of estimates."""

from __future__ import annotations

from studylib.tables import Column, Table

_FROM = ("persons", "events")

PROFILES = Table(
    "profiles",
    (
        Column("analysis", "text", "primary, or the name of a sensitivity analysis"),
        Column("population", "text", "region or set of regions"),
        Column("comparison", "text", "arm against reference"),
        Column("outcome", "text", "the event studied"),
        Column("measure", "text", "the ratio whose logarithm is profiled"),
        Column("log_ratio", "number", "logarithm of the ratio"),
        Column("log_likelihood", "number", "profile log likelihood there", from_counts=_FROM),
        Column("gradient", "number", "its derivative there", from_counts=_FROM),
        Column("persons", "integer", "persons analysed", counts="persons"),
        Column("events", "integer", "outcomes counted", counts="events"),
    ),
)

COEFFICIENTS = Table(
    "coefficients",
    (
        Column("term", "text", "covariate"),
        Column("coefficient", "number", "log hazard ratio", from_counts=_FROM),
        Column("standard_error", "number", "of the model", from_counts=_FROM),
        Column("robust_error", "number", "of the sandwich", from_counts=_FROM),
        Column("ratio", "number", "hazard ratio", from_counts=_FROM),
        Column("ci_low", "number", "lower 95 % limit of the ratio", from_counts=_FROM),
        Column("ci_high", "number", "upper 95 % limit of the ratio", from_counts=_FROM),
        Column("p_value", "number", "two-sided", from_counts=_FROM),
        Column("log_likelihood", "number", "of the model", from_counts=_FROM),
        Column("null_log_likelihood", "number", "without covariates", from_counts=_FROM),
        Column("concordance", "number", "Harrell's, share of pairs", from_counts=_FROM),
        Column("persons", "integer", "persons analysed", counts="persons"),
        Column("events", "integer", "outcomes counted", counts="events"),
    ),
    key=("term",),
)

IMPACT = Table(
    "impact",
    (
        Column("population", "text", "region or set of regions"),
        Column("comparison", "text", "arm against reference"),
        Column("outcome", "text", "the event studied"),
        Column("scenario", "text", "attributable, or the name of a prevention scenario"),
        Column("share", "number", "part of what is attributable that it touches", unit="share"),
        Column("quantity", "text", "cases or hospital_days"),
        Column("observed", "number", "in the treated", nullable=True, from_counts=_FROM),
        Column("estimate", "number", "of which attributable", nullable=True, from_counts=_FROM),
        Column("ci_low", "number", "lower 95 % limit", nullable=True, from_counts=_FROM),
        Column("ci_high", "number", "upper 95 % limit", nullable=True, from_counts=_FROM),
        Column("persons", "integer", "persons treated", counts="persons"),
        Column("events", "integer", "outcomes in the treated", counts="events"),
        Column("method", "text", "how it was estimated"),
    ),
)

SEQUENCES = Table(
    "sequences",
    (
        Column("sequence", "text", "index_first, marker_first or same_day"),
        Column("persons", "integer", "persons who began both so", counts="persons"),
    ),
    key=("sequence",),
)

GAPS = Table(
    "gaps",
    (
        Column("week", "integer", "weeks from index start to marker start", unit="weeks"),
        Column("persons", "integer", "persons who began both that far apart", counts="persons"),
    ),
    key=("week",),
)

CONTROLS_FOUND = Table(
    "controls_found",
    (
        Column("controls", "integer", "controls found for a case"),
        Column("events", "integer", "cases with as many", counts="events"),
    ),
    key=("controls",),
)
