"""Tables of what an unseen bias would have to be, or would do."""

from __future__ import annotations

from studylib.tables import ESTIMATES, Column, Table

_FROM = ("persons", "events")
_IDENTITY = (
    Column("analysis", "text", "primary, or the name of a sensitivity analysis"),
    Column("population", "text", "region or set of regions"),
    Column("comparison", "text", "arm against reference"),
    Column("outcome", "text", "the event studied"),
    Column("measure", "text", "the ratio"),
)
_ESTIMATE = tuple(
    Column(name, "number", meaning, nullable=True, from_counts=_FROM)
    for name, meaning in (
        ("estimate", "point estimate"),
        ("ci_low", "lower 95 % limit"),
        ("ci_high", "upper 95 % limit"),
    )
)
_COUNTS = (
    Column("persons", "integer", "persons analysed", counts="persons"),
    Column("events", "integer", "outcomes counted", nullable=True, counts="events"),
    Column("method", "text", "estimator and its choices"),
)

E_VALUES = Table(
    "e_values",
    (
        *_IDENTITY,
        *_ESTIMATE,
        Column("e_value", "number", "E-value of the estimate", nullable=True, from_counts=_FROM),
        Column(
            "e_value_limit",
            "number",
            "E-value of the limit nearest 1",
            nullable=True,
            from_counts=_FROM,
        ),
        *_COUNTS,
    ),
)

CONFOUNDER = Table(
    "confounder",
    (
        *_IDENTITY,
        Column("prevalence_arm", "number", "share of the arm with the confounder, 0 to 1"),
        Column("prevalence_reference", "number", "share of the reference with it, 0 to 1"),
        Column("confounder_ratio", "number", "its ratio with the outcome"),
        Column("bias_factor", "number", "ratio of what is seen to what is true"),
        *_ESTIMATE,
        *_COUNTS,
    ),
)

MISCLASSIFICATION = Table(
    "misclassification",
    (
        *_IDENTITY,
        Column("sensitivity_arm", "number", "share of true outcomes seen in the arm, 0 to 1"),
        Column("sensitivity_reference", "number", "the same in the reference, 0 to 1"),
        Column(
            "specificity_arm", "number", "share of the others seen as such, 0 to 1", nullable=True
        ),
        Column(
            "specificity_reference", "number", "the same in the reference, 0 to 1", nullable=True
        ),
        Column(
            "predictive_value",
            "number",
            "share of recorded outcomes that are true, both arms, 0 to 1",
            nullable=True,
            from_counts=_FROM,
        ),
        *_ESTIMATE,
        *_COUNTS,
    ),
)

TIPPING = Table(
    "tipping",
    (
        *_IDENTITY,
        Column("prevalence_arm", "number", "share of the arm with the confounder, 0 to 1"),
        Column("prevalence_reference", "number", "share of the reference with it, 0 to 1"),
        Column(
            "tipping_estimate",
            "number",
            "ratio of the confounder with the outcome that brings the estimate to 1",
            nullable=True,
            from_counts=_FROM,
        ),
        Column(
            "tipping_limit",
            "number",
            "ratio that brings the limit nearest 1 to it",
            nullable=True,
            from_counts=_FROM,
        ),
        *_COUNTS,
    ),
)

POSITIVE_CONTROLS = Table(
    "positive_controls",
    (
        *ESTIMATES.columns,
        Column("truth", "number", "the ratio injected"),
    ),
)

KNOWN_RATIOS = Table(
    "known_ratios",
    (
        Column("comparison", "text", "arm against reference"),
        Column("truth", "number", "what was injected, 1 for negative controls"),
        Column("controls", "integer", "controls with an estimate"),
        Column("mean_estimate", "number", "their mean ratio, on the log scale", nullable=True),
        Column("coverage", "number", "share whose interval holds it, 0 to 1", nullable=True),
    ),
)
