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
    may_be_empty=True,  # gates that are closed release none
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
        Column(
            "concordance",
            "number",
            "Harrell's, share of pairs",
            nullable=True,
            from_counts=_FROM,
        ),
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
        Column("observed", "number", "in those treated", nullable=True, from_counts=_FROM),
        Column("estimate", "number", "of which attributable", nullable=True, from_counts=_FROM),
        Column("ci_low", "number", "lower 95 % limit", nullable=True, from_counts=_FROM),
        Column("ci_high", "number", "upper 95 % limit", nullable=True, from_counts=_FROM),
        Column("persons", "integer", "persons treated", counts="persons"),
        Column("events", "integer", "outcomes in the treated", nullable=True, counts="events"),
        Column("method", "text", "how it was estimated"),
    ),
)

_STAYS = ("stays", "events")

ADMISSIONS = Table(
    "admissions",
    (
        Column("indicator", "text", "what the rows part the stays by"),
        Column("population", "text", "region or set of regions"),
        Column("stratum", "text", "level of certainty, moment or drug class; all: every stay"),
        Column("events", "integer", "drug-related stays", counts="stays"),
        Column("persons", "integer", "persons who had them", nullable=True, counts="persons"),
        Column("deaths", "integer", "stays ended by death", counts="stays"),
        Column("nights", "number", "mean length", unit="nights", from_counts=("events",)),
        Column("cost", "number", "mean amount of a stay", unit="euros", from_counts=("events",)),
    ),
    key=("indicator", "population", "stratum"),
)

ADMISSION_SITES = Table(
    "admission_sites",
    (
        Column("establishment", "text", "FINESS of the establishment"),
        Column("population", "text", "region of the establishment"),
        Column("stays", "integer", "stays of the period", counts="stays"),
        Column("events", "integer", "drug-related stays", counts="stays"),
        Column("estimate", "number", "share, 0 to 1", nullable=True, from_counts=_STAYS),
        Column("ci_low", "number", "lower 95 % limit, 0 to 1", nullable=True, from_counts=_STAYS),
        Column("ci_high", "number", "upper 95 % limit, 0 to 1", nullable=True, from_counts=_STAYS),
    ),
    key=("establishment",),
)

CODED_BLEEDINGS = Table(
    "coded_bleedings",
    (
        Column("population", "text", "region or set of regions"),
        Column("stays", "integer", "bleedings under an antithrombotic", counts="stays"),
        Column("events", "integer", "of which coded as its effect", counts="stays"),
        Column("estimate", "number", "share coded, 0 to 1", nullable=True, from_counts=_STAYS),
        Column("ci_low", "number", "lower 95 % limit, 0 to 1", nullable=True, from_counts=_STAYS),
        Column("ci_high", "number", "upper 95 % limit, 0 to 1", nullable=True, from_counts=_STAYS),
    ),
    key=("population",),
)

ADMISSION_COVERAGE = Table(
    "admission_coverage",
    (
        Column("population", "text", "region or set of regions"),
        Column("stays", "integer", "stays tied to a person", counts="stays"),
        Column("unlinked", "integer", "stays tied to nobody", nullable=True, counts="stays"),
        Column(
            "share",
            "number",
            "unlinked over all, 0 to 1",
            nullable=True,
            from_counts=("stays", "unlinked"),
        ),
    ),
    key=("population",),
)
