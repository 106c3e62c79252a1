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
